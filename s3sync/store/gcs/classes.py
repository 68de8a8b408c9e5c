"""Storage classes of a bucket's objects. All are read at once: there is nothing to thaw.

Source: https://cloud.google.com/storage/docs/storage-classes
"""

from __future__ import annotations

from s3sync.errors import PreconditionFailed, Unsupported
from s3sync.store.gcs.requests import Requests
from s3sync.store.gcs.resources import generation_of, metadata_of, token_of
from s3sync.store.gcs.rewriting import rewrite

CLASSES = ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE")


class GcsClasses:
    """`aspects.StorageClasses` of a bucket."""

    of_any_size = True

    def __init__(self, io: Requests) -> None:
        self._io = io

    def change_class(self, key: str, storage_class: str, *, etag: str) -> str:
        name = self._io.key(key)
        if storage_class not in CLASSES:
            raise Unsupported(
                f"{self._io.url} has no storage class {storage_class!r}",
                why="that is another vendor's",
                hint=f"choose one of {', '.join(CLASSES)}",
            )
        there = self._io.resource(name)
        if token_of(there) != etag:
            raise PreconditionFailed(f"gs://{self._io.address.bucket}/{name} is not the version that was expected")
        kept = {"metadata": metadata_of(there), "contentType": there.get("contentType") or "application/octet-stream"}
        condition = {"ifGenerationMatch": generation_of(there)}
        made = rewrite(
            self._io, f"move to {storage_class}", there, name, {**kept, "storageClass": storage_class}, condition
        )
        return self._io.read("move", name, lambda: token_of(made))
