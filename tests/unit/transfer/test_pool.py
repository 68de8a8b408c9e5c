"""The pool: never a deadlock, never too much at once, and an end when it is stopped."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator

import pytest

from s3sync.errors import Interrupted, Throttled
from s3sync.transfer.flow import Flow
from s3sync.transfer.pool import AHEAD, LARGE, LARGE_AT_ONCE, LEAST_AHEAD, Pool, Result

pytestmark = pytest.mark.timeout(60)


def test_map_gives_each_item_with_its_result() -> None:
    with Pool(3) as pool:
        found = {item: future.result() for item, future in pool.map(lambda n: n * n, range(100))}
    assert found == {n: n * n for n in range(100)}


def test_an_error_of_one_item_is_in_its_future_and_the_rest_goes_on() -> None:
    with Pool(2) as pool:
        settled = dict(pool.map(lambda n: 1 // (n - 3), range(10)))
    with pytest.raises(ZeroDivisionError):
        settled.pop(3).result()
    assert {item: one.result() for item, one in settled.items()} == {n: 1 // (n - 3) for n in range(10) if n != 3}


@pytest.mark.parametrize(("least_ahead", "most"), [(None, LEAST_AHEAD), (0, 2 * AHEAD), (20, 20)])
def test_map_takes_items_only_as_it_needs_them(least_ahead: int | None, most: int) -> None:
    taken = 0

    def source() -> Iterator[int]:
        nonlocal taken
        for number in range(10_000):
            taken += 1
            yield number

    ahead = []
    with Pool(2, least_ahead=least_ahead) as pool:
        for done, _ in enumerate(pool.map(lambda n: n, source())):
            ahead.append(taken - done)
    assert taken == 10_000
    assert max(ahead) == most


def test_map_of_nothing() -> None:
    with Pool(1) as pool:
        assert list(pool.map(lambda n: n, [])) == []


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_gather_in_order(workers: int) -> None:
    with Pool(workers) as pool:
        assert pool.gather(lambda n: n * n, range(100)) == [n * n for n in range(100)]
        assert pool.gather(lambda n: n, []) == []


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_gather_inside_map_never_waits_for_a_free_worker(workers: int) -> None:
    with Pool(workers) as pool:

        def file(number: int) -> list[int]:
            return pool.gather(lambda part: number * 100 + part, range(7))

        found = {item: future.result() for item, future in pool.map(file, range(20))}
    assert found == {number: [number * 100 + part for part in range(7)] for number in range(20)}


def test_the_first_error_ends_a_gather() -> None:
    ran: list[int] = []

    def part(number: int) -> None:
        ran.append(number)
        if number == 2:
            raise ZeroDivisionError

    with Pool(1) as pool:
        [(_, future)] = list(pool.map(lambda _: pool.gather(part, range(10)), ["one file"]))
        with pytest.raises(ZeroDivisionError):
            future.result()
    assert ran == [0, 1, 2]


def test_an_error_waits_for_what_already_runs() -> None:
    """Whoever cleans up after a gather may be sure that no part is still on its way."""
    started, failing, ended = threading.Event(), threading.Event(), []

    def part(number: int) -> None:
        if number == 0:
            started.wait()
            failing.set()
            raise ZeroDivisionError
        started.set()
        failing.wait()
        ended.append(number)

    with Pool(2) as pool:
        with pytest.raises(ZeroDivisionError):
            pool.gather(part, [0, 1])
        assert ended == [1]


def test_an_error_outside_ends_a_map_that_would_never_end() -> None:
    ran = itertools.count()
    with pytest.raises(ZeroDivisionError), Pool(2, least_ahead=0) as pool:
        for _ in pool.map(lambda n: next(ran), itertools.count()):
            raise ZeroDivisionError
    assert next(ran) <= 3 * 2 * 4


class Crowd:
    """Whoever works waits there until as many are at work as may be. `most` counts those who were."""

    def __init__(self, size: int) -> None:
        self._barrier, self._lock = threading.Barrier(size), threading.Lock()
        self._working = self.most = 0

    def work(self, number: int) -> None:
        with self._lock:
            self._working += 1
            self.most = max(self.most, self._working)
        self._barrier.wait()
        with self._lock:
            self._working -= 1


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_a_gather_does_no_more_at_once_than_it_may(at_once: int) -> None:
    workers = Crowd(at_once)
    with Pool(8) as pool:
        pool.gather(workers.work, range(at_once * 10), at_once)
    assert workers.most == at_once


def test_a_map_does_no_more_at_once_than_there_are_workers() -> None:
    workers = Crowd(3)
    with Pool(3) as pool:
        for _, future in pool.map(workers.work, range(30)):
            future.result()
    assert workers.most == 3


def test_after_stop_whoever_checks_is_interrupted() -> None:
    pool = Pool(2)
    pool.check()
    pool.stop()
    assert pool.stopping
    with pytest.raises(Interrupted):
        pool.check()


def test_after_stop_no_gather_begins() -> None:
    pool = Pool(2)
    pool.stop()
    with pytest.raises(Interrupted):
        pool.gather(lambda n: n, [1, 2, 3])


def test_after_stop_no_map_begins() -> None:
    pool = Pool(2)
    pool.stop()
    with pytest.raises(Interrupted):
        list(pool.map(lambda n: n, [1, 2, 3]))


@pytest.mark.parametrize("workers", [1, 4])
def test_stop_in_a_map_interrupts_the_rest(workers: int) -> None:
    ran: list[int] = []

    def job(number: int) -> None:
        ran.append(number)
        if number == 3:
            pool.stop()

    pool = Pool(workers)
    with pytest.raises(Interrupted):
        for _, future in pool.map(job, range(1000)):
            future.result()
    assert len(ran) < 1000


@pytest.mark.parametrize("workers", [1, 4])
def test_stop_in_a_gather_interrupts_the_rest(workers: int) -> None:
    ran: list[int] = []

    def part(number: int) -> None:
        ran.append(number)
        pool.stop()

    with Pool(workers) as pool, pytest.raises(Interrupted):
        pool.gather(part, range(1000))
    assert 0 < len(ran) <= workers + 1


class Meeting:
    """Work that waits until so many are at work together, and counts how many were at the most."""

    def __init__(self, parties: int) -> None:
        self._meet = threading.Barrier(parties)
        self._lock = threading.Lock()
        self._working = 0
        self.most = 0

    def __call__(self, item: object) -> None:
        with self._lock:
            self._working += 1
            self.most = max(self.most, self._working)
        self._meet.wait()
        with self._lock:
            self._working -= 1


def test_small_work_is_under_way_as_the_flow_finds() -> None:
    """200 at once from the start, where the first round trips took 0.2 s."""
    meeting = Meeting(200)
    with Pool(256, Flow(256, 0.2)) as pool:
        for _, settled in pool.map(meeting, range(200)):
            settled.result()
    assert meeting.most == 200


def test_large_work_is_governed_apart() -> None:
    meeting = Meeting(LARGE_AT_ONCE)
    with Pool(256, Flow(256, 0.2)) as pool:
        for _, settled in pool.map(meeting, range(LARGE_AT_ONCE * 4), lambda item: LARGE + 1):
            settled.result()
    assert meeting.most == LARGE_AT_ONCE


def test_small_work_does_not_wait_for_large_work() -> None:
    """More large items than may be under way come first, and end only when all small ones are done."""
    small_done, left = threading.Event(), iter(range(20))

    def job(size: int) -> None:
        if size > 1:
            small_done.wait()
        elif next(left) == 19:
            small_done.set()

    with Pool(256, Flow(256, 0.2)) as pool:
        sizes = [LARGE + 1] * (LARGE_AT_ONCE + 5) + [1] * 20
        assert len([settled.result() for _, settled in pool.map(job, sizes, lambda size: size)]) == len(sizes)


def test_the_bytes_of_small_work_are_bounded() -> None:
    """1 MiB to begin with, however many requests might be under way."""
    meeting = Meeting(2)
    with Pool(256, Flow(256, 0.2)) as pool:
        for _, settled in pool.map(meeting, range(2), lambda item: LARGE // 2):
            settled.result()
        most = Meeting(1)
        for _, settled in pool.map(most, range(50), lambda item: LARGE // 2):
            settled.result()
    assert most.most <= 2


def test_held_large_work_goes_alone_with_its_parts() -> None:
    parts = Meeting(3)
    files = Meeting(1)

    def job(number: int) -> None:
        files(number)
        if number == 0:
            pool.gather(parts, range(3), 3)
            pool.hold_large(False)

    with Pool(64, Flow(64, 0.2)) as pool:
        pool.hold_large(True)
        for done, (_, settled) in enumerate(pool.map(job, range(9), lambda item: LARGE + 1)):
            settled.result()
            assert done or parts.most == 3
    assert parts.most == 3


def test_held_large_work_ends_with_the_pool() -> None:
    with pytest.raises(ZeroDivisionError), Pool(64, Flow(64, 0.2)) as pool:
        pool.hold_large(True)
        for _, settled in pool.map(lambda n: 1 // 0, range(9), lambda item: LARGE + 1):
            settled.result()


def test_work_that_another_thread_finishes() -> None:
    finishing: list[threading.Thread] = []

    def begin(number: int, done: Callable[[Result[int]], None]) -> None:
        if number == 5:
            raise ZeroDivisionError
        finishing.append(threading.Thread(target=done, args=(Result(number * 2, None),)))
        finishing[-1].start()

    with Pool(3) as pool:
        found = dict(pool.each(begin, range(10)))
    with pytest.raises(ZeroDivisionError):
        found.pop(5).result()
    assert {number: settled.result() for number, settled in found.items()} == {n: n * 2 for n in range(10) if n != 5}


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_that_ends_the_run_lets_nothing_begin_before_the_caller_hears_of_it(workers: int) -> None:
    begun, failed = [], threading.Event()

    def begin(number: int, done: Callable[[Result[int]], None]) -> None:
        begun.append(number)
        if number < workers - 1:
            assert failed.wait(30)  # under way beside the one that fails
            done(Result(number, None))
        else:
            done(Result(None, Throttled("slow down")))
            failed.set()

    with Pool(workers) as pool:
        settled = {}
        for number, result in pool.each(begin, range(2 * workers), last=(Throttled,)):
            settled[number] = result.error
    assert sorted(begun) == list(range(workers))
    assert [number for number, error in sorted(settled.items()) if error is None] == list(range(workers - 1))
    assert all(isinstance(settled[number], Throttled) for number in range(workers - 1, 2 * workers))


def test_an_error_of_another_kind_lets_the_rest_begin() -> None:
    def begin(number: int, done: Callable[[Result[int]], None]) -> None:
        done(Result(None, ValueError()) if number == 0 else Result(number, None))

    with Pool(1) as pool:
        settled = [(number, result.error is None) for number, result in pool.each(begin, range(4), last=(Throttled,))]
    assert settled == [(0, False), (1, True), (2, True), (3, True)]
