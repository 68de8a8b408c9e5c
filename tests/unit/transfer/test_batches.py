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
    busy = [threading.Thread(target=batches.bring, args=(number,)) for number in range(LANDING)]
    for one in busy:
        one.start()
        working.acquire()
    for number in range(BACKLOG - 1):
        batches.bring(number)
    assert done == []
    helper = threading.Thread(target=batches.bring, args=(-1,))
    helper.start()
    working.acquire()
    go.set()
    for one in [*busy, helper]:
        one.join()
    assert len(done) == LANDING + BACKLOG
