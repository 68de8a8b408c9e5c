"""A new state.db in the place of a damaged one, which is moved aside and never deleted."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.remove import remove_tree
from s3sync.state.memory import FILE, StateDB
from s3sync.state.own import Owner
from s3sync.state.places import StorePlace
from s3sync.state.repair import PlaceMemory
from s3sync.state.schema import (
    CachedDigest,
)
from s3sync.state.unfinished import UnfinishedTransfers


def rebuild(
    folder: Path,
    stamp: str,
    memories: Iterable[PlaceMemory],
    digests: Mapping[str, CachedDigest],
    owner: Owner,
    here: StorePlace,
) -> Path:
    """Put a new database, the owner's, in the place of a damaged one, and give the name that the damaged one has now.
    `here`: the place in use.

    The caller holds the project's lock. After a crash at any point the damaged file is still there, under one of its
    names, and either it, none or the new one is `state.db`; none is an empty memory, which deletes nothing.
    """
    name = f"state.rebuild-{uuid.uuid4().hex}"
    with (
        local_errors("cannot write", folder / name),
        GuardedFolder.open(folder) as room,
        room.folder(name, create=0o700) as work,
    ):
        try:
            for memory in memories:
                _write(Path(work.path), memory)
            with StateDB(Path(work.path), here) as fresh:
                fresh.save(digests=digests)
                owner.mark(fresh)
            aside = _move_aside(room, stamp)
            work.rename(FILE, FILE, room)
            room.sync()
        finally:
            with suppress(OSError):
                remove_tree(room, name)
    return folder / aside


def _write(folder: Path, memory: PlaceMemory) -> None:
    with StateDB(folder, memory.place) as fresh:
        number = fresh.enter_place()
        fresh.save(base=memory.base)
        if memory.unproven:
            fresh.execute("UPDATE place SET unproven = 1 WHERE id = ?", number)
        ledger = UnfinishedTransfers(fresh)
        for item, done in memory.transfers:
            ledger.begin(item)
            for part, digest in done.items():
                ledger.part_done(item.path, item.way, part, digest)


def _move_aside(room: GuardedFolder, stamp: str) -> str:
    """The database first: a log without its database is thrown away by SQLite, and never taken for another's."""
    number = 1
    aside = f"state.corrupt-{stamp}.db"
    while room.find(aside) is not None:
        number += 1
        aside = f"state.corrupt-{stamp}.{number}.db"
    for ending in ("", "-wal"):
        if room.find(FILE + ending) is not None:
            room.rename(FILE + ending, aside + ending)
    room.unlink(f"{FILE}-shm", missing_ok=True)
    room.sync()
    return aside
