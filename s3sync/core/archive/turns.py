"""Verification by turns: how much of a set one run takes, and whether that keeps to the period of its settings."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from fractions import Fraction

from msgspec import Struct

DAY_S = 86400
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?)\s*%")
USAGE = "write it as 2% or 0.5%, more than 0% and at most 100%"


def parse_share(text: str) -> Fraction | None:
    """Share of a whole that a text says in percent; None for what is no such text."""
    found = _SHARE.fullmatch(text.strip())
    share = Fraction(found[1]) / 100 if found else Fraction(0)
    return share if 0 < share <= 1 else None


def taken(total: int, share: Fraction | None) -> int:
    """Number of archives that one run takes of `total`: at least one where there is any. None: all."""
    return total if share is None else -(-total * share.numerator // share.denominator)


class Turn(Struct, frozen=True, kw_only=True):
    """Result of one run by turns for one set.

    `total` archives, of which `due` were asked for and `chosen` are looked at now. `runs`: how many such runs it takes
    until each was looked at once. `overdue` were not looked at within the period, and are not in this run. `since` is
    the time from the run by turns before this one. Periods are in seconds.
    """

    set: str
    total: int
    due: int
    chosen: int
    within_s: int | None = None
    overdue: int = 0
    since_s: int | None = None

    @property
    def runs(self) -> int:
        return -(-self.total // self.chosen) if self.chosen else 0

    @property
    def every_s(self) -> int | None:
        """Longest time from run to run that keeps to the period; None without a period, or with nothing to look at."""
        return self.within_s // self.runs if self.within_s is not None and self.runs else None

    @property
    def too_small(self) -> bool:
        """True if runs of this size, as far apart as the last two, do not get round within the period."""
        late = self.every_s is not None and self.since_s is not None and _pace(self.since_s) > self.every_s
        return self.overdue > 0 or late

    @property
    def enough_percent(self) -> Fraction | None:
        """Share in percent, in steps of a tenth, that does with the time between the last two runs; None where even
        all at once comes too late, or nobody can tell."""
        if self.within_s is None or not self.since_s or not self.total or _pace(self.since_s) > self.within_s:
            return None
        needed = -(-self.total // (self.within_s // _pace(self.since_s)))
        return min(Fraction(-(-needed * 1000 // self.total), 10), Fraction(100))


def _pace(since_s: int) -> int:
    """Seconds from run to run that a timer was set to, where two runs were `since_s` apart: up to 5 % less.

    A run by cron begins a moment later than the one before it did, or waits for a computer that slept: what is made up
    for by the next one is no slower pace.
    """
    return max(1, since_s * 20 // 21)


def before(now: datetime, seconds: int) -> datetime:
    """The moment so many seconds ago; the first one that there is where that is before all calendars."""
    try:
        return now - timedelta(seconds=seconds)
    except OverflowError:
        return datetime.min.replace(tzinfo=now.tzinfo)
