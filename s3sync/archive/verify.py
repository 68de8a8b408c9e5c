"""Proof that an archive is in the store, whole: by what the store says of it, or by reading every byte."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum

from msgspec.structs import replace

from s3sync.archive.carrier import Carrier
from s3sync.archive.codecs import DAMAGED
from s3sync.archive.indexes import read_index, read_rows
from s3sync.archive.reading import batches, contents
from s3sync.core.archive.values import ForeignIndex, Index, Member, Pack
from s3sync.core.archive.volumes import archives_of, is_whole
from s3sync.errors import ArchiveError, NotFound
from s3sync.store.aspects import WholeChecksums, aspect
from s3sync.transfer.progress import Work


class Proof(StrEnum):
    """Strength of a verification."""

    LISTED = "listed"
    """Size and ETag are those of the index."""
    CHECKSUM = "checksum"
    """The store's checksum of the whole object, too."""
    READ = "read"
    """Every member was read, and has its SHA-256."""


def verify_archive(carrier: Carrier, index: Index, *, deep: bool = False) -> Proof:
    """Compare an archive in the store with its index. Raises `ArchiveError` for one that is not whole, `Archived`."""
    if not is_whole(index):
        raise incomplete(index)
    archives = archives_of(index)
    if index.pack is Pack.NONE:
        proof = _weakest([_whole_object(carrier, m, m.key, m.size, m.etag) for m in index.members if m.key is not None])
    else:
        proof = _weakest([_whole_object(carrier, one, one.key, one.size, one.etag, one.crc64nvme) for one in archives])
    for sidecar in index.sidecars:
        _whole_object(carrier, sidecar, sidecar.key or "", sidecar.size, sidecar.etag)
    if isinstance(index, ForeignIndex):
        return Proof.LISTED
    if not deep:
        return proof
    there = {member.key for member in index.members}
    apart = tuple(one for one in index.sidecars if one.key not in there)
    alone = replace(archives[0], pack=Pack.NONE)
    work = [(one, batch) for one in archives for batch in batches(one, one.members)]
    work += [(alone, batch) for batch in batches(alone, apart)]
    for _, result in list(carrier.pool.map(lambda one: _read(carrier, *one), work)):
        result.result()
    return Proof.READ


def verify_again(
    carrier: Carrier, index: Index, *, deep: bool = False, rows: Mapping[str, Index] | None = None
) -> Proof:
    """Second pass over what was just sent: the index is read back, too, and must be the one that was written.

    `rows` were read since then; None: read them now.
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
    return verify_archive(carrier, index, deep=deep)


def incomplete(index: Index) -> ArchiveError:
    """Error for a split unit whose volumes are not all there."""
    return ArchiveError(
        f"the archive of {index.unit} is not complete",
        why=f"{index.volume} of {index.volumes} volumes are sent: a run was interrupted",
        hint="run `s3sync archive run` again on the computer that has its files: it sends the rest",
    )


def _weakest(proofs: list[Proof]) -> Proof:
    return Proof.CHECKSUM if proofs and all(proof is Proof.CHECKSUM for proof in proofs) else Proof.LISTED


def _whole_object(
    carrier: Carrier, what: Index | Member, key: str, size: int, etag: str | None, checksum: str | None = None
) -> Proof:
    where = f"{carrier.store.url}/{key}"
    try:
        info = carrier.store.head(key).info
    except NotFound as error:
        raise ArchiveError(f"{where} is gone", why="only its index is left", hint=DAMAGED) from error
    if info.size != size:
        raise ArchiveError(f"{where} is not whole", why=f"it has {info.size} bytes instead of {size}", hint=DAMAGED)
    if etag is not None and info.etag != etag:
        raise ArchiveError(f"{where} is not the archive of its index", why="it has another ETag", hint=DAMAGED)
    whole = aspect(carrier.store, WholeChecksums)
    told = whole.checksum_of(key) if whole is not None and checksum is not None else None
    if told is not None and told != checksum:
        raise ArchiveError(f"{where} was altered", why="the store's checksum is another one", hint=DAMAGED)
    return Proof.CHECKSUM if told is not None else Proof.LISTED


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
