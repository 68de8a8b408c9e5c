"""Waits of this process, for whoever shows it to a person. Nothing is decided by it."""

from __future__ import annotations

import itertools
import time
from collections import deque
from threading import Lock

from msgspec import Struct

MOST_RETRIES = 100
"""Retries that are kept for somebody who asks; a program that uses the API may never ask."""


class Waiting(Struct, frozen=True):
    """The request that has been under way longest: what it is for, and since when (`time.monotonic`)."""

    what: str
    since: float


class Retry(Struct, frozen=True):
    """A request that is about to be sent again. `number` is 1 for the first repetition."""

    what: str
    why: str
    number: int


class Watch:
    """The requests of all stores of this process. Safe to use from any thread."""

    def __init__(self) -> None:
        self._under_way: dict[int, Waiting] = {}
        self._tokens = itertools.count()
        self._retries: deque[Retry] = deque(maxlen=MOST_RETRIES)
        self._lock = Lock()

    def request(self, what: str) -> _UnderWay:
        """A request is under way inside the block."""
        return _UnderWay(self._under_way, next(self._tokens), what)

    def retrying(self, retry: Retry) -> None:
        with self._lock:
            self._retries.append(retry)

    def longest(self) -> Waiting | None:
        """None when no request is under way."""
        return min(list(self._under_way.values()), key=lambda one: one.since, default=None)

    def new_retries(self) -> list[Retry]:
        """Those since the last call."""
        with self._lock:
            found = list(self._retries)
            self._retries.clear()
        return found


class _UnderWay:
    """One request. A class, as each file is one: a generator takes twice as long."""

    __slots__ = ("_all", "_token", "_what")

    def __init__(self, under_way: dict[int, Waiting], token: int, what: str) -> None:
        self._all, self._token, self._what = under_way, token, what

    def __enter__(self) -> None:
        self._all[self._token] = Waiting(self._what, time.monotonic())

    def __exit__(self, *_: object) -> None:
        del self._all[self._token]


WATCH = Watch()
