"""Months of a bill, in UTC: `2026-10`, with their beginning and end as seconds since the Unix epoch."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from msgspec import Struct

from s3sync.errors import UsageError

_MONTH = re.compile(r"(\d{4})-(\d\d)", re.ASCII)
LAST = "last"
HOUR_S, DAY_S = 3600.0, 86400.0


class Month(Struct, frozen=True, order=True):
    """A month. `start` and `end` are seconds since the Unix epoch; `end` is the beginning of the next one."""

    start: float
    end: float

    @property
    def name(self) -> str:
        """`2026-10`."""
        return f"{datetime.fromtimestamp(self.start, UTC):%Y-%m}"

    @property
    def days(self) -> float:
        return (self.end - self.start) / DAY_S

    def share(self, since: float, until: float) -> float:
        """Part of the month that lies between two times, from 0 to 1: AWS bills storage by the hour of a month."""
        return max(0.0, min(until, self.end) - max(since, self.start)) / (self.end - self.start)


def month_at(when: datetime) -> Month:
    """The month of a time."""
    when = when.astimezone(UTC)
    start = when.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    after = start.replace(year=start.year + 1, month=1) if start.month == 12 else start.replace(month=start.month + 1)
    return Month(start.timestamp(), after.timestamp())


def month_before(month: Month, count: int = 1) -> Month:
    """The month that is `count` months earlier."""
    for _ in range(count):
        month = month_at(datetime.fromtimestamp(month.start - DAY_S, UTC))
    return month


def parse_month(text: str | None, now: datetime) -> Month:
    """The month that a text names: `last` the one before this, none this one.

    Raises `UsageError` for a later one, and nonsense.
    """
    if text is None or text == LAST:
        return month_at(now) if text is None else month_before(month_at(now))
    found = _MONTH.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= 12 or int(found[1]) < 1970:
        raise UsageError(f"{text[:40]!r} is no month", hint=f"write it like {now:%Y-%m}, or {LAST}")
    month = month_at(datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC))
    if month.start > now.timestamp():
        raise UsageError(
            f"{text} has not begun",
            why="what it will cost is not known",
            hint="without --month you see this month, and what it and the next twelve are expected to cost",
        )
    return month
