"""Requests on lines that break in the middle: tried again as long as there is progress, and given up without it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from s3sync.store.lanes import attempts
from s3sync.store.lanes.limiter import Limiter
from s3sync.store.s3 import failures


class BreakingLine:
    """A request over a line whose connections last so many seconds each, by a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, needed_s: float, lasts: Iterable[float]) -> None:
        self.now, self.needed_s, self.lasts, self.made = 0.0, needed_s, iter(lasts), 0
        self.error: Callable[[], Exception] = lambda: ConnectionClosedError(endpoint_url="http://127.0.0.1")
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def send(self) -> str:
        lasts = next(self.lasts)
        self.made += 1
        self.now += min(lasts, self.needed_s)
        if lasts < self.needed_s:
            raise self.error()
        return "done"

    def run(self, limiter: Limiter) -> str:
        return attempts.Retries(limiter, "https://s3.example", "send part 1 of").run(self.send, failures.from_botocore)


@pytest.mark.parametrize(
    "lasts",
    [
        [30, 65, 101],
        [5, 61, 70, 80, 90, 101],
        [61, 61, 61, 101],
        [45, 12, 60, 33, 58, 7, 51, 20, 101],
    ],
    ids=str,
)
def test_a_part_that_breaks_again_and_again_is_sent_as_long_as_it_gets_on(
    monkeypatch: pytest.MonkeyPatch, lasts: list[float]
) -> None:
    """It was given up when it broke for the second time more than a minute after the first."""
    line = BreakingLine(monkeypatch, 100, lasts)
    assert line.run(Limiter()) == "done"
    assert line.made == len(lasts)


@pytest.mark.parametrize("breaks", [0.5, 20.0, 70.0])
def test_what_always_breaks_in_the_same_place_is_given_up(monkeypatch: pytest.MonkeyPatch, breaks: float) -> None:
    line = BreakingLine(monkeypatch, 100, (breaks + number % 3 / 100 for number in count()))
    with pytest.raises(attempts.RequestFailed):
        line.run(Limiter())
    assert line.now < 60 + (attempts.ATTEMPTS_S + 3) * breaks


def test_what_breaks_goes_on_while_others_are_answered_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    limiter, until = Limiter(), 12

    def lasts() -> Iterator[float]:
        for number in count():
            if number < until:
                limiter.answered()  # another part of the same file
            yield 40

    line = BreakingLine(monkeypatch, 100, lasts())
    with pytest.raises(attempts.RequestFailed):
        line.run(limiter)
    assert until < line.made < until + attempts.ATTEMPTS_S + 2


def test_what_breaks_alone_is_given_up_although_others_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by a box on the way that does not like what is in it. It would be sent for as long as the others take."""
    limiter = Limiter()

    def lasts() -> Iterator[float]:
        while True:
            limiter.answered()
            yield 2

    line = BreakingLine(monkeypatch, 100, lasts())
    with pytest.raises(attempts.RequestFailed):
        line.run(limiter)
    assert line.now < attempts.OTHERS_S + 100


def silence() -> Any:
    return ReadTimeoutError(endpoint_url="http://127.0.0.1", error="Read timed out. (read timeout=300)")


def refusal() -> Any:
    return ClientError({"Error": {"Code": "InternalError"}, "ResponseMetadata": {"HTTPStatusCode": 500}}, "UploadPart")


@pytest.mark.parametrize(("error", "most"), [(silence, 3), (refusal, 2)], ids=["silence", "refusal"])
def test_neither_silence_nor_a_refusal_is_progress(
    monkeypatch: pytest.MonkeyPatch, error: Callable[[], Any], most: int
) -> None:
    """However long each lasts. After a silence patience begins anew once, as all connections are new."""
    line = BreakingLine(monkeypatch, 1000, (61.0 * number for number in count(1)))
    line.error = error
    with pytest.raises(attempts.RequestFailed):
        line.run(Limiter())
    assert line.made <= most
