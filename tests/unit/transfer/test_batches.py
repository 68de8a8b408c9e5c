"""What several threads bring is worked on together: everything once, little at a time, and nobody waits for nothing."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

import pytest

from s3sync.transfer.fetch.small import BACKLOG, LANDING, MOST, Batches

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("threads", [1, 2, 7, 40])
def test_everything_is_worked_on_once(threads: int) -> None:
    seen, lock = Counter[int](), threading.Lock()
    sizes: set[int] = set()

    def work(batch: Sequence[int]) -> None:
        with lock:
            seen.update(batch)
            sizes.add(len(batch))

    batches = Batches(work)
    numbers = iter(range(5000))

    def bring() -> None:
        for number in numbers:
            batches.expect()
            batches.bring(number)

    workers = [threading.Thread(target=bring) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert seen == Counter(range(5000))
    assert max(sizes) <= MOST


def test_who_brings_more_goes_on_while_others_work() -> None:
    """Until too much waits: then whoever comes has to help."""
    working, go = threading.Semaphore(0), threading.Event()
    done: list[int] = []

    def work(batch: Sequence[int]) -> None:
        working.release()
        go.wait()
        done.extend(batch)

    batches = Batches(work)

    def bring(number: int) -> None:
        batches.expect()
        batches.bring(number)

    busy = [threading.Thread(target=bring, args=(number,)) for number in range(LANDING)]
    for one in busy:
        one.start()
        working.acquire()
    for number in range(BACKLOG - 1):
        bring(number)
    assert done == []
    helper = threading.Thread(target=bring, args=(-1,))
    helper.start()
    working.acquire()
    go.set()
    for one in [*busy, helper]:
        one.join()
    assert len(done) == LANDING + BACKLOG


@pytest.mark.parametrize("given_up", [False, True])
@pytest.mark.parametrize("waiting", [1, MOST - 1])
def test_few_wait_for_those_on_their_way_and_for_nobody_else(waiting: int, given_up: bool) -> None:
    done: list[list[int]] = []
    batches = Batches[int](lambda batch: done.append(list(batch)))
    for _ in range(waiting + 1):
        batches.expect()
    for number in range(waiting):
        batches.bring(number)
    assert done == []
    if given_up:
        batches.give_up()
    else:
        batches.bring(waiting)
    assert done == [list(range(waiting + (not given_up)))]


def test_enough_wait_for_nobody() -> None:
    done: list[list[int]] = []
    batches = Batches[int](lambda batch: done.append(list(batch)))
    for _ in range(MOST + 2):
        batches.expect()
    for number in range(MOST + 1):
        batches.bring(number)
    assert done == [list(range(MOST))]
    batches.give_up()
    assert done == [list(range(MOST)), [MOST]]


def test_what_comes_while_others_work_is_left_to_them_or_to_who_comes_next() -> None:
    """The one that is at work ends while another is on its way: what waits then waits for that one."""
    begun, go = threading.Event(), threading.Event()
    done: list[list[int]] = []

    def work(batch: Sequence[int]) -> None:
        done.append(list(batch))
        begun.set()
        assert go.wait(30)

    batches = Batches(work)
    batches.expect()
    busy = threading.Thread(target=batches.bring, args=(0,))
    busy.start()
    assert begun.wait(30)
    batches.expect()
    batches.expect()
    batches.bring(1)
    go.set()
    busy.join()
    assert done == [[0]]
    batches.bring(2)
    assert done == [[0], [1, 2]]
