"""Rows for what a restore brought into a folder store: from then on it is a unit there, and known as one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from s3sync.archive.catalogue.database import Catalogue
from s3sync.archive.chain import require_same_disk
from s3sync.archive.indexes import add_rows, read_rows
from s3sync.archive.restore import Restored
from s3sync.archive.walk import Selection
from s3sync.core.archive.adopt import KeyPattern, may_be_unit_of
from s3sync.core.archive.records import LogEntry
from s3sync.core.archive.tar import as_bytes, is_utf8
from s3sync.core.archive.values import SINGLE_FORMAT, ArchiveSet, ForeignIndex, Index, Kind, Member, Pack, UnitKind
from s3sync.core.times import format_time
from s3sync.store.port import Store

USUAL = "STANDARD"


def note_landed(
    store: Store,
    catalogue: Catalogue,
    target: ArchiveSet,
    folder: Path,
    index: Index,
    wanted: Iterable[Member],
    found: Restored,
    *,
    user: str,
    now: datetime,
) -> bool:
    """Write into the rows of a set without container, and the catalogue of its store, what was restored to `folder`.

    Files that stand beside others, or did not come, are no part of it. False where nothing is to be written: what the
    archive has is not proven by a SHA-256, or the set's layout makes no such key. Raises `StoreError`, `ArchiveError`.
    """
    where = Path(os.path.realpath(found.to))
    if not where.is_relative_to(folder):
        return False
    below = where.relative_to(folder).as_posix()
    members = _landed(wanted, found, below)
    main = next((one for one in members if one.kind is Kind.FILE), None)
    if isinstance(index, ForeignIndex) or main is None:
        return False
    key = str(main.key) if target.unit is UnitKind.FILE else below
    fit = KeyPattern(target).fit_folder(key)
    if fit is None:
        return False
    known = catalogue.archive(key)
    unit = known.unit if known is not None else index.unit if may_be_unit_of(target, key, index.unit) else fit.unit
    made = now.replace(microsecond=0), user
    row = _row(target, unit, key, members, read_rows(store, target.name).get(key), made)
    row = replace(row, fields={**fit.fields, **index.fields})
    add_rows(store, target.name, [row])
    require_same_disk(store, catalogue, target.name)
    catalogue.record(row)
    entry = LogEntry(format_time(now), user, "restore", target.name, unit, key, row.size, detail="it came here")
    catalogue.note(entry)
    return True


def _row(
    target: ArchiveSet, unit: str, key: str, members: list[Member], old: Index | None, made: tuple[datetime, str]
) -> Index:
    """The unit as a set without container has it, with what an older row says of its other files.

    `made`: when, and by whom.
    """
    if target.unit is UnitKind.FILE:
        own = [one for one in members if one.key == key]
        sidecars = tuple(one for one in members if one.key != key and one.kind is Kind.FILE)
    else:
        own, is_sidecar = _with_old(members, old), Selection(target).is_sidecar
        sidecars = tuple(one for one in own if one.kind is Kind.FILE and is_sidecar(one.path))
    size = sum(one.size for one in own)
    parts = (unit, target.name, key, Pack.NONE, tuple(own), size, size, *made)
    return Index(SINGLE_FORMAT, *parts, storage_class=USUAL, sidecars=sidecars)


def _landed(wanted: Iterable[Member], found: Restored, below: str) -> list[Member]:
    """The members that have their own names there now, in their order, as objects of the folder store."""
    away = {path for path, _ in found.problems} | {path for path, _ in found.beside}
    return [
        replace(one, offset=0, etag=None, key=f"{below}/{one.path}" if one.kind is Kind.FILE else None)
        for one in wanted
        if one.path not in away and is_utf8(as_bytes(one.path))  # a key has to be that
    ]


def _with_old(members: list[Member], old: Index | None) -> list[Member]:
    """The members with those of an older row that did not come now, sorted as an archive is."""
    paths = {one.path for one in members}
    every = [*members, *(one for one in (old.members if old is not None else ()) if one.path not in paths)]
    return sorted(every, key=lambda one: as_bytes(one.path))
