"""Bound on what an interruption costs: how many bytes of large bodies are on their way and not yet acknowledged.

Whatever was sent of a part is lost when the line breaks before the answer comes. So no more is at stake than the line
carries in ten seconds, as far as has been measured, or one part where that is more. A thin line then has one part under
way, and the next begins as the last bytes of this one leave; a fast one has as many as the pool allows. Where
connections break again and again there is less at stake: each break costs half of what is under way on a connection.

Bodies that share a line end together. So that it is not idle then for a round trip, one more begins shortly before.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from s3sync.core.etag import MIB, PART_SIZE
from s3sync.transfer.pool import PARTS_AT_ONCE

AT_STAKE_S = 10.0
AT_STAKE_BYTES = PART_SIZE
SHARE_AT_STAKE = 0.05
"""At most so much of the time that a connection lasted on average. A break then costs half of that share of all bytes:
with t seconds of the line under way and a break every T seconds of a connection, t / (2 T)."""
ABOUT_TO_BEGIN = 1
"""Parts of a file that wait beside those under way, for the moment in which the line would be idle."""
NEARLY_BYTES, MOST_NEARLY = MIB, PART_SIZE // 2
"""Bytes that the bodies under way may still have to move when the next begins, so that no round trip is idle: at least
so many, and what the line carries while a connection is opened and answers, but no more than that."""
WINDOW_S = 10.0
LOOK_S, LOOKS = 0.2, 50
"""Seconds between two looks of whoever waits, and looks in a row at bodies that stand still."""


class AtStake:
    """Large bodies under way in one direction, and what the line carried lately. Knows no clock and no lock."""

    def __init__(self, round_trip_s: Callable[[], float | None] = lambda: None) -> None:
        self._round_trip_s = round_trip_s
        self._sizes: dict[int, int] = {}
        self._left: dict[int, int] = {}
        self._files: dict[int, object] = {}
        self._speed = 0.0
        self._began: dict[int, float] = {}
        self._ended: deque[tuple[float, float, int]] = deque()
        self._breaks, self._lasted_s, self._counted = 0, 0.0, 0.0
        self.rate: float | None = None
        """Bytes a second that were acknowledged; None until something was."""

    @property
    def allowed(self) -> float:
        """Bytes that may be at stake."""
        seconds = AT_STAKE_S
        if self._breaks:
            seconds = min(seconds, SHARE_AT_STAKE * self._lasted_s / self._breaks)
        return max(AT_STAKE_BYTES, seconds * (self.rate or 0.0))

    @property
    def nearly(self) -> float:
        """Bytes that may be left of what is under way when one more begins, whatever else speaks against it."""
        if self._breaks:
            return NEARLY_BYTES
        answered_s = 2 * (self._round_trip_s() or 0.0)
        return min(MOST_NEARLY, max(NEARLY_BYTES, answered_s * (self.rate or self._speed)))

    def may_begin(self, size: int, file: object = None) -> bool:
        """True if one more body of that many bytes may begin: of a `file` not more than `PARTS_AT_ONCE`."""
        if sum(self._left.values()) <= self.nearly:
            return True
        if file is not None and sum(other == file for other in self._files.values()) >= PARTS_AT_ONCE:
            return False
        return sum(self._sizes.values()) + size <= self.allowed

    def begin(self, body: int, size: int, now: float, file: object = None) -> None:
        self._count(now)
        self._files[body] = file
        if not self._sizes:
            self._ended.clear()
        self._sizes[body] = self._left[body] = size
        self._began[body] = now

    def moved(self, body: int, at: int, now: float | None = None) -> None:
        """The body is on its way up to that byte."""
        self._left[body] = max(0, self._sizes[body] - at)
        took = 0.0 if now is None else now - min(self._began.values())
        if took > 0:
            self._speed = (sum(self._sizes.values()) - sum(self._left.values())) / took

    def broke(self, body: int, now: float) -> None:
        """Take it off the line, as its connection broke, until it begins anew."""
        self._count(now)
        self._breaks += 1
        del self._sizes[body], self._left[body], self._began[body], self._files[body]

    def is_beyond(self, body: int, at: int) -> bool:
        """True if it was farther than that already."""
        return self._sizes[body] - self._left[body] > at

    def _count(self, now: float) -> None:
        """Take account of how long the bodies under way had a connection."""
        self._lasted_s += len(self._sizes) * (now - self._counted)
        self._counted = now

    def end(self, body: int, now: float, *, acknowledged: bool) -> None:
        self._count(now)
        size, began = self._sizes.pop(body, 0), self._began.pop(body, now)
        self._left.pop(body, None)
        self._files.pop(body, None)
        if not acknowledged:
            return
        self._ended.append((now, began, size))
        while self._ended[0][0] < now - WINDOW_S:
            self._ended.popleft()
        took = now - min(began for _, began, _ in self._ended)
        self.rate = sum(size for _, _, size in self._ended) / max(took, 0.001)


class Line:
    """One direction of the line to the store, as all threads of a run share it."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        round_trip_s: Callable[[], float | None] = lambda: None,
        *,
        expected: float | None = None,
    ) -> None:
        """`expected`: the rate that was measured last time."""
        self._expected = expected
        self._flow, self._clock, self._bodies = AtStake(round_trip_s), clock, count()
        self._changed, self._moves = threading.Condition(threading.Lock()), 0

    @property
    def measured(self) -> float | None:
        """Bytes a second that were acknowledged lately; None until a large body was."""
        return self._flow.rate

    @property
    def rate(self) -> float | None:
        """Rate that was measured, or that is to be expected."""
        return self.measured or self._expected

    @contextmanager
    def body(self, size: int, check: Callable[[], None], file: object = None) -> Iterator[Callable[[int], None]]:
        """Wait until a large body may begin, and give back whom to tell how far it is. `check` may raise meanwhile.

        `file`: the one that it is a part of. A body that is sent again, as its connection broke, waits for its turn,
        but for none that stands still: those may wait themselves, for the request that this one is (`Limiter`).
        """
        flow, body, acknowledged = self._flow, next(self._bodies), False

        def begin(most_looks: float = math.inf) -> None:
            still = 0
            while not flow.may_begin(size, file) and still < most_looks:
                moves = self._moves
                self._changed.wait(LOOK_S)
                still = still + 1 if self._moves == moves else 0
                check()
            flow.begin(body, size, self._clock(), file)

        def moved(at: int) -> None:
            with self._changed:
                self._moves += 1
                if flow.is_beyond(body, at):
                    flow.broke(body, self._clock())
                    self._changed.notify()
                    begin(LOOKS)
                flow.moved(body, at, self._clock())
                if flow.may_begin(size):
                    self._changed.notify()

        with self._changed:
            begin()

        try:
            yield moved
            acknowledged = True
        finally:
            with self._changed:
                flow.end(body, self._clock(), acknowledged=acknowledged)
                self._changed.notify_all()
