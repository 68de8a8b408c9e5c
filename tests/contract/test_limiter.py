"""The number of requests under way, after the store asked to slow down."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from s3sync.store.lanes.limiter import Limiter


def test_without_complaint_nothing_waits() -> None:
    limiter = Limiter()
    inside = threading.Barrier(16, timeout=20)

    def request(_: int) -> None:
        with limiter:
            inside.wait()
        limiter.answered()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(request, range(16)))
    assert limiter.limit == 256


def test_a_complaint_halves_what_was_under_way_once() -> None:
    limiter = Limiter()
    with limiter, limiter, limiter, limiter:
        for _ in range(10):
            limiter.slow_down()
    assert limiter.limit == 2.5


def test_never_more_under_way_than_allowed_and_slowly_more_again() -> None:
    limiter = Limiter(ceiling=4)
    limiter.slow_down()
    assert limiter.limit == 1
    under_way, most, lock = 0, 0, threading.Lock()

    def request(_: int) -> None:
        nonlocal under_way, most
        allowed = limiter.limit
        with limiter:
            with lock:
                under_way += 1
                most = max(most, under_way)
                assert under_way <= max(int(limiter.limit), int(allowed))
            with lock:
                under_way -= 1
        limiter.answered()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(request, range(200)))
    assert most <= 4
    assert limiter.limit == 4
