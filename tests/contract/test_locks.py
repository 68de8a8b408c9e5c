"""Locks on every store: one winner, and nothing is taken, renewed or removed that somebody else has changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import md5
from threading import Barrier

import pytest

from s3sync.core.team import MOST_BYTES, LockState, lock_body, lock_id, locks_prefix
from s3sync.errors import NotFound
from s3sync.shared import locks
from s3sync.shared.locks import acquire, lock_at, read_locks, release
from s3sync.store import Store
from s3sync.store.aspects import ReadsTimed, require_aspect
from s3sync.store.port import Headers, Overwrite, Update
from tests.contract.stores import UnderTest
from tests.scenarios.transfers.commands import until

PREFIX = "repo/project/"
NAME = "cut/Color grading é.mp4"
KEY = locks_prefix(PREFIX) + lock_id(NAME)
HOUR = 3600


def put(store: Store, key: str, body: bytes) -> str:
    digest = md5(body, usedforsecurity=False).digest()
    return store.put(key, body, mode=Overwrite(), headers=Headers(), md5=digest).etag


def test_a_small_object_comes_with_the_time(store: Store) -> None:
    etag = put(store, "a", b"small")
    found = require_aspect(store, ReadsTimed).read_timed("a", 5)
    assert (found.info.key, found.info.etag, found.info.size, found.body) == ("a", etag, 5, b"small")
    assert found.now is not None
    assert timedelta(seconds=-2) <= found.now - found.info.modified < timedelta(minutes=5)
    assert require_aspect(store, ReadsTimed).read_timed("a", 4).body is None
    with pytest.raises(NotFound):
        require_aspect(store, ReadsTimed).read_timed("b", 5)


def test_one_has_it_and_renews_it_and_lets_it_go(store: Store) -> None:
    first, is_ours = acquire(store, KEY, NAME, "jan", HOUR, "grading")
    assert is_ours and first.state is LockState.HELD and first.left_s == HOUR
    there, is_ours = acquire(store, KEY, NAME, "david", HOUR, None)
    assert not is_ours
    assert (there.by, there.why, there.etag, there.name) == ("jan", "grading", first.etag, NAME)
    renewed, is_ours = acquire(store, KEY, NAME, "jan", 2 * HOUR, "grading")
    assert is_ours and renewed.etag != first.etag
    assert not release(store, KEY, first.etag, deletes=True), "a lock that was renewed since"
    assert list(read_locks(store, PREFIX).by_name) == [NAME]
    assert release(store, KEY, renewed.etag, deletes=True)
    assert lock_at(store, KEY) is None and not read_locks(store, PREFIX).by_name
    assert acquire(store, KEY, NAME, "david", HOUR, None)[1]


def test_equal_locks_are_other_versions(store: Store) -> None:
    etags = {acquire(store, KEY, NAME, "jan", HOUR, "grading")[0].etag for _ in range(4)}
    assert len(etags) == 4


def test_a_lock_that_ended_is_taken_over(store: Store) -> None:
    put(store, KEY, lock_body(NAME, "jan", 1, "n", None, None))
    until(lambda: acquire(store, KEY, NAME, "david", HOUR, None)[1], "the lock of a second to end")
    found = lock_at(store, KEY)
    assert found is not None and found.by == "david"


@pytest.mark.parametrize("body", [b"garbage", b"x" * (MOST_BYTES + 1)])
def test_what_is_no_lock_is_told_and_taken_over(store: Store, body: bytes) -> None:
    put(store, KEY, body)
    put(store, locks_prefix(PREFIX) + "notes.txt", b"by another tool")
    found = read_locks(store, PREFIX)
    assert not found.by_name and [lock.id for lock in found.unreadable] == [lock_id(NAME)]
    assert acquire(store, KEY, NAME, "david", HOUR, None)[1]
    assert list(read_locks(store, PREFIX).by_name) == [NAME]


def test_what_the_store_cannot_delete_under_a_condition_is_emptied(store: Store) -> None:
    first, _ = acquire(store, KEY, NAME, "jan", HOUR, None)
    assert not release(store, KEY, "0" * 32, deletes=False)
    assert release(store, KEY, first.etag, deletes=False)
    found = read_locks(store, PREFIX)
    assert not found.by_name and not found.unreadable
    assert acquire(store, KEY, NAME, "david", HOUR, None)[1]


def test_no_more_locks_are_read_than_anybody_has(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "MOST_LOCKS", 2)
    for number in range(4):
        name = f"{number}.mp4"
        acquire(store, locks_prefix(PREFIX) + lock_id(name), name, "jan", HOUR, None)
    found = read_locks(store, PREFIX)
    assert len(found.by_name) == 2 and "more than 2 locks" in found.warnings[0]


def race_for_one(store: Store, users: int) -> list[str]:
    barrier = Barrier(users)

    def one(number: int) -> bool:
        barrier.wait()
        return acquire(store, KEY, NAME, f"user{number}", HOUR, None)[1]

    with ThreadPoolExecutor(users) as pool:
        return [f"user{number}" for number, won in enumerate(pool.map(one, range(users))) if won]


def test_of_eight_one_wins(under_test: UnderTest) -> None:
    under_test.require("put race")
    store = under_test.open()
    for _ in range(3):
        won = race_for_one(store, 8)
        found = lock_at(store, KEY)
        assert found is not None and won == [found.by]
        assert release(store, KEY, found.etag, deletes=True)


def test_of_eight_one_takes_over(under_test: UnderTest) -> None:
    """A lock that was released by emptying it is taken over under a condition, too."""
    under_test.require("put race")
    store = under_test.open()
    etag = put(store, KEY, b"")
    for _ in range(3):
        won = race_for_one(store, 8)
        found = lock_at(store, KEY)
        assert found is not None and won == [found.by]
        etag = store.put(KEY, b"", mode=Update(found.etag), headers=Headers(), md5=md5(b"").digest()).etag
    assert etag
