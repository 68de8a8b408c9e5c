"""Signs of work that the store and the history tell: what counts as work, and what keeps a project where it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from s3sync.archives.auto_team import Signs, _add_events, _add_lock
from s3sync.core.history import Event
from s3sync.core.team import FileLock, LockState

AT = datetime(2026, 11, 3, 10, tzinfo=UTC)


def event(verb: str, **counts: int) -> Event:
    return Event(1, "id", "2026-11-03T10:00:00Z", "ana", verb, counts=counts)


@pytest.mark.parametrize(
    ("found", "is_work"),
    [
        (event("up", sent=1), True),
        (event("unlock", unlocked=1), True),
        (event("restore", restored=3), True),
        (event("archive run", archived=2, freed=9), False),
        (event("archive run", archived=2, sent=1), True),
    ],
)
def test_archiving_is_no_work_on_a_project(found: Event, is_work: bool) -> None:
    signs = Signs()
    _add_events(signs, [found])
    assert [(one.at, one.what) for one in signs.touches] == (
        [(AT, f"ana worked on it ({found.verb})")] if is_work else []
    )


@pytest.mark.parametrize(
    ("state", "obstacles", "touches"),
    [
        (LockState.HELD, ["ana has locked a.mp4 until 2026-11-03 10:00:00 UTC"], []),
        (LockState.EXPIRED, [], ["ana locked a.mp4"]),
        (LockState.UNREADABLE, [], []),
    ],
)
def test_a_lock_that_holds_keeps_a_project_and_one_that_ended_was_work(
    state: LockState, obstacles: list[str], touches: list[str]
) -> None:
    signs = Signs()
    _add_lock(signs, FileLock("0" * 64, "etag", state, AT, "a.mp4", "ana", until=AT))
    assert (signs.obstacles, [one.what for one in signs.touches]) == (obstacles, touches)
