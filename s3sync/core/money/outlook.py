"""Outlook of a month: what it comes to at its end, in a year, and which limits it passes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from s3sync.core.archive.costs import MONTH_DAYS, NOTHING, Money
from s3sync.core.money.books import Books
from s3sync.core.money.month import DAY_S, Month
from s3sync.core.money.shares import Amounts, rate, storage, total


class Outlook(Struct, frozen=True):
    """Expected costs. `month_end`: the whole of this month; `traffic`: its requests and data out; `storage`: a whole
    month of what is there now; `year`: the next twelve months, if nothing is added and the traffic stays as it is."""

    month_end: Money
    traffic: Money
    storage: Money
    year: Money


class Alarm(Struct, frozen=True):
    """A limit of a month in dollars. `reached`: the month has come to it. `on`: the day on which it is expected to."""

    limit: float
    reached: bool
    on: str | None = None


class Saving(Struct, frozen=True):
    """Storage of a month as it is, and as if everything had been left in STANDARD."""

    storage: Money
    standard: Money

    @property
    def saved(self) -> Money:
        """Negative where colder classes cost more, as of very many small files."""
        return Money(self.standard.amount - self.storage.amount, self.standard.unknown | self.storage.unknown)


def outlook(every: Sequence[Books], month: Month, now: float, later: Money | None = None) -> Outlook:
    """Outlook from the present month up to `now`.

    The rest of the month has the storage that is there now, and requests and data out at the pace so far, which is that
    of a whole day at least. `later`: storage of the next twelve months, where rules are known that change it.
    """
    so_far = total(every, month, now)
    passed = max(DAY_S, now - month.start)
    traffic = so_far.traffic.times(max(1.0, (month.end - month.start) / passed))
    left = month.share(now, month.end)
    a_month = rate(every, now, month.days)
    month_end = so_far.storage + (a_month.times(left) if left else NOTHING) + traffic
    storage_of_year = later if later is not None else rate(every, now, MONTH_DAYS).times(12)
    return Outlook(month_end, traffic, a_month, storage_of_year + traffic.times(12 * MONTH_DAYS / month.days))


def alarms(so_far: Amounts, month: Month, now: float, limits: Iterable[float], expected: Money | None) -> list[Alarm]:
    """The limits, smallest first, and when each is expected to be reached: at an even pace from here to the end."""
    found = []
    amount, rest = so_far.total.amount, 0.0 if expected is None else expected.amount - so_far.total.amount
    for limit in sorted(set(limits)):
        on = None
        if amount < limit and rest > 0 and amount + rest >= limit:
            when = now + (month.end - now) * (limit - amount) / rest
            on = f"{datetime.fromtimestamp(min(when, month.end - 1), UTC):%Y-%m-%d}"
        found.append(Alarm(limit, amount >= limit, on))
    return found


def to_tell(found: Iterable[Alarm], told: Collection[float]) -> list[Alarm]:
    """Limits that were reached and of which nobody was told this month."""
    return [one for one in found if one.reached and one.limit not in told]


def saving(every: Sequence[Books], month: Month, now: float) -> Saving:
    """Savings by colder classes in a month up to `now`."""
    return Saving(storage(every, month, now), storage(every, month, now, as_standard=True))
