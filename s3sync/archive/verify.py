"""Proof that an archive is in the store, whole: by what the store says of it, or by reading every byte."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum

from msgspec.structs import replace

from s3sync.archive.carrier import Carrier
from s3sync.archive.codecs import DAMAGED
from s3sync.archive.copies import ByContent
from s3sync.archive.indexes import read_index, read_rows
from s3sync.archive.reading import batches, contents
from s3sync.archive.sealing import require_key, whole_checksums
from s3sync.core.archive.values import ForeignIndex, Index, Member, Pack
from s3sync.core.archive.volumes import archives_of, is_whole, with_etags
from s3sync.core.typed import typed
from s3sync.errors import ArchiveError, NotFound
from s3sync.transfer.progress import Work


class Proof(StrEnum):
    """Strength of a verification."""

    LISTED = "listed"
    """Size and ETag are those of the index."""
    CHECKSUM = "checksum"
    """The store's checksum of the whole object, too."""
    READ = "read"
    """Every member was read, and has its SHA-256."""


class Replaced(ArchiveError):
    """An object has another ETag than its index says: somebody copied it since, or put something else there."""


def verify_archive(carrier: Carrier, index: Index, *, deep: bool = False, copies: bool = False) -> Proof:
    """Compare an archive in the store with its index. Raises `ArchiveError` for one that is not whole, `Archived`.

    `copies`: an object with another ETag is as good if the store's checksum of it is that of what was sent, or if it is
    one file and `deep` reads it; else `Replaced`. That tells copies from damage, and not from forgeries.
    """
    require_key(carrier.store, index)
    if not is_whole(index):
        raise incomplete(index)
    archives = archives_of(index)
    is_read = deep and not isinstance(index, ForeignIndex)
    how = (_READ if is_read else _COPY) if copies else _SAME
    single = _ANY if how == _READ else how
    if index.pack is Pack.NONE:
        own = (one for one in index.members if one.key is not None)
        proof = _weakest([_whole_object(carrier, index, one.key or "", one.size, one.etag, single) for one in own])
    else:
        proof = _weakest([_whole_object(carrier, index, a.key, a.size, a.etag, how, a.crc64nvme) for a in archives])
    for sidecar in index.sidecars:
        _whole_object(carrier, index, sidecar.key or "", sidecar.size, sidecar.etag, single)
    if not is_read:
        return Proof.LISTED if isinstance(index, ForeignIndex) else proof
    if copies:
        carrier = replace(carrier, store=ByContent(carrier.store, index))
    there = {member.key for member in index.members}
    apart = tuple(one for one in index.sidecars if one.key not in there)
    alone = replace(archives[0], pack=Pack.NONE)
    work = [(one, batch) for one in archives for batch in batches(one, one.members)]
    work += [(alone, batch) for batch in batches(alone, apart)]
    for _, result in list(carrier.pool.map(lambda one: _read(carrier, *one), work)):
        result.result()
    return Proof.READ


def verify_again(
    carrier: Carrier,
    index: Index,
    *,
    deep: bool = False,
    rows: Mapping[str, Index] | None = None,
    etags: Mapping[str, str] | None = None,
) -> Proof:
    """Second pass over what was just sent: the index is read back, too, and must be the one that was written.

    `rows` were read since then; None: read them now. `etags`: the objects need not be those that were sent. They are
    read with `deep`, else they have these ETags, and what has them is known.
    """
    try:
        if index.pack is Pack.NONE:
            found = (read_rows(carrier.store, index.set) if rows is None else rows).get(index.key)
        else:
            found = read_index(carrier.store, index.key)
    except NotFound:
        found = None
    if found != index:
        raise ArchiveError(
            f"the index of {index.unit} in {carrier.store.url} is not the one that was written",
            why="another computer may have sent the same unit",
            hint="look at it with `s3sync archive show`; nothing was deleted here",
        )
    return verify_archive(carrier, with_etags(index, etags or {}), deep=deep, copies=deep and etags is not None)


def incomplete(index: Index) -> ArchiveError:
    """Error for a split unit whose volumes are not all there."""
    return ArchiveError(
        f"the archive of {index.unit} is not complete",
        why=f"{index.volume} of {index.volumes} volumes are sent: a run was interrupted",
        hint="run `s3sync archive run` again on the computer that has its files: it sends the rest",
    )


def _weakest(proofs: list[Proof]) -> Proof:
    return Proof.CHECKSUM if proofs and all(proof is Proof.CHECKSUM for proof in proofs) else Proof.LISTED


_SAME, _COPY, _READ, _ANY = "same", "copy", "read", "any"
"""Meaning of another ETag: a fault; none, if the checksum is right; the same, of a container that is read; or nothing,
as the object is one file that is read anyway."""


def _whole_object(
    carrier: Carrier, index: Index, key: str, size: int, etag: str | None, how: str, checksum: str | None = None
) -> Proof:
    where = f"{carrier.store.url}/{key}"
    try:
        info = carrier.store.head(key).info
    except NotFound as error:
        raise ArchiveError(f"{where} is gone", why="only its index is left", hint=DAMAGED) from error
    if info.size != size:
        raise ArchiveError(f"{where} is not whole", why=f"it has {info.size} bytes instead of {size}", hint=DAMAGED)
    is_other = how != _ANY and etag is not None and info.etag != etag
    if is_other and how == _SAME:
        raise _replaced(where, index)
    whole = whole_checksums(carrier.store)
    told = whole.checksum_of(key) if whole is not None and checksum is not None else None
    if told is not None and told != checksum:
        raise ArchiveError(f"{where} was altered", why="the store's checksum is another one", hint=DAMAGED)
    if is_other and told is None:
        raise _replaced(where, index, is_read=how == _READ)
    return Proof.CHECKSUM if told is not None else Proof.LISTED


def _replaced(where: str, index: Index, *, is_read: bool = False) -> Replaced:
    unit = typed(index.unit)
    reads = f"`s3sync archive verify {unit} --deep` reads it, and tells whether it is what was sent"
    if is_read:
        reads = f"`s3sync restore {unit} --to FOLDER` reads it, and gives no file a name that is not what was sent"
    return Replaced(
        f"{where} is not the archive of its index",
        why="it has another ETag: somebody copied or replaced it",
        hint=DAMAGED if isinstance(index, ForeignIndex) else reads,
    )


def _read(carrier: Carrier, index: Index, batch: list[Member]) -> None:
    """Read files of an archive. Raises `ArchiveError` for the first that is not what was sent."""
    for member, pieces in contents(carrier, index, batch):
        digest = hashlib.sha256()
        for piece in pieces:
            carrier.pool.check()
            digest.update(piece)
            carrier.progress.advance(Work.DOWNLOAD, index.unit, len(piece))
        if digest.hexdigest() != member.sha256:
            raise altered(carrier, index, member)


def altered(carrier: Carrier, index: Index, member: Member) -> ArchiveError:
    """Error for a file that is not what was sent."""
    return ArchiveError(
        f"{member.path} in {carrier.store.url}/{index.key} is not what was sent",
        why="its SHA-256 is another one",
        hint=DAMAGED,
    )
