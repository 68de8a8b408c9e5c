"""The contract: of several writers exactly one wins, and nothing is replaced or deleted that was not expected."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from s3sync.errors import PreconditionFailed
from s3sync.store import Store
from s3sync.store.port import Create, Update, WriteMode
from s3sync.store.probe import Condition, Honours, check_access, check_condition
from tests.contract.stores import MIB, UnderTest, keys, noise, put, read

WRITERS = 8


def race(attempt: Callable[[int], object], writers: int = WRITERS) -> list[int]:
    """Let all start at once; returns who won. Whoever lost must have got `PreconditionFailed`."""
    barrier = Barrier(writers)

    def one(number: int) -> bool:
        barrier.wait()
        try:
            attempt(number)
        except PreconditionFailed:
            return False
        return True

    with ThreadPoolExecutor(writers) as pool:
        won = list(pool.map(one, range(writers)))
    return [number for number, winner in enumerate(won) if winner]


@pytest.mark.parametrize("size", [9, 2 * MIB])
def test_create(store: Store, size: int) -> None:
    etag = put(store, "a", noise(size), Create())
    with pytest.raises(PreconditionFailed):
        put(store, "a", noise(size), Create())
    assert store.head("a").info.etag == etag


@pytest.mark.parametrize("size", [9, 2 * MIB])
def test_update(under_test: UnderTest, store: Store, size: int) -> None:
    under_test.require("changes within a second")
    first = put(store, "a", noise(size))
    second = put(store, "a", noise(size), Update(first))
    for stale in (first, "0" * 32):
        with pytest.raises(PreconditionFailed):
            put(store, "a", noise(size), Update(stale))
    assert store.head("a").info.etag == second


@pytest.mark.parametrize("size", [9, 2 * MIB])
def test_update_of_nothing(store: Store, size: int) -> None:
    with pytest.raises(PreconditionFailed):
        put(store, "a", noise(size), Update("0" * 32))
    assert keys(store) == []


@pytest.mark.parametrize("same_body", [False, True])
def test_one_of_many_creators_wins(under_test: UnderTest, same_body: bool) -> None:
    under_test.require("put race")
    stores = [under_test.open() for _ in range(WRITERS)]
    bodies = [b"same" if same_body else b"%d" % number for number in range(WRITERS)]
    for round_ in range(5):
        won = race(lambda number, key=f"r{round_}": put(stores[number], key, bodies[number], Create()))  # type: ignore[misc]
        assert len(won) == 1
        assert read(stores[0], f"r{round_}") == bodies[won[0]]


def test_one_of_many_updaters_wins(under_test: UnderTest) -> None:
    under_test.require("put race")
    stores = [under_test.open() for _ in range(WRITERS)]
    etag = put(stores[0], "a", b"start")
    for round_ in range(5):
        mode: WriteMode = Update(etag)
        won = race(lambda number, r=round_, m=mode: put(stores[number], "a", b"%d-%d" % (r, number), m))  # type: ignore[misc]
        assert len(won) == 1
        assert read(stores[0], "a") == b"%d-%d" % (round_, won[0])
        etag = stores[0].head("a").info.etag


def test_counting_together_loses_nothing(under_test: UnderTest) -> None:
    under_test.require("put race")
    put(under_test.open(), "n", b"0")

    def count(_: int) -> None:
        store = under_test.open()
        for _ in range(5):
            while True:
                with store.get("n") as reader:
                    now, etag = int(b"".join(reader)), reader.info.etag
                try:
                    put(store, "n", b"%d" % (now + 1), Update(etag))
                except PreconditionFailed:
                    continue
                break

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))
    assert read(under_test.open(), "n") == b"20"


def test_conditional_delete(under_test: UnderTest, store: Store) -> None:
    under_test.require("changes within a second")
    first = put(store, "a", b"first")
    second = put(store, "a", b"second")
    with pytest.raises(PreconditionFailed):
        store.delete("a", if_match=first)
    assert keys(store) == ["a"]
    store.delete("a", if_match=second)
    assert keys(store) == []


def test_conditional_delete_of_nothing(under_test: UnderTest, store: Store) -> None:
    under_test.require("conditional delete of nothing")
    with pytest.raises(PreconditionFailed):
        store.delete("a", if_match="0" * 32)


def test_probes(store: Store) -> None:
    assert check_access(store, "p/").complete
    assert check_condition(store, Condition.CREATE, "p/.probe") is Honours.ENFORCED
    assert check_condition(store, Condition.REPLACE, "p/.probe") is Honours.ENFORCED
    assert keys(store) == []
