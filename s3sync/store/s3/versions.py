"""The versions of a bucket's objects, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from s3sync.store.aspects import Version
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.headers import size_of, strip
from s3sync.store.lanes.rounds import EndlessListingGuard
from s3sync.store.port import ObjectHead, Reader, Silence
from s3sync.store.s3.bucket import S3Bucket
from s3sync.store.s3.full import FullReader
from s3sync.store.s3.reading import head_of
from s3sync.store.s3.requests import Requests

MOST_PAGES = 10_000


class S3Versions:
    """`aspects.Versions` of a bucket."""

    def __init__(self, io: Requests) -> None:
        self._io = io

    def keeps_versions(self) -> bool:
        found = S3Bucket(self._io).versioning()
        return isinstance(found, Silence) or found in ("Enabled", "Suspended")

    def list_versions(self, prefix: str, *, alone: bool = False) -> Iterator[Version]:
        name = self._io.root + prefix
        for page in self._pages(name):
            found = list(_versions(page))
            for one in found:
                if one.key == name if alone else one.key.startswith(name):
                    yield replace(one, key=one.key[len(self._io.root) :])
            if alone and any(one.key > name for one in found):
                return  # keys come in order, and the shortest is the first

    def _pages(self, name: str) -> Iterator[dict[str, Any]]:
        """Every page. A listing that does not end is an error."""
        marks: dict[str, str] = {}
        rounds = EndlessListingGuard(may_be_empty=False)
        for _ in range(MOST_PAGES):
            page = self._io.ask("list the versions below", name, "list_object_versions", Prefix=name, **marks)
            yield page
            if not page.get("IsTruncated"):
                return
            try:
                rounds.page(f"{found.key} {found.version_id}" for found in _versions(page))
            except RequestFailed as error:
                raise self._io.error(error.failure, "list the versions below", name) from None
            named = ("KeyMarker", "VersionIdMarker")
            following = {mark: page[f"Next{mark}"] for mark in named if page.get(f"Next{mark}")}
            if not following or following == marks:
                break
            marks = following
        raise self._io.error(Failure("endless"), "list the versions below", name)

    def head_version(self, key: str, version_id: str) -> ObjectHead:
        name = self._io.key(key)
        answer = self._io.on_full("read a version of", name, lambda: self._io.full.head(name, VersionId=version_id))
        return head_of(key, answer)

    def get_version(self, key: str, version_id: str) -> Reader:
        name = self._io.key(key)
        answer = self._io.on_full(
            "read a version of", name, lambda: self._io.full.get(name, 0, None, None, VersionId=version_id)
        )
        return FullReader(key, answer, lambda failure: self._io.error(failure, "read a version of", name))

    def delete_version(self, key: str, version_id: str) -> None:
        name = self._io.key(key)
        self._io.ask("delete a version of", name, "delete_object", Key=name, VersionId=version_id)


def _versions(page: dict[str, Any]) -> Iterator[Version]:
    for kind in ("Versions", "DeleteMarkers"):
        for item in page.get(kind, ()):
            yield Version(
                item["Key"],
                item["VersionId"],
                size_of(item.get("Size", 0)),
                strip(item.get("ETag", "")),
                item["LastModified"],
                item["IsLatest"],
                kind == "DeleteMarkers",
                item.get("StorageClass"),
            )
