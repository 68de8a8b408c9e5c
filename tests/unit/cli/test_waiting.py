"""What is said while a command waits for a store."""

from __future__ import annotations

import re
import threading
import time

import pytest

from s3sync.cli import waiting
from s3sync.cli.waiting import Waiting
from s3sync.store.watch import Retry, Watch


class Looks:
    """When a byte moved last, for `Waiting`, and how often that was asked: once with each of its looks."""

    def __init__(self) -> None:
        self.moves, self._last = True, time.monotonic()
        self._asked = threading.Semaphore(0)

    def still_since(self) -> float:
        self._asked.release()
        if self.moves:
            self._last = time.monotonic()
        return self._last

    def wait(self, count: int) -> None:
        """Wait for so many looks from now on: the first one may have begun before."""
        while self._asked.acquire(blocking=False):
            pass
        for _ in range(count + 1):
            assert self._asked.acquire(timeout=60)


def test_b8_the_retries_of_several_requests_do_not_count_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """It said "retry 5", "retry 2", "retry 7", "retry 3": each of another request."""
    monkeypatch.setattr(waiting, "RETRIES_EVERY_S", 0.0)
    watch = Watch()
    said: list[str] = []
    looks = Looks()

    def retried(number: int) -> None:
        watch.retrying(Retry("read at http://store", "Connection refused", number))
        looks.wait(1)

    watching = Waiting(said.append, lambda: True, looks.still_since, watch)
    with watch.request("http://store to read"):
        for number in (1, 5, 2, 5, 3, 6):
            retried(number)
        monkeypatch.setattr(waiting, "FORGET_AFTER_S", 0.0)
        retried(1)
    watching.close()
    assert [line.split(":")[0] for line in said] == ["retry 1", "retry 5", "retry 6", "retry 1"]


def test_b9_a_stall_below_bars_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """While bytes move nothing is; the time is shortened here."""
    monkeypatch.setattr(waiting, "STALL_S", 1.2)
    said: list[str] = []
    told = threading.Event()

    def show(line: str) -> None:
        said.append(line)
        told.set()

    watch, looks = Watch(), Looks()
    watching = Waiting(show, lambda: True, looks.still_since, watch)
    watching._on_terminal = True
    with watch.request("http://store to write"):
        began = time.monotonic()
        while time.monotonic() < began + 1.5:
            looks.wait(1)
        assert said == []
        looks.moves = False
        assert told.wait(60)
        looks.wait(2)
    watching.close()
    assert len(said) == 1 and re.match(r"waiting for http://store to write \([1-9]\d* s\)", said[0]), said
