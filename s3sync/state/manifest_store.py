"""metadata.json in the store: read, and written only by compare-and-swap."""

from __future__ import annotations

import random
import time
import uuid
from hashlib import md5

from msgspec import Struct

from s3sync.core.edits import Edits, apply
from s3sync.core.manifest import MAX_BYTES, FileRecord, Manifest, broken, parse, render, too_large
from s3sync.core.names import MANIFEST
from s3sync.errors import LostRace, ManifestError, NotFound, PreconditionFailed
from s3sync.state.table import Table
from s3sync.store.port import Create, Headers, Store, Update

TRIES = 50
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
        manifest = parse(data, Table(FileRecord))
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
        body = render(manifest)
        reason = too_large(body)
        if reason:
            raise ManifestError(
                "metadata.json would become more than anybody can read",
                why=reason,
                hint="the files themselves are uploaded; divide the project into several",
            )
        mode = Create() if known.etag is None else Update(known.etag)
        try:
            etag = store.put(prefix + MANIFEST, body, mode=mode, headers=HEADERS, md5=md5(body).digest())
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
