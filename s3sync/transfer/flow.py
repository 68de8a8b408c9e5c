"""Number of small requests that are under way at once: it follows from what the line and the store have shown so far.

By Little's law a rate of answers needs (rate x round trip) requests under way. Twice that are allowed: where the line
carries more, the rate doubles, and so does the number; where it is full, the rate stays, and the number with it. BBR
(Cardwell et al., 2016) finds the window of a TCP connection in this way.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

CEILING = 256
FLOOR = 16
"""Fewer gain nothing on any line, and keep a short one from being filled."""
REQUESTS_A_SECOND = 1_000
"""Requests that a program and a store can be expected to bear: no more to begin with, however slow the line."""
GAIN = 2.0
CAREFUL_GAIN, TRUST = 1.25, 0.05
"""The gain where connections break: more than the rate x round trip under way is more to lose. It grows back by so much
with each window in which nothing broke."""
WINDOW_S = 0.05
"""A rate is measured over so long at least, over a round trip, and over as many answers as may be under way: what came
in less may be a burst, which says nothing of the line."""
WINDOWS, SURE = 5, 3
"""The best rate of so many windows counts, and once there are three the second best: a slow moment is no reason to do
less, and a burst none to do more."""

MIB = 1024 * 1024
FEWEST_BYTES, MOST_BYTES = MIB, 48 * MIB
"""Bytes of the bodies that are under way. They are in memory; and on a thin line they all wait for each other."""
BYTES_FOR_S = 0.4
"""At most so much as the line carries in this time."""


def first_limit(round_trip_s: float | None, ceiling: int = CEILING) -> int:
    """Requests to begin with, when the first answers took so long; None when none was waited for."""
    wanted = FLOOR if round_trip_s is None else math.ceil(round_trip_s * REQUESTS_A_SECOND)
    return max(1, min(ceiling, max(FLOOR, wanted)))


class Flow:
    """Limit of the requests under way (`limit`), and of their bytes (`budget`). Knows no clock and no lock."""

    def __init__(
        self, ceiling: int = CEILING, round_trip_s: float | None = None, breaks: Callable[[], int] = lambda: 0
    ) -> None:
        """`breaks` tells how many connections have broken so far, on which a request was under way."""
        self.ceiling, self._breaks = ceiling, breaks
        self._broken, self._gain = breaks(), GAIN
        self.limit = first_limit(round_trip_s, ceiling)
        self.budget = FEWEST_BYTES
        self._allowed = float(ceiling)
        """After a failure less than the ceiling, until windows without one have raised it again."""
        self._rates: deque[tuple[float, float]] = deque(maxlen=WINDOWS)
        self._shortest_s = math.inf if round_trip_s is None else round_trip_s
        """Of a whole run: later answers have waited in a queue that this class itself has made."""
        self._open(None)

    def _open(self, at: float | None) -> None:
        self._opened, self._answers, self._bytes, self._starved = at, 0, 0, False

    def answered(self, began: float, ended: float, size: int, *, more: bool) -> None:
        """A request of so many bytes was answered. `more`: others wait, so that the line was what bounded the rate."""
        self._shortest_s = min(self._shortest_s, max(ended - began, 0.0))
        if self._opened is None:
            self._opened = began
        self._answers += 1
        self._bytes += size
        self._starved = self._starved or not more
        is_enough = self._answers >= self.limit or self._bytes >= self.budget
        if is_enough and ended - self._opened >= max(WINDOW_S, self._shortest_s):
            self._close(ended)
        elif self._breaks() != self._broken:
            self._be_careful()

    def failed(self, now: float) -> None:
        """A request was given up, for want of an answer or because the store has too many."""
        self._allowed = max(1.0, min(self._allowed, float(self.limit)) / 2)
        self._rates.clear()
        self.budget = max(FEWEST_BYTES, self.budget // 2)
        self.limit = max(1, int(self._allowed))
        self._open(now)

    def _close(self, now: float) -> None:
        assert self._opened is not None
        took = now - self._opened
        rate = (self._answers / took, self._bytes / took)
        if self._breaks() != self._broken:
            self._be_careful()
        else:
            self._gain = min(GAIN, self._gain + TRUST)
        if not self._starved:
            self._rates.append(rate)
            self._allowed = min(float(self.ceiling), self._allowed + max(1.0, self._allowed / 8))
        self._open(now)
        if not self._rates:
            return
        carried = max(rate[1] for rate in self._rates)
        self.limit = max(1, min(self._wanted(), int(self._allowed), self.ceiling))
        self.budget = max(FEWEST_BYTES, min(MOST_BYTES, int(carried * max(BYTES_FOR_S, GAIN * self._shortest_s))))

    def _wanted(self) -> int:
        """Requests that the rate needs; at most twice as many as now, as a burst says nothing of the line."""
        fastest = sorted(rate[0] for rate in self._rates)
        answers = fastest[-2] if len(fastest) >= SURE else fastest[-1]
        return max(FLOOR, min(math.ceil(self._gain * answers * self._shortest_s), math.ceil(GAIN * self.limit)))

    def _be_careful(self) -> None:
        """A connection broke: from now on no more is under way than the line needs."""
        self._broken, self._gain = self._breaks(), CAREFUL_GAIN
        if self._rates:
            self.limit = max(1, min(self.limit, self._wanted()))
