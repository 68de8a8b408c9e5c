"""Proof that bytes are elsewhere before a copy of them goes for good: from this disk, or from the store."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import md5
from pathlib import Path

from msgspec.structs import replace

from s3sync.archive import underway
from s3sync.archive.carrier import Carrier
from s3sync.archive.chain import folder_of
from s3sync.archive.foreign import read_headers
from s3sync.archive.looks import Watched, looks_of
from s3sync.archive.reading import object_bytes
from s3sync.archive.removal import Going
from s3sync.archive.remove_local import checksum_here, is_here
from s3sync.archive.same_place import is_mounted_here
from s3sync.archive.sealing import require_opens, whole_checksums
from s3sync.archive.verify import Proof, Replaced, verify_again
from s3sync.archive.volumes import known_archives, merged, portions_of
from s3sync.archive.work import Working
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.values import ArchiveSet, Index, Kind, Member, Pack, Unit
from s3sync.core.archive.volumes import etags_of, with_etags
from s3sync.core.names import nfc
from s3sync.core.quantities import files_text
from s3sync.core.typed import typed
from s3sync.disk.own_links import own_end
from s3sync.disk.tree import folder_below, kept_folders
from s3sync.errors import Archived, ArchiveError, Halt, NotFound, StoreError
from s3sync.store.own_word import tells_content
from s3sync.store.port import Headers, Overwrite, Store


def verify_before_deletion(work: Working, index: Index, *, deep: bool, rows: Mapping[str, Index] | None) -> Proof:
    """Verify an archive before its files leave this disk. One that this computer did not send is read as a whole, once.

    Whoever may write into the store may write an index: it proves nothing of the bytes that it is of. What a folder
    says of a file is a note of the same kind, so what lies in one is always read. Raises `Halt` for an archive that
    would have to be read and is cold, and where the price of reading is not agreed to; `ArchiveError`.
    """
    if work.journal.is_made(index) and tells_content(work.carrier.store):
        try:
            return _proof(work, index, deep, rows, is_own=True)
        except Replaced:  # somebody copied it, or put something else there: what is there now is read
            pass
    return _proof(work, index, deep, rows, is_own=False)


def _proof(work: Working, index: Index, deep: bool, rows: Mapping[str, Index] | None, *, is_own: bool) -> Proof:
    looks = {} if is_own else looks_of(work.carrier, index)
    deep = deep or not (is_own or (bool(looks) and work.journal.was_read(index, looks)))
    known = work.catalogue.archive(index.key) if deep else None
    if known is not None:
        work.agree_to_read(known)
    etags = None if is_own else {key: etag for key, (etag, _) in looks.items()}
    try:
        watched = Watched(work.carrier.store, looks)
        carrier = replace(work.carrier, store=watched)
        proof = verify_again(carrier, index, deep=deep, rows=rows, etags=etags)
        if proof is not Proof.READ:
            require_opens(work.carrier, with_etags(index, etags or {}))
    except Archived as error:
        lacks = "" if is_own else "; this computer has no record that it sent it, so every byte has to be read"
        raise Halt(
            f"did not delete the files of {index.unit}",
            why=f"its archive is in cold storage, and cannot be read back{lacks}",
            hint=f"thaw it (s3sync restore {typed(index.unit)} --to FOLDER), and run this again when it is ready"
            + ("; or leave --deep out" if is_own else "; or delete on the computer that sent it"),
        ) from error
    if watched.is_same and proof is Proof.READ:
        work.journal.note_read(index, looks)
    return proof


def is_own_copy(
    rules: ArchiveSet, store: Store, root: str, members: Iterable[Member], *, dry_run: bool = False
) -> str | None:
    """Path of a file that is its own archive, because the store is the folder in which the unit lies; None elsewhere.

    Whoever deletes one of the two deletes the other. Of a store that is no folder, such as a share that is mounted
    here, and of a folder that is mounted twice, a mark beside a file tells it: whether it is beside the archive, too.
    `dry_run` puts no mark.
    """
    folder = folder_of(rules)
    alone = [one for one in members if one.key is not None]
    if folder is None and dry_run:
        return None
    if folder is None:
        both_ways = scheme_of(rules.store).by_remote  # of a bucket nothing is written for it
        return next((one.path for one in alone[:1] if _shows_mark(store, root, one, both_ways=both_ways)), None)
    for one in alone:
        try:
            if Path(f"{folder}/{one.key}").samefile(f"{root}/{one.path}"):
                return one.path
        except OSError:
            continue
    return next((one.path for one in alone[:1] if not dry_run and is_mounted_here(folder, root, one)), None)


def _shows_mark(store: Store, root: str, member: Member, *, both_ways: bool) -> bool:
    """True if a file that is put beside a member here is beside its object then; or the other way round, as servers
    remember what they have not. It is gone afterwards."""
    above, slash, last = (member.key or "").rpartition("/")
    if nfc(last) != nfc(member.path.rpartition("/")[2]):
        return False
    name = underway.mark_name()
    with suppress(OSError, StoreError):
        folder = folder_below(own_end(root), member.path.split("/")[:-1])
        with suppress(OSError):
            underway.sweep_marks(folder)
        os.close(folder.create(name))
        try:
            store.head(f"{above}{slash}{name}")
            return True
        except NotFound:
            pass
        finally:
            folder.unlink(name, missing_ok=True)
        if both_ways:
            empty = md5(b"", usedforsecurity=False).digest()
            store.put(f"{above}{slash}{name}", b"", mode=Overwrite(), headers=Headers(), md5=empty)
            try:
                return folder.find(name) is not None
            finally:
                store.delete(f"{above}{slash}{name}")
    return False


def refuse_own_copy(work: Working, unit: Unit, index: Index) -> None:
    """Refuse to delete files that are their own archive. Raises `Halt`."""
    path = is_own_copy(work.rules, work.carrier.store, unit.root, (*index.members, *index.sidecars))
    if path is not None:
        raise Halt(
            f"did not delete the files of {unit.id}",
            why=f"the store is the folder that they lie in: {path:.200} is its own copy",
            hint=f"give archives.{work.rules.name} another store",
        )


def copied(
    carrier: Carrier,
    found: Going,
    pack: Pack,
    unit: str,
    root: str,
    is_made: Callable[[Index], bool],
    as_made: Callable[[Index], Index | None] = lambda index: None,
) -> dict[str, str] | None:
    """Objects that go with an archive, each with its ETag, if this disk has every byte of them below `root`; else None.

    The index of an archive that this computer did not send may name fewer files than go, or others. What it names is
    read: of a container its own headers tell what is in it. `as_made` gives the index of what this computer sent with
    the ETags of that time. Raises `StoreError`.
    """
    with kept_folders():
        made = as_made(found.index) if found.index is not None and tells_content(carrier.store) else None
        own = _own_etags(carrier, found, is_made) if made is None else _etags_now(carrier, found, root, made)
        if own is not None:
            members = (*found.index.members, *found.index.sidecars) if found.index is not None else ()
            return own if all(is_here(root, one) for one in members) else None
        seen: dict[str, str] = {}
        try:
            for key, etag, held in _read(carrier, found, pack, unit):
                if not all(is_here(root, one) for one in held):
                    return None
                seen[key] = etag
        except (Archived, ArchiveError, _NotRestorable):
            return None
        return seen


def _own_etags(carrier: Carrier, found: Going, is_made: Callable[[Index], bool]) -> dict[str, str] | None:
    """The ETags that this computer got when it sent what an index is of; None where it has no such record."""
    if found.index is None or not is_made(found.index) or not tells_content(carrier.store):
        return None
    archives = () if found.index.pack is Pack.NONE else known_archives([found.index]).values()
    etags = {one.key: one.etag for one in archives} | {key: one.etag for key, one in found.single.items()}
    if found.etags.keys() != etags.keys():
        return None
    sent = {key: etag for key, etag in etags.items() if etag is not None}
    return sent if len(sent) == len(etags) else None


def _etags_now(carrier: Carrier, found: Going, root: str, made: Index) -> dict[str, str] | None:
    """ETags of what this computer sent, as `made` says. An object with another one is a copy that somebody made since,
    if its size and the store's checksum are those of what was sent; else None.

    Whoever may write there can forge a checksum. He loses what he forged: what it is of is on this disk.
    """
    whole = whole_checksums(carrier.store)
    archives = {} if made.pack is Pack.NONE else known_archives([made])
    sent, seen = etags_of(made), dict[str, str]()
    if found.etags.keys() != archives.keys() | found.single.keys():
        return None
    for key in found.etags:
        try:
            info = carrier.store.head(key).info
        except NotFound:
            continue
        if info.etag != sent.get(key):
            one = archives.get(key) or found.single[key]
            if whole is None:
                return None
            expected = one.crc64nvme if isinstance(one, Index) else checksum_here(root, one, whole.new_checksum())
            if expected is None or info.size != one.size or whole.checksum_of(key) != expected:
                return None
        seen[key] = info.etag
    return seen


class _NotRestorable(Exception):
    """An archive has something that is no file, folder or link."""


def _read(carrier: Carrier, found: Going, pack: Pack, unit: str) -> Iterator[tuple[str, str, Sequence[Member]]]:
    """Each object that goes and is there, with its ETag and what it holds by its own bytes."""
    for key in found.packed:
        try:
            info = carrier.store.head(key).info
        except NotFound:
            continue
        held = read_headers(carrier, key, info.size, info.etag, pack, unit, hashed=True)
        if held.problems:
            raise _NotRestorable
        yield key, info.etag, held.members
    loose = found.index is not None and found.index.pack is Pack.NONE
    links = [one for one in found.index.members if one.key is None] if found.index is not None and loose else []
    for key, member in found.single.items():
        try:
            info = carrier.store.head(key).info
        except NotFound:
            continue
        digest = hashlib.sha256()
        for piece in object_bytes(carrier, key, 0, info.size, info.etag):
            digest.update(piece)
        yield key, info.etag, [replace(member, sha256=digest.hexdigest()), *links]


def refuse_unnamed_loss(
    carrier: Carrier, rules: ArchiveSet, unit: Unit, known: tuple[Index, ...], is_made: Callable[[Index], bool]
) -> None:
    """Refuse to replace an archive that has files which are not on this disk, whatever its index names.

    Of one that this computer sent its index does tell. Of any other the headers are read. Raises `Halt`, `StoreError`.
    """
    if rules.pack is Pack.NONE:
        return  # each object is replaced by the file of its own path
    here = {source.path for source in (*unit.sources, *unit.sidecars)}
    own = {key: one.etag for key, one in known_archives(known).items()} if all(map(is_made, known)) else {}
    for portion in portions_of(rules, unit):
        key = portion.part.key
        try:
            info = carrier.store.head(key).info
        except NotFound:
            continue
        if own.get(key) == info.etag and tells_content(carrier.store):
            continue
        try:
            held = read_headers(carrier, key, info.size, info.etag, rules.pack, unit.id)
        except ArchiveError:
            continue  # it is no archive, or a damaged one: nothing comes back from it
        except Archived as error:
            raise Halt(
                f"did not replace the archive of {unit.id}",
                why="it is in cold storage, and nothing but reading it tells what it has",
                hint=f"thaw it (s3sync restore {typed(unit.id)} --to FOLDER), and run this again when it is ready",
            ) from error
        _refuse_lost(unit, {one.path for one in held.members if one.kind is not Kind.FOLDER} - here)


def refuse_loss(known: tuple[Index, ...], unit: Unit) -> None:
    """Refuse to replace an archive that has files which are not on this disk: it may have the last copies of them."""
    if not known:
        return
    here = {source.path for source in (*unit.sources, *unit.sidecars)}
    archive = merged(known)
    _refuse_lost(
        unit, {one.path for one in (*archive.members, *archive.sidecars) if one.kind is not Kind.FOLDER} - here
    )


def _refuse_lost(unit: Unit, lost: set[str]) -> None:
    if lost:
        raise Halt(
            f"did not replace the archive of {unit.id}",
            why=f"it has {files_text(len(lost))} that this disk has not, such as {min(lost):.200}; it may have the last"
            " copies",
            hint=f"bring them back first: s3sync restore {typed(unit.id)}",
        )
