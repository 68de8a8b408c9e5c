"""metadata.json in the store: read, and written only by compare-and-swap."""

from __future__ import annotations

import os
import random
import tempfile
import time
import uuid
from hashlib import md5
from typing import Self

from msgspec import Struct

from s3sync.core.edits import Edits, apply
from s3sync.core.manifest import MAX_BYTES, FileRecord, Manifest, broken, parse, render, too_much, values_in
from s3sync.core.names import MANIFEST
from s3sync.errors import LostRace, ManifestError, NotFound, PreconditionFailed
from s3sync.local.errors import local_errors
from s3sync.state.table import Table
from s3sync.store.port import Body, Create, Headers, Store, Update

TRIES = 50
IN_MEMORY = 1024 * 1024
HEADERS = Headers(content_type="application/json")


class StoredManifest(Struct, frozen=True):
    """A manifest and the ETag it had; `etag` None when there is none in the store yet."""

    manifest: Manifest
    etag: str | None


def read_manifest(store: Store, prefix: str) -> StoredManifest:
    """Read `<prefix>metadata.json`; an absent one is an empty manifest. Raises `ManifestError`, `StoreError`."""
    repo, project = prefix.rstrip("/").rsplit("/", 1)
    try:
        with store.get(prefix + MANIFEST) as reader:
            if reader.info.size > MAX_BYTES:
                raise broken(f"it is larger than {MAX_BYTES} bytes")
            data = bytearray()
            for chunk in reader:
                data += chunk
        manifest = parse(data, lambda count: Table(FileRecord, count))
    except NotFound:
        return StoredManifest(Manifest(project, repo, files=Table(FileRecord)), None)
    manifest.project_id = manifest.project_id or project
    manifest.repo = manifest.repo or repo
    return StoredManifest(manifest, reader.info.etag)


def write_edits(store: Store, prefix: str, known: StoredManifest, edits: Edits) -> StoredManifest:
    """Put the edits into metadata.json, over whatever others wrote meanwhile.

    Each attempt carries a new write id. A refused attempt may have been our own success whose answer was lost: then
    the manifest read back carries our id, and that is success. Raises `LostRace` when others win all the time.
    """
    for attempt in range(TRIES):
        write_id = uuid.uuid4().hex
        manifest = apply(known.manifest, edits, write_id)
        mode = Create() if known.etag is None else Update(known.etag)
        try:
            with _Text(manifest) as text:
                etag = store.put(prefix + MANIFEST, text.body(), mode=mode, headers=HEADERS, md5=text.md5)
            return StoredManifest(manifest, etag)
        except PreconditionFailed:
            known = read_manifest(store, prefix)
            if known.manifest.write_id == write_id:
                return known
            time.sleep(random.uniform(0, min(1.0, 0.01 * 2**attempt)))
    raise LostRace(
        "metadata.json could not be written",
        why=f"other writers were faster {TRIES} times",
        hint="the files themselves are uploaded; run the command again to record them",
    )


class _Text:
    """A manifest as it is sent. A long one is kept in a temporary file: it can be a third of a run's memory."""

    def __init__(self, manifest: Manifest) -> None:
        """Raises `ManifestError` for what is more than anybody would read, `DiskFull`, `LocalError`."""
        self._size = values = 0
        digest = md5(usedforsecurity=False)
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by `__exit__`
        with local_errors("cannot write a temporary file in", tempfile.gettempdir()):
            for piece in render(manifest):
                self._file.write(piece)
                digest.update(piece)
                self._size += len(piece)
                values += values_in(piece)
            self._file.seek(0)
        self.md5 = digest.digest()
        reason = too_much(self._size, values)
        if reason:
            self._file.close()
            raise ManifestError(
                "metadata.json would become more than anybody can read",
                why=reason,
                hint="the files themselves are uploaded; divide the project into several",
            )

    def body(self) -> Body | bytes:
        """A short one as bytes, which have a lane of their own."""
        return self._file.read() if self._size <= IN_MEMORY else self

    def __len__(self) -> int:
        return self._size

    def read(self, size: int | None = None) -> bytes:
        return self._file.read(-1 if size is None else size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
