"""metadata.json in the store: read, and written only by compare-and-swap.

Where a store has none, each user has a manifest of his own instead (`own_manifests.py`): what is read here is then the
merged one.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from hashlib import md5
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from s3sync.core.manifest.edits import Edits, apply, deleted_since, doubtful
from s3sync.core.manifest.parse import broken, parse, parse_in_pieces, too_much
from s3sync.core.manifest.record import FileRecord, Manifest, render
from s3sync.core.names import MANIFEST
from s3sync.core.sealed import MAGIC
from s3sync.disk.errors import local_errors
from s3sync.errors import LostRace, ManifestError, NotFound, PreconditionFailed, Unchanged
from s3sync.shared.manifest_text import ManifestText, encrypted
from s3sync.shared.whose import place, refuse_foreign
from s3sync.spill.table import SpilledDict
from s3sync.store.aspects import aspect
from s3sync.store.port import Create, Headers, Reader, Store, Update
from s3sync.store.seals import Seals

if TYPE_CHECKING:
    from s3sync.shared.own_manifests import Own

TRIES = 50
HEADERS = Headers(content_type="application/json")


class StoredManifest(Struct, frozen=True):
    """A manifest and the ETag it had; `etag` None when there is none in the store yet."""

    manifest: Manifest
    etag: str | None
    others: Mapping[str, list[FileRecord]] = {}
    """Records that lost against another user's when manifests were merged, by name."""
    ahead: Mapping[str, str] = {}
    """By key: the time in the future that a user's manifest speaks of."""
    revisions: Mapping[str, int] = {}
    """By key: the revision of each user's manifest."""


class Seen(Protocol):
    """A text that this computer has."""

    @property
    def etag(self) -> str: ...
    def pieces(self) -> Iterable[bytes]:
        """All of it. Raises `OSError`."""


class Kept(Protocol):
    """The text that this computer saw last. Neither method raises: it only saves time."""

    def open(self) -> AbstractContextManager[Seen | None]:
        """The text, if it is there."""

    def keep(self, etag: str, pieces: Iterable[bytes]) -> None:
        """Keep a newer one."""


def read_manifest(store: Store, prefix: str, *, unless: str | None = None, kept: Kept | None = None) -> StoredManifest:
    """Read `<prefix>metadata.json`; an absent one is an empty manifest. One that is `kept` here does not travel again.

    Raises `Unchanged` where it still has the ETag `unless`; `ManifestError`, also for that of another project;
    `StoreError`, and `DiskFull` or `LocalError` where a temporary file cannot be written.
    """
    if not store.capabilities.conditional_writes:
        return _read_merged(store, prefix, unless)
    repo, project = place(prefix)
    try:
        with ManifestText() as text:
            etag, is_new = _fetch(store, prefix + MANIFEST, text, unless, kept)
            manifest = parse_pieces(text.pieces, text.objects)
            if kept is not None and is_new:
                kept.keep(etag, text.pieces())
    except NotFound:
        return StoredManifest(Manifest(project, repo, files=SpilledDict(FileRecord)), None)
    records = ((record.name, record.size_bytes) for record in manifest.files.values())
    refuse_foreign(store, prefix, (manifest.repo, manifest.project_id), len(manifest.files), records)
    manifest.project_id, manifest.repo = project, repo
    return StoredManifest(manifest, etag)


def _read_merged(store: Store, prefix: str, unless: str | None) -> StoredManifest:
    from s3sync.shared.own_manifests import read_all

    found = read_all(store, prefix)
    if unless is not None and found.etag == unless:
        raise Unchanged("the manifests are still those that are known")
    return StoredManifest(found.manifest, found.etag, _outdone(store, found), found.ahead, found.revisions)


def _outdone(store: Store, found: Own) -> Mapping[str, list[FileRecord]]:
    """Records that may explain an object though others outdid them. Of an encrypted project none does: somebody may
    have put back both."""
    return {} if aspect(store, Seals) is not None else found.others


def _fetch(store: Store, key: str, text: ManifestText, unless: str | None, kept: Kept | None) -> tuple[str, bool]:
    """Fill the text. Returns its ETag, and whether it came from the store."""
    if kept is None:
        with store.get(key, if_none_match=unless) as reader:
            _receive(reader, text)
        return reader.info.etag, True
    with kept.open() as seen:
        try:
            with store.get(key, if_none_match=None if seen is None else seen.etag) as reader:
                _receive(reader, text)
            return reader.info.etag, True
        except Unchanged:
            if seen is None:
                raise
        with local_errors("cannot read", MANIFEST):
            for piece in seen.pieces():
                text.write(piece)
                _refuse(text.too_much())
        return seen.etag, False


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
        if not len(text) and bytes(chunk[: len(MAGIC)]) == MAGIC:
            raise encrypted(reader.info.key)
        text.write(chunk)
        _refuse(text.too_much())


def _refuse(reason: str | None) -> None:
    if reason:
        raise broken(reason)


def write_edits(
    store: Store,
    prefix: str,
    known: StoredManifest,
    edits: Edits,
    seen: Manifest | None = None,
    kept: Kept | None = None,
) -> StoredManifest:
    """Put the edits into metadata.json, over whatever others wrote since `seen`, which they were made from.

    `known` is the newest that this run has read or written; without `seen` it is that one. What somebody recorded
    between the two may be about an object that this run put there before it read of it.

    Each attempt carries a new write id. A refused attempt may have been our own success whose answer was lost: then
    the manifest read back carries our id, and that is success. Raises `LostRace` when others win all the time.
    """
    seen = known.manifest if seen is None else seen
    if not store.capabilities.conditional_writes:
        return _write_own(store, prefix, edits, seen)
    for attempt in range(TRIES):
        write_id = uuid.uuid4().hex
        manifest = _edited(store, prefix, known.manifest, edits, seen, write_id)
        mode = Create() if known.etag is None else Update(known.etag)
        try:
            with ManifestText() as text:
                digest = _write(manifest, text)
                written = store.put(prefix + MANIFEST, text.body(), mode=mode, headers=HEADERS, md5=digest)
                if kept is not None:
                    kept.keep(written.etag, text.pieces())
            return StoredManifest(manifest, written.etag)
        except PreconditionFailed:
            known = read_manifest(store, prefix)
            if known.manifest.write_id == write_id:
                return known
            _pause(attempt)
    raise _lost()


def _edited(store: Store, prefix: str, known: Manifest, edits: Edits, seen: Manifest, write_id: str) -> Manifest:
    there = {name for name in doubtful(known, edits, seen) if _is_there(store, prefix + name)}
    deleted = deleted_since(known, edits, seen)
    gone = {name for name in deleted if not _is_there(store, prefix + name)}
    looked = None if known is seen else seen.files
    return apply(known, edits, write_id, there, seen.deleted, gone, looked)


def _write_own(store: Store, prefix: str, edits: Edits, seen: Manifest) -> StoredManifest:
    """Put the edits into this user's own manifest. Only his other computers can be in the way of that."""
    from s3sync.shared.own_manifests import read_all, write

    for attempt in range(TRIES):
        known = read_all(store, prefix)
        manifest = _edited(store, prefix, known.manifest, edits, seen, uuid.uuid4().hex)
        try:
            return StoredManifest(
                manifest, write(store, prefix, known, manifest, edits.at, edits.by), _outdone(store, known)
            )
        except PreconditionFailed:
            _pause(attempt)
    raise _lost()


def _pause(attempt: int) -> None:
    time.sleep(random.uniform(0, min(1.0, 0.01 * 2**attempt)))


def _lost() -> LostRace:
    return LostRace(
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
