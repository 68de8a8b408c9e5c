"""Pace of a work: the rate over the last seconds and the time left, both from bytes that really travelled."""

from __future__ import annotations

from collections import deque
from threading import Lock

PERIOD_S = 10.0
"""Time over which the rate is taken."""
SURE_AFTER_S = 1.0
"""Time before which no rate is said: the first bytes only fill the buffers on their way."""
SAMPLE_EVERY_S = 0.25


class Pace:
    """Bytes that travel from a moment on. Moments are those of `time.monotonic`."""

    def __init__(self) -> None:
        self._moved = 0
        self._samples: deque[tuple[float, int]] = deque()
        """Moments and the bytes moved until then, about `PERIOD_S` back."""
        self._lock = Lock()

    def begin(self, now: float) -> None:
        """Work begins; what was begun goes on."""
        with self._lock:
            if not self._samples:
                self._samples.append((now, 0))

    def advance(self, n: int, now: float) -> None:
        """`n` more bytes travelled; negative when they have to travel again."""
        self.begin(now)
        with self._lock:
            self._moved += n
            if now - self._samples[-1][0] >= SAMPLE_EVERY_S:
                self._samples.append((now, self._moved))
                self._forget(now)

    def rate(self, now: float) -> float | None:
        """Bytes a second, never negative; None while it is too early to say."""
        with self._lock:
            self._forget(now)
            since, moved = self._samples[0] if self._samples else (now, 0)
            since = max(since, now - PERIOD_S)
            if now - since < SURE_AFTER_S:
                return None
            return max(0.0, (self._moved - moved) / (now - since))

    def _forget(self, now: float) -> None:
        """Drop samples from before the period, but for the one at its beginning."""
        while len(self._samples) > 1 and self._samples[1][0] <= now - PERIOD_S:
            self._samples.popleft()


def left_text(missing: int, rate: float | None) -> str:
    """Time that the missing bytes take: `0:00:08`, or `-:--:--` where nobody can tell."""
    seconds = missing / rate if rate else None
    if seconds is None or seconds > 100 * 3600:
        return "-:--:--"
    whole = round(seconds)
    return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"
