"""Sets that send on what another set brought to a disk: local -> SSD -> bucket -> cold storage."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec.structs import replace

from s3sync.archive.catalogue.database import Catalogue
from s3sync.archive.catalogue.extras import sidecars_of
from s3sync.archive.disks import disk_below, folder_at
from s3sync.archive.foreign import foreign_index
from s3sync.archive.indexes import add_rows, read_rows
from s3sync.archive.sets import source_base
from s3sync.core.archive.records import Status
from s3sync.core.archive.values import ArchiveSet, Index, Kind, Member, Pack, Unit
from s3sync.errors import BucketMissing, ConfigError, NotFound
from s3sync.store import identity_of
from s3sync.store.port import Store


def folder_of(chosen: ArchiveSet) -> Path | None:
    """Folder that a set's store is; None for one with a server."""
    return folder_at(chosen.store)


def folder_in(chosen: ArchiveSet) -> Path:
    """The same, for a set whose store is known to be a folder."""
    folder = folder_of(chosen)
    assert folder is not None
    return folder


def step_before(chosen: ArchiveSet, sets: Mapping[str, ArchiveSet], root: Path | None) -> ArchiveSet | None:
    """The set whose folder store holds the source of this one; None for the first step, or the only one."""
    try:
        base = Path(os.path.realpath(source_base(chosen, root)[0]))
    except ConfigError:
        return None
    for other in sets.values():
        folder = folder_of(other) if other.name != chosen.name else None
        if folder is not None and base.is_relative_to(folder):
            return other
    return None


def key_before(chosen: ArchiveSet, before: ArchiveSet, unit: str, root: Path | None) -> str:
    """Key that a unit of a set has in the step before: its path below that folder."""
    base = Path(os.path.realpath(source_base(chosen, root)[0]))
    folder = folder_of(before)
    assert folder is not None
    return (base / unit).relative_to(folder).as_posix()


def require_same_disk(store: Store, catalogue: Catalogue, name: str) -> None:
    """Raise `BucketMissing` for a folder store on another disk than the one that the catalogue is of.

    The store's marker has an id, which is remembered when it is seen first. Raises `StoreError` where no marker is.
    """
    known = [str(row[0]) for row in catalogue.execute("SELECT id FROM store")]
    try:
        found = identity_of(store)
    except BucketMissing as error:
        disk = disk_below(Path(unquote(urlsplit(store.url, allow_fragments=False).path)))
        if disk is None:
            raise
        raise BucketMissing(
            f"another disk is at {store.url}, or this one was emptied",
            why=f"a disk is connected at {disk}, and has no marker of the store that archives.{name} was sent to",
            hint="connect the disk that has it. Where this one takes its place, name a new folder on it in"
            f" archives.{name}.store, and in the source of the set that goes on from there: what is on no disk"
            " comes back from the next step (s3sync restore UNIT)",
        ) from error
    if found is None or found in known:
        return
    if known:
        raise BucketMissing(
            f"another disk is at {store.url}",
            why=f"it has the marker of another store than the one that archives.{name} was sent to",
            hint="connect the right disk; if this one takes its place, run"
            f" `s3sync archive catalogue rebuild --anew --set {name}`",
        )
    catalogue.execute("INSERT OR IGNORE INTO store VALUES (?)", found)


def is_empty(folder: Path) -> bool:
    """True for a folder that is not there or has nothing in it, as a mount point without its disk."""
    try:
        return not any(folder.iterdir())
    except OSError:
        return True


def not_connected(chosen: ArchiveSet, base: Path, error: BucketMissing) -> ConfigError:
    """Error for a source on a disk of a store that is not there, or is another one."""
    return away(chosen, base, str(error), error.hint)


def away(chosen: ArchiveSet, base: Path, why: str, hint: str | None = None) -> ConfigError:
    """Error for a source whose disk is not there."""
    return ConfigError(
        f"the source of archives.{chosen.name} is not there: {base}",
        why=why,
        hint=hint or "connect the disk: nothing was taken for empty",
    )


def note_moved_on(store: Store, catalogue: Catalogue, before: ArchiveSet, gone_below: str) -> list[str]:
    """Take what the next step moved on out of the rows of this one; return the ids of the units that it was of.

    What was adopted has no rows: the catalogue alone is told. Files that are left, such as light ones, stay.
    `gone_below`: key below which files were deleted.
    """
    if before.pack is not Pack.NONE:
        return []
    rows = read_rows(store, before.name)
    changed, gone = _after_leaving(store, rows.values(), gone_below)
    if changed or gone:
        add_rows(store, before.name, changed, frozenset(index.key for index in gone))
    for index in changed:
        catalogue.record(index)
    adopted = (
        foreign_index(one, catalogue.members(one.key), sidecars_of(catalogue, one.key))
        for one in catalogue.archives(set=before.name, status=(Status.ADOPTED,))
        if one.key not in rows and (_is_below(one.key, gone_below) or _is_below(gone_below, one.key))
    )
    adopted_changed, adopted_gone = _after_leaving(store, adopted, gone_below)
    for index in adopted_changed:
        catalogue.record(index, status=Status.ADOPTED)
    gone += adopted_gone
    for index in gone:
        catalogue.note_status(index.key, Status.MOVED_ON)
    return [index.unit for index in (*changed, *adopted_changed, *gone)]


def _after_leaving(store: Store, found: Iterable[Index], gone_below: str) -> tuple[list[Index], list[Index]]:
    """Those that something left of, as they are now, and those that no file is left of."""
    changed: list[Index] = []
    gone: list[Index] = []
    for index in found:
        if not any(_is_below(member.key, gone_below) for member in index.members):
            continue
        members = tuple(member for member in index.members if _is_left(store, member))
        if any(member.kind is Kind.FILE for member in members):
            size = sum(member.size for member in members)
            sidecars = tuple(member for member in index.sidecars if _is_left(store, member))
            changed.append(replace(index, members=members, sidecars=sidecars, size=size, original_size=size))
        else:
            gone.append(index)
    return changed, gone


def _is_below(key: str | None, folder: str) -> bool:
    return key is not None and (key == folder or key.startswith(f"{folder}/"))


def _is_left(store: Store, member: Member) -> bool:
    if member.key is None:
        return True
    try:
        return store.head(member.key).info.size == member.size
    except NotFound:
        return False


def is_rest(catalogue: Catalogue, unit: Unit, light: Iterable[str]) -> bool:
    """True if a unit's files here are the light ones of what the next step moved on: they are archived further on."""
    known = catalogue.archive(unit.key)
    if known is None or known.status is not Status.MOVED_ON or known.unit != unit.id:
        return False
    there = {(one.path, one.size, one.mtime_ns) for one in catalogue.members(known.key) if one.kind is Kind.FILE}
    here = {(one.path, one.size, one.mtime_ns) for one in unit.sources if one.kind is Kind.FILE}
    return bool(here) and here <= there and {path for path, _, _ in here} <= set(light)
