"""What is said while a command waits for a store."""

from __future__ import annotations

import time

import pytest

from s3sync.cli import waiting
from s3sync.cli.waiting import Waiting
from s3sync.store.watch import Retry, Watch


def retried(watch: Watch, number: int) -> None:
    watch.retrying(Retry("read at http://store", "Connection refused", number))
    time.sleep(0.4)


def test_b8_the_retries_of_several_requests_do_not_count_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """It said "retry 5", "retry 2", "retry 7", "retry 3": each of another request."""
    monkeypatch.setattr(waiting, "RETRIES_EVERY_S", 0.0)
    watch = Watch()
    said: list[str] = []
    watching = Waiting(said.append, lambda: True, lambda: time.monotonic(), watch)
    for number in (1, 5, 2, 5, 3, 6):
        retried(watch, number)
    monkeypatch.setattr(waiting, "FORGET_AFTER_S", 0.0)
    retried(watch, 1)
    watching.close()
    assert [line.split(":")[0] for line in said] == ["retry 1", "retry 5", "retry 6", "retry 1"]


def test_b9_a_stall_below_bars_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """While bytes move nothing is; the time is shortened here."""
    monkeypatch.setattr(waiting, "STALL_S", 1.2)
    said: list[str] = []
    moved = time.monotonic()
    watch = Watch()
    watching = Waiting(said.append, lambda: True, lambda: moved, watch)
    watching._on_terminal = True
    with watch.request("http://store to write"):
        for _ in range(8):
            moved = time.monotonic()
            time.sleep(0.2)
        assert said == []
        time.sleep(2.0)
    watching.close()
    assert len(said) == 1 and said[0].startswith("waiting for http://store to write (1 s)"), said
