"""What this disk tells of a run before the listing has come: a table, and the store that is started by it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.entries import Entry
from s3sync.core.plan import Verb
from s3sync.local.scan import LocalFile
from s3sync.spill.table import SpilledDict
from s3sync.state.memory import CachedDigest
from s3sync.store.port import StartsSlowly, Store
from s3sync.store.wrapped import Wrapped
from s3sync.sync.foresight import start_store
from tests.contract.stores import in_folder
from tests.scenarios.transfers.conftest import MIB

LARGE, SMALL = MIB + 1, MIB


class Slow(Wrapped):
    """A store that notes that it was started."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self.started = threading.Event()

    def start_up(self) -> None:
        self.started.set()


def file(size: int, mtime_ns: int = 1) -> LocalFile:
    return LocalFile("/x", size, mtime_ns, 1, mtime_ns)


def table(kind: type, entries: dict[str, Any]) -> SpilledDict[Any]:
    found: SpilledDict[Any] = SpilledDict(kind)
    found.update(entries)
    return found


NEW, SYNCED, TOUCHED, EDITED, GONE = "new", "synced", "touched", "edited", "gone"


def starts(verb: Verb, size: int, state: str, slow: Slow) -> bool:
    """Whether a verb has the store started for one file of that size in that state."""
    base = {} if state == NEW else {"a": Entry(size, "m", "e")}
    here = {} if state == GONE else {"a": file(size, 2 if state in (TOUCHED, EDITED) else 1)}
    digests = {} if state == NEW else {"a": CachedDigest(size, 1, 1, "x", "m", 1)}
    if state == EDITED:
        digests = {"a": CachedDigest(size, 2, 1, "x", "another", 2)}
    before = set(threading.enumerate())
    start_store(slow, verb, table(Entry, base), table(LocalFile, here), table(CachedDigest, digests))
    for thread in set(threading.enumerate()) - before:
        thread.join(30)
    return slow.started.is_set()


@pytest.mark.parametrize(
    ("verb", "size", "state", "expected"),
    [
        (Verb.UP, LARGE, NEW, True),
        (Verb.UP, SMALL, NEW, False),
        (Verb.UP, LARGE, SYNCED, False),
        (Verb.UP, LARGE, TOUCHED, True),
        (Verb.UP, LARGE, EDITED, True),
        (Verb.UP, SMALL, EDITED, False),
        (Verb.UP, LARGE, GONE, False),
        (Verb.SYNC, LARGE, NEW, True),
        (Verb.SYNC, SMALL, NEW, False),
        (Verb.SYNC, SMALL, SYNCED, False),
        (Verb.SYNC, SMALL, EDITED, True),  # the old version goes into the trash
        (Verb.SYNC, SMALL, GONE, True),
        (Verb.DOWN, LARGE, NEW, False),
        (Verb.DOWN, SMALL, EDITED, False),
    ],
)
def test_what_is_foreseen(verb: Verb, size: int, state: str, expected: bool, tmp_path: Path) -> None:
    slow = Slow(in_folder(tmp_path).open())
    assert isinstance(slow, StartsSlowly)
    assert starts(verb, size, state, slow) is expected
