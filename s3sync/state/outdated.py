"""A memory that somebody else's has outdated: what of it can still be believed.

On a disk that several computers use by turns, each one's memory lies aside during the others' turns. What is gone from
the disk since may be what another one freed, archived or let go, which is no wish to delete it for all. So what the
newer memory does not say as well is forgotten, and no more is asked of that one: it may be anybody's, and can only
take away.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from s3sync.core import limits
from s3sync.core.batches import batched
from s3sync.core.entries import Entry
from s3sync.errors import LocalError
from s3sync.spill.table import SpilledDict
from s3sync.state.intents import Intents
from s3sync.state.memory import StateDB
from s3sync.state.places import StorePlace


def nothing_is_here(path: str) -> bool:
    return False


def forget_outdated(state: StateDB, newer: Path, *, is_here: Callable[[str], bool] = nothing_is_here) -> None:
    """Have a memory forget what one in the folder `newer` does not say as well, in the base of every place.

    What that one knows nothing of stays only where `is_here` says that its file is. Nor does a file stay that a killed
    run of the other was about to move aside: only its own next run puts it back. Raises `LocalError`, `DiskFull`.
    """
    try:
        other = StateDB(newer, None, read_only=True)
    except LocalError:  # damaged, or nothing of ours: then it says nothing
        other = StateDB(newer, None, read_only=True, blank=True)
    with closing(other):
        for known in state.places():
            said, moving = _said(other, known.place)

            def stays(path: str, entry: Entry, said: SpilledDict[Entry] = said, moving: set[str] = moving) -> bool:
                found = said.get(path)
                return path not in moving and (found == entry or (found is None and is_here(path)))

            gone = (path for path, entry in state.each_base(known.id) if not stays(path, entry))
            for some in batched(gone, limits.now.files_before_save):
                state.forget_base(known.id, some)


def _said(memory: StateDB, place: StorePlace) -> tuple[SpilledDict[Entry], set[str]]:
    """Base of a memory for a place, and the files that it was moving aside; nothing where its rows make no sense."""
    said = SpilledDict(Entry)
    try:
        for known in memory.places():
            if known.place == place:
                said.update(memory.each_base(known.id))
        return said, {move.name for move in Intents(memory).moves()}
    except LocalError:
        return SpilledDict(Entry), set()
