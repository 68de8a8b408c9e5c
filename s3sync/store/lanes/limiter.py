"""Limit of the requests of one store that are under way at once: all of them, until the store asks to slow down.

Additive increase, multiplicative decrease (RFC 5681, section 3.1, as TCP does it): halved when the store says
SlowDown, and one more again after as many answers as may be under way.
"""

from __future__ import annotations

import threading
import time

from s3sync.store.lanes.tally import Tally

CEILING = 256.0
HALVE_EVERY_S = 0.5
"""Requests that were under way together are refused together: that is one hint, not many."""


class Limiter:
    """A request is made inside `with limiter:`. May be shared by any number of threads."""

    def __init__(self, ceiling: float = CEILING) -> None:
        self.limit = self._ceiling = ceiling
        self._under_way = 0
        self._halved_at = float("-inf")
        self._lock = threading.Lock()
        self._changed, self._waiting = threading.Condition(self._lock), 0
        self.shortest_s: float | None = None
        """How long the quickest answer took, so far."""
        self.breaks = 0
        """Number of requests whose connection broke under them; counted roughly, too."""
        self.answers = 0
        """Number of requests that were answered as they should be; counted without the lock, so roughly."""
        self.tally = Tally()

    def __enter__(self) -> None:
        """Wait until one more request may be under way."""
        with self._lock:
            while self._under_way >= max(1, int(self.limit)):
                self._waiting += 1
                self._changed.wait()
                self._waiting -= 1
            self._under_way += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._under_way -= 1
            if self._waiting:
                self._changed.notify()

    def took(self, seconds: float) -> None:
        """An answer came after so long, whatever it said."""
        if self.shortest_s is None or seconds < self.shortest_s:
            self.shortest_s = seconds

    def answered(self) -> None:
        """A request was answered as it should be."""
        self.answers += 1
        if self.limit < self._ceiling:
            with self._changed:
                self.limit = min(self._ceiling, self.limit + 1 / self.limit)
                self._changed.notify()

    def slow_down(self) -> None:
        """The store asked for fewer requests."""
        with self._changed:
            now = time.monotonic()
            if now - self._halved_at > HALVE_EVERY_S:
                self._halved_at = now
                self.limit = max(1.0, min(self.limit, float(self._under_way + 1)) / 2)
