"""metadata.json in the store: read, and written only by compare-and-swap."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterable
from hashlib import md5

from msgspec import Struct

from s3sync.core.manifest.edits import Edits, apply, deleted_since, doubtful
from s3sync.core.manifest.parse import broken, parse, parse_in_pieces, too_much
from s3sync.core.manifest.record import FileRecord, Manifest, render
from s3sync.core.names import MANIFEST
from s3sync.errors import LostRace, ManifestError, NotFound, PreconditionFailed
from s3sync.shared.manifest_text import ManifestText
from s3sync.spill.table import SpilledDict
from s3sync.store.port import Create, Headers, Reader, Store, Update

TRIES = 50
HEADERS = Headers(content_type="application/json")


class StoredManifest(Struct, frozen=True):
    """A manifest and the ETag it had; `etag` None when there is none in the store yet."""

    manifest: Manifest
    etag: str | None


def read_manifest(store: Store, prefix: str, *, unless: str | None = None) -> StoredManifest:
    """Read `<prefix>metadata.json`; an absent one is an empty manifest.

    Raises `Unchanged` where it still has the ETag `unless`; `ManifestError`, `StoreError`, and `DiskFull` or
    `LocalError` where a temporary file cannot be written.
    """
    repo, project = prefix.rstrip("/").rsplit("/", 1)
    try:
        with ManifestText() as text:
            with store.get(prefix + MANIFEST, if_none_match=unless) as reader:
                _receive(reader, text)
            manifest = parse_pieces(text.pieces, text.objects)
    except NotFound:
        return StoredManifest(Manifest(project, repo, files=SpilledDict(FileRecord)), None)
    manifest.project_id = manifest.project_id or project
    manifest.repo = manifest.repo or repo
    return StoredManifest(manifest, reader.info.etag)


def parse_pieces(pieces: Callable[[], Iterable[bytes]], expected: int) -> Manifest:
    """Parse the text that the pieces make together. Raises `ManifestError`.

    `pieces` gives them from the beginning, each time that it is called. `expected` is about how many records there are.
    """
    manifest = parse_in_pieces(pieces(), SpilledDict(FileRecord, expected))
    if manifest is not None:
        return manifest
    whole = bytearray()
    for piece in pieces():
        whole += piece
    return parse(whole, SpilledDict(FileRecord, expected))


def _receive(reader: Reader, text: ManifestText) -> None:
    """Raises `ManifestError` for what is too large, before it costs memory or much of the disk."""
    _refuse(too_much(reader.info.size, 0))
    for chunk in reader:
        text.write(chunk)
        _refuse(text.too_much())


def _refuse(reason: str | None) -> None:
    if reason:
        raise broken(reason)


def write_edits(
    store: Store, prefix: str, known: StoredManifest, edits: Edits, seen: Manifest | None = None
) -> StoredManifest:
    """Put the edits into metadata.json, over whatever others wrote since `seen`, which they were made from.

    `known` is the newest that this run has read or written; without `seen` it is that one. What somebody recorded
    between the two may be about an object that this run put there before it read of it.

    Each attempt carries a new write id. A refused attempt may have been our own success whose answer was lost: then
    the manifest read back carries our id, and that is success. Raises `LostRace` when others win all the time.
    """
    seen = known.manifest if seen is None else seen
    for attempt in range(TRIES):
        write_id = uuid.uuid4().hex
        there = {name for name in doubtful(known.manifest, edits, seen) if _is_there(store, prefix + name)}
        deleted = deleted_since(known.manifest, edits, seen)
        gone = {name for name in deleted if not _is_there(store, prefix + name)}
        manifest = apply(known.manifest, edits, write_id, there, seen.deleted, gone)
        mode = Create() if known.etag is None else Update(known.etag)
        try:
            with ManifestText() as text:
                digest = _write(manifest, text)
                written = store.put(prefix + MANIFEST, text.body(), mode=mode, headers=HEADERS, md5=digest)
            return StoredManifest(manifest, written.etag)
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


def _is_there(store: Store, key: str) -> bool:
    """Asked after metadata.json was read: whoever puts the object later also writes metadata.json later."""
    try:
        store.head(key)
    except NotFound:
        return False
    return True


def _write(manifest: Manifest, text: ManifestText) -> bytes:
    """The text's MD5. Raises `ManifestError` for what is more than anybody would read, `DiskFull`, `LocalError`."""
    digest = md5(usedforsecurity=False)
    for piece in render(manifest):
        text.write(piece)
        digest.update(piece)
        reason = text.too_much()
        if reason:
            raise ManifestError(
                "metadata.json would become more than anybody can read",
                why=reason,
                hint="the files themselves are uploaded; divide the project into several",
            )
    return digest.digest()
