"""Opening state.db: this user's own is believed; one that is not is set aside, and nothing of it is used.

At most one lies aside. It is taken back when it is this user's own, so that two computers can share a disk: each has
its memory again when it is its turn, as far as the other's has not outdated it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import DiskFull, LocalError
from s3sync.state.memory import FILE, StateDB
from s3sync.state.outdated import forget_outdated
from s3sync.state.own import Owner
from s3sync.state.places import StorePlace

ASIDE = "state.other.db"
_BETWEEN = "state.between.db"
MOST_BYTES = 1 << 30
"""Bytes of one that is looked at, to be taken back: it is copied for that. A million files take 300 MB."""
ADOPT = "s3sync state adopt"


class ForeignMemory(UserWarning):
    """A memory is not believed, because somebody else may have written it."""


def open_memory(
    folder: Path, place: StorePlace | None, environ: Mapping[str, str], *, read_only: bool = False, locked: bool = True
) -> StateDB:
    """The memory in a folder of ours for a place. `locked` False: for whoever does not hold the project's lock.

    What is not this user's own is said, and set aside by whoever may; for all others it is as if none were there, and
    nothing that they write is kept. Raises `LocalError`, `DiskFull`.
    """
    owner = Owner(environ)
    state = _accepted(folder, place, owner, read_only=read_only)
    if state is not None:
        return state
    if read_only or not locked:
        own = _outdated(folder, place, owner, read_only=True)
        if own is not None:
            return own
        _tell(folder, f"if it is your own, `{ADOPT}` believes it")
        return StateDB(folder, place, read_only=True, blank=True)
    if _set_aside(folder, place, owner):
        state = _accepted(folder, place, owner)
        if state is not None:
            return state
        _set_aside(folder, place, owner)
    _tell(folder, f"it is kept as {ASIDE}; if it is your own, `{ADOPT}` brings it back")
    fresh = StateDB(folder, place)
    owner.accepts(fresh)
    return fresh


def _set_aside(folder: Path, place: StorePlace | None, owner: Owner) -> bool:
    """Put a memory aside, in the place of one that was there; True if that one was this user's, and is back now, with
    what the other does not outdate. A crash leaves it aside or back, and outdated in either case."""
    back = _outdated(folder, place, owner, read_only=False)
    if back is not None:
        back.close()
    exchange(folder, back=back is not None)
    return back is not None


def _outdated(folder: Path, place: StorePlace | None, owner: Owner, *, read_only: bool) -> StateDB | None:
    """What lies aside as it is taken back; None where it is not this user's, or is damaged: it is in nobody's way."""
    if not owner.owns(folder / ASIDE, place, max_bytes=MOST_BYTES):
        return None
    state: StateDB | None = None
    try:
        state = StateDB(folder, place, file=ASIDE, read_only=read_only)
        forget_outdated(state, folder)
        return state
    except BaseException as error:
        if state is not None:
            state.close()
        if isinstance(error, LocalError) and not isinstance(error, DiskFull):
            return None
        raise


def exchange(folder: Path, *, back: bool = True) -> None:
    """Put what lies aside in the place of what is used, and the reverse; without `back` only the latter."""
    with local_errors("cannot move", folder / FILE), GuardedFolder.open(folder) as room:
        _move(room, FILE, _BETWEEN)
        if back:
            _move(room, ASIDE, FILE)
        _move(room, _BETWEEN, ASIDE)
        room.sync()


def _accepted(folder: Path, place: StorePlace | None, owner: Owner, *, read_only: bool = False) -> StateDB | None:
    state = StateDB(folder, place, read_only=read_only)
    try:
        if owner.accepts(state):
            return state
    except BaseException:
        state.close()
        raise
    state.close()
    return None


def _move(room: GuardedFolder, name: str, new: str) -> None:
    """A log goes along: without its database it is thrown away by SQLite, and never taken for another's."""
    for ending in ("-wal", "-shm"):
        room.unlink(new + ending, missing_ok=True)
    room.unlink(f"{name}-shm", missing_ok=True)
    for ending in ("", "-wal"):
        if room.find(name + ending) is not None:
            room.replace(name + ending, new + ending)


def _tell(folder: Path, then: str) -> None:
    text = (
        f"{folder / FILE} is not known to be yours (another computer's, another user's, or of an older s3sync), so it "
        f"is not believed: what is the same here and there counts as in sync, and nothing as deleted; {then}"
    )
    warnings.warn(text, ForeignMemory, stacklevel=3)
