"""Least rate of a body, as curl's `--speed-limit` and `--speed-time`: one that drips ends no wait for a next byte."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure

PERIOD_S = 120.0
LEAST_BYTES = 16 * 1024
"""Bytes that have to come in a period: 137 a second for one transfer, where 16 that share 28 kbit/s have 219."""
DRIPPING = Failure("dripping", message="its bytes come too slowly, less than 16 KiB in two minutes")
HINT = "look for a proxy on the way that holds answers back; what was done so far is kept: run the command again"


class LeastRate:
    """Measure of one body, by the time in which its bytes were waited for: what its reader does in between is free."""

    def __init__(self) -> None:
        self._waited_s, self._got = 0.0, 0

    def took(self, seconds: float, count: int) -> None:
        """Note that so many bytes came after such a wait. Raises `RequestFailed` where too few came in a period."""
        self._waited_s += seconds
        self._got += count
        if self._waited_s <= PERIOD_S:
            return
        self._require()
        self._waited_s, self._got = 0.0, 0

    def _require(self) -> None:
        if self._got * PERIOD_S < LEAST_BYTES * self._waited_s:
            raise RequestFailed(DRIPPING)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Around a wait whose bytes are unknown when it fails: one that was longer than any of a sound body dripped."""
        began = monotonic()
        try:
            yield
        except Exception:
            if monotonic() - began > LONGEST * PERIOD_S:
                raise RequestFailed(DRIPPING) from None
            raise


BREAKING_S, MANY_BREAKS = 600.0, 5
"""Time in which as many bytes have to come over connections that break again and again, each with a few of them: far
less than a thin line carries between its outages. Few breaks in it may be one of a computer that slept."""


class LeastOverBreaks:
    """Measure of one body over all its connections: where each brings a byte and breaks, none of them drips."""

    def __init__(self) -> None:
        self._since, self._got, self._breaks = monotonic(), 0, 0

    def took(self, count: int) -> None:
        """Note that so many bytes came."""
        self._got += count

    def is_too_little(self) -> bool:
        """Note that a connection broke; whether too little came by then."""
        self._breaks += 1
        if self._got >= LEAST_BYTES:
            self._since, self._got, self._breaks = monotonic(), 0, 0
        return self._breaks >= MANY_BREAKS and monotonic() - self._since >= BREAKING_S


LONGEST = 10
"""Periods that a piece of a body (`obstore/reader.py`, 128 KiB) takes at the least rate, and a little more."""
