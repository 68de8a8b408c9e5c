"""The limit on the speed of each direction, shared by all requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime

from s3sync.core.bandwidth import Timetable, parse_bandwidth
from s3sync.store.port import Pace, Unlimited

BURST_S = 0.2
"""After a pause, so many seconds' worth of bytes may pass at once."""


class Throttle:
    """A `store.port.Pace` that follows a timetable by the local time of day."""

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable
        self._up, self._down = _Lane(), _Lane()

    def send(self, n: int) -> None:
        self._up.pass_through(n, lambda: self._timetable.at(_minute()).up)

    def receive(self, n: int) -> None:
        self._down.pass_through(n, lambda: self._timetable.at(_minute()).down)


def pace_at(text: object) -> Pace:
    """The limit that a text of the settings asks for; none without one."""
    timetable = parse_bandwidth(text) if text is not None else None
    return Unlimited() if timetable is None or timetable.unlimited else Throttle(timetable)


def _minute() -> int:
    now = datetime.now().astimezone()
    return now.hour * 60 + now.minute


class _Lane:
    """One direction: the moment at which the bytes so far have been paid for."""

    def __init__(self) -> None:
        self._paid_until = 0.0
        self._lock = threading.Lock()

    def pass_through(self, n: int, rate: Callable[[], int | None]) -> None:
        with self._lock:
            limit = rate()
            if limit is None:
                return
            now = time.monotonic()
            self._paid_until = max(self._paid_until, now - BURST_S) + n / limit
            wait = self._paid_until - now
        if wait > 0:
            time.sleep(wait)
