"""Lock objects as values: whose they are, until when by the store's clock, and what is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from s3sync.core.team import LONGEST_S, MOST_BYTES, NEWER_S, FileLock, LockState, lock_body, lock_id, read_lock

NAME = "cut/color.mp4"
AT = datetime(2025, 11, 3, 10, 0, tzinfo=UTC)


def found(body: bytes | None, after: timedelta | None = timedelta(minutes=1), lock: str | None = None) -> FileLock:
    return read_lock(lock or lock_id(NAME), "e1", body, AT, None if after is None else AT + after)


def body(**changes: Any) -> bytes:
    fields = json.loads(lock_body(NAME, "jan", 3600, "n1", "grading", "jans-mac"))
    return json.dumps({**fields, **changes}).encode()


def test_a_lock_says_whose_it_is_and_until_when() -> None:
    lock = found(body())
    assert (lock.state, lock.name, lock.by, lock.why, lock.host) == (LockState.HELD, NAME, "jan", "grading", "jans-mac")
    assert (lock.until, lock.left_s) == (AT + timedelta(hours=1), 59 * 60)
    assert lock.keeps_out("david") and not lock.keeps_out("jan")


@pytest.mark.parametrize(
    ("after", "state"),
    [
        (timedelta(seconds=3599), LockState.HELD),
        (timedelta(seconds=3600), LockState.EXPIRED),
        (timedelta(days=900), LockState.EXPIRED),
        (timedelta(minutes=-10), LockState.HELD),
        (timedelta(days=-2), LockState.UNREADABLE),
        (None, LockState.HELD),
    ],
)
def test_the_age_is_by_the_clock_of_the_store(after: timedelta | None, state: LockState) -> None:
    assert found(body(), after).state is state
    assert found(body(), after).keeps_out("david") == (state is LockState.HELD)


def test_a_clock_that_is_behind_gives_nobody_more_time() -> None:
    assert found(body(), timedelta(hours=-20)).left_s == 3600


@pytest.mark.parametrize(
    "text",
    [
        None,
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * MOST_BYTES,
        b'{"schema": "1"}',
        body(schema=0),
        body(schema=-3),
        body(name=""),
        body(name=5),
        body(by=""),
        body(by="j" * 1000),
        body(for_s=0),
        body(for_s=-1),
        body(for_s=LONGEST_S + 1),
        body(for_s=1e400),
        body(for_s="1"),
        body(why="w" * 1000),
        body(why=["w"]),
        body(name="cut/other.mp4"),
        body(schema=2, by=None),
        json.dumps({"schema": 2}).encode(),
    ],
)
def test_what_is_no_lock_keeps_nobody_out(text: bytes | None) -> None:
    lock = found(text)
    assert lock.state is LockState.UNREADABLE and lock.reason
    assert not lock.keeps_out("david")


def test_a_name_that_cannot_be_synced_is_no_files_lock() -> None:
    lock = found(body(name="../x"), lock=lock_id("../x"))
    assert (lock.state, lock.name) == (LockState.UNREADABLE, None)


def test_a_lock_of_a_newer_version_holds_for_a_day() -> None:
    text = body(schema=2, for_s={"working": "days"}, nonce=None, moods=["blue"])
    lock = found(text)
    assert (lock.state, lock.by, lock.newer) == (LockState.HELD, "jan", True)
    assert found(text, timedelta(seconds=NEWER_S)).state is LockState.EXPIRED


def test_unknown_fields_are_no_harm() -> None:
    assert found(body(mood="blue")).state is LockState.HELD


def test_the_last_day_of_the_calendar_ends_no_lock() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    assert read_lock(lock_id(NAME), "e1", body(), last, last).until is None


def test_one_file_has_one_lock_however_it_is_spelled() -> None:
    assert lock_id("caf\u00e9.mp4") == lock_id("cafe\u0301.mp4") != lock_id("Caf\u00e9.mp4")
