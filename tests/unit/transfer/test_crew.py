"""Pools that share one crew: its bounds hold for all together, and what ends one ends no other."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from s3sync.errors import Interrupted
from s3sync.transfer.crew import LARGE_AT_ONCE, Crew
from s3sync.transfer.pool import LARGE, Pool


@pytest.fixture
def crew() -> Iterator[Crew]:
    made = Crew(24)
    yield made
    made.stop()
    made.end(wait=True)


class Busy:
    """Work that waits, and the most of it that was under way at once."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.now = self.most = self.done = 0
        self._lock = threading.Lock()

    def __call__(self, item: int) -> int:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        assert self.go.wait(30)
        with self._lock:
            self.now -= 1
            self.done += 1
        return item

    def begun(self, count: int) -> None:
        waited = threading.Event()
        for _ in range(3000):
            if self.now >= count:
                return
            waited.wait(0.01)
        raise AssertionError(f"{self.now} of {count} have begun")


def use(crew: Crew, busy: Busy, size: int, errors: list[BaseException], count: int = 40) -> threading.Thread:
    def run() -> None:
        try:
            with Pool(crew=crew) as pool:
                for _, result in pool.map(busy, range(count), lambda item: size):
                    result.result()
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize(("size", "most"), [(1, 24), (LARGE + 1, LARGE_AT_ONCE)])
def test_all_together_are_bounded_as_one_is(crew: Crew, size: int, most: int) -> None:
    busy, errors = Busy(), list[BaseException]()
    threads = [use(crew, busy, size, errors) for _ in range(3)]
    busy.begun(most)
    busy.go.set()
    for thread in threads:
        thread.join(60)
    assert (busy.most, busy.done, errors) == (most, 120, [])


def test_one_that_fails_stops_no_other_and_leaves_nothing_under_way(crew: Crew) -> None:
    busy, errors, begun = Busy(), list[BaseException](), threading.Event()
    thread = use(crew, busy, 1, errors, 20)
    busy.begun(20)

    def fails(item: int) -> int:
        begun.set()
        return item

    with pytest.raises(KeyError), Pool(crew=crew) as pool:
        for _ in pool.map(fails, range(3)):
            raise KeyError("mine")
    assert begun.is_set() and pool.stopping
    busy.go.set()
    thread.join(60)
    assert (busy.done, errors) == (20, [])


def test_large_work_is_held_for_one_pool_alone(crew: Crew) -> None:
    held, free, errors = Busy(), Busy(), list[BaseException]()

    def hold() -> None:
        with Pool(crew=crew) as pool:
            pool.hold_large(True)
            for _, result in pool.map(held, range(5), lambda item: LARGE + 1):
                result.result()
                pool.hold_large(False)

    thread = threading.Thread(target=hold)
    thread.start()
    held.begun(1)
    other = use(crew, free, LARGE + 1, errors)
    free.begun(LARGE_AT_ONCE - 1)
    assert held.most == 1
    held.go.set()
    free.go.set()
    thread.join(60)
    other.join(60)
    assert (held.done, free.done, errors) == (5, 40, [])


def test_a_stop_of_the_crew_ends_all(crew: Crew) -> None:
    busy, errors = Busy(), list[BaseException]()
    threads = [use(crew, busy, 1, errors) for _ in range(2)]
    busy.begun(24)
    crew.stop()
    busy.go.set()
    for thread in threads:
        thread.join(60)
    assert [type(error) for error in errors] == [Interrupted, Interrupted]
    assert busy.done == 24, "what was under way ended, and nothing began"
