"""Rate at which this computer has sent archives: noted by each run, and told by `archive analyze`."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from s3sync.core.archive.records import LogEntry

ACTION = "run"
LEAST_BYTES = 8 << 20
"""Bytes of a run from which its rate says something of the line."""
RUNS = 10
"""Newest runs that a measured rate is of."""
_DETAIL = re.compile(r"sent in ([0-9]{1,9}\.[0-9]) s")


class Measured(Struct, frozen=True):
    """Bytes a second over some runs, and the day of the newest."""

    rate: int
    runs: int
    newest: str


class Stopwatch:
    """Seconds in which something was sent."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time of the block."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds += time.monotonic() - began


def sent_in(seconds: float) -> str:
    """Detail of a run's entry in the log."""
    return f"sent in {seconds:.1f} s"


def measured(entries: Iterable[LogEntry]) -> Measured | None:
    """Rate of the newest runs of a log (newest first) that sent enough; None where there is none."""
    size, seconds, days = 0, 0.0, list[str]()
    for entry in entries:
        found = _DETAIL.fullmatch(entry.detail) if entry.action == ACTION else None
        if found is not None and entry.size >= LEAST_BYTES and float(found[1]) > 0 and len(days) < RUNS:
            size += entry.size
            seconds += float(found[1])
            days.append(entry.at[:10])
    return Measured(int(size / seconds), len(days), days[0]) if days else None
