"""Decisions of `archive auto`: which unit goes one tier further now, and why another one is left alone.

A unit goes from the computer to a disk (SSD), from there into a bucket, and there into a cold class. Each run takes it
one step, the steps that make room first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from enum import StrEnum

from msgspec import Struct

from s3sync.core.archive.costs import Money, amount_text
from s3sync.core.versions import time_text

DAY_S = 86400
AHEAD = timedelta(days=1)
"""Time by which clocks of different computers and disks may differ."""
LONGEST_JUMP = timedelta(days=365)
LONGEST_WINDOW = timedelta(hours=12)


class Tier(StrEnum):
    """Place that a step leads to."""

    SSD = "ssd"
    S3 = "s3"
    GLACIER = "glacier"


DAYS = {Tier.SSD: 90, Tier.S3: 180, Tier.GLACIER: 365}
"""Days without any work after which a unit goes there."""
ORDER = (Tier.GLACIER, Tier.S3, Tier.SSD)
"""Order of the steps of one run: the later tier is emptied into the next one before something comes into it."""


class Touch(Struct, frozen=True):
    """Last sign of work on a unit, and of which kind it was, in words."""

    at: datetime
    what: str


class Candidate(Struct, frozen=True):
    """Unit that is not where its files' age says. `obstacles` are reasons why it has to stay, in words.

    `after_s`: seconds without work after which the step is due. `month`: change of what a month of storage costs;
    `once`: what the step itself costs; None where that is not known, for the reason in `no_price`. `archives` are the
    keys that move to the class `target`. `again`: it was worked on after an older version of it was sent, which is
    replaced.
    """

    unit: str
    set: str
    tier: Tier
    size: int
    files: int
    after_s: int
    touches: tuple[Touch, ...]
    newest_ns: int = 0
    obstacles: tuple[str, ...] = ()
    month: Money | None = Money()
    once: Money | None = Money()
    no_price: str | None = None
    target: str | None = None
    archives: tuple[str, ...] = ()
    again: bool = False

    @property
    def last(self) -> Touch:
        return max(self.touches, key=lambda touch: touch.at)


class Choice(Struct, frozen=True):
    """A candidate, and the reason why it stays where it is; None for one that goes."""

    candidate: Candidate
    reason: str | None = None


class Budget(Struct, frozen=True):
    """Budget of a month. `storage`: a month of all that is stored now; `spent`: what this month's steps cost so far."""

    limit: float | None = None
    storage: float = 0.0
    spent: float = 0.0
    unknown: str | None = None
    """Reason why the storage of now has no price."""
    currency: str = "USD"


class Plan(Struct, frozen=True):
    """Units that go now, in their order, and those that are left alone. `month`: what the month costs afterwards."""

    steps: tuple[Choice, ...]
    left: tuple[Choice, ...]
    month: float
    budget: Budget


def decide(candidates: Iterable[Candidate], money: Budget, now: datetime) -> Plan:
    """The plan of a run. No step takes the month above its budget: neither alone nor after those before it."""
    steps, left = list[Choice](), list[Choice]()
    month = money.storage + money.spent
    for one in sorted(candidates, key=lambda one: (ORDER.index(one.tier), one.last.at, one.unit)):
        reason = _stays(one, now) or too_dear(one, money, month)
        if reason is not None:
            left.append(Choice(one, reason))
            continue
        steps.append(Choice(one))
        month += added(one)
    return Plan(tuple(steps), tuple(left), month, money)


def is_due(newest: datetime, after_s: int, now: datetime) -> bool:
    """True for work that is so long ago. What is of the future is not."""
    return now - newest >= timedelta(seconds=after_s)


def _stays(one: Candidate, now: datetime) -> str | None:
    if one.obstacles:
        return "; ".join(one.obstacles)
    if not is_due(one.last.at, one.after_s, now):
        days = one.after_s // DAY_S
        return f"{one.last.what} on {time_text(one.last.at)}, less than {days} days ago"
    return None


def too_dear(one: Candidate, money: Budget, month: float) -> str | None:
    """Reason why a step would take a month that costs `month` by now above its budget."""
    if money.limit is None or one.tier is Tier.SSD:
        return None
    reason = money.unknown or one.no_price or _unknown(one.month) or _unknown(one.once)
    if reason is not None:
        return f"there is a budget, and the price is not known: {reason}"
    more = added(one)
    if more <= 0 or month + more <= money.limit:
        return None
    after, limit = amount_text(month + more, money.currency), amount_text(money.limit, money.currency)
    return f"the month would cost {after}, and the budget is {limit}"


def _unknown(money: Money | None) -> str | None:
    if money is None:
        return "the store has no price list"
    return f"there is no price for {', '.join(sorted(money.unknown))}" if money.unknown else None


def added(one: Candidate) -> float:
    """Amount by which a step changes what its month costs."""
    return (one.month.amount if one.month is not None else 0.0) + (one.once.amount if one.once is not None else 0.0)


def clock_problem(now: datetime, last_run: datetime | None, known: Iterable[datetime]) -> str | None:
    """Reason why this computer's clock cannot be right; None where nothing speaks against it.

    `known` are times of things that happened: of files, archives and settings.
    """
    if last_run is not None and last_run > now + AHEAD:
        return f"it is {time_text(now)} by it, and the last run was on {time_text(last_run)}"
    newest = max((one for one in (*known, *([last_run] if last_run else ())) if one <= now + AHEAD), default=None)
    if newest is not None and now - newest > LONGEST_JUMP:
        return f"it is {time_text(now)} by it, more than a year after the newest thing known, of {time_text(newest)}"
    return None


def window_end(until: time, now: datetime) -> datetime | None:
    """Moment at which a window ends that is open `now`, both in one time zone; None where it is over.

    A window lasts 12 hours at most: by day the one that ended in the morning is over, and does not last until the next.
    """
    end = now.replace(hour=until.hour, minute=until.minute, second=0, microsecond=0)
    if end <= now:
        end += timedelta(days=1)
    return end if end - now <= LONGEST_WINDOW else None


def parse_hour(text: str) -> time | None:
    """Time of the day from `HH:MM`; None for what is none."""
    hours, found, minutes = text.strip().partition(":")
    digits = found and all(part.isascii() and part.isdigit() and 0 < len(part) <= 2 for part in (hours, minutes))
    if not digits or int(hours) > 23 or int(minutes) > 59 or len(minutes) != 2:
        return None
    return time(int(hours), int(minutes))
