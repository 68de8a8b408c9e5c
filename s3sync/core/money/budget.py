"""Budget at the provider, which mails by itself when an account comes near to it: as it is, and as it is wanted."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

PERCENT, DOLLARS = "PERCENTAGE", "ABSOLUTE_VALUE"
"""Units of a limit, as AWS calls them."""
DEFAULT_PERCENTS = (50.0, 80.0, 100.0)
MOST_LIMITS = 5
"""Notifications that AWS allows for one budget."""
MOST_MAILS = 10
"""Addresses that AWS allows for one notification."""
NAME = "s3sync"


class Limit(Struct, frozen=True, order=True):
    """Amount of a month from which on a mail is sent: in percent of the budget, or in dollars. `mails`: to whom."""

    amount: float
    unit: str = PERCENT
    mails: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return f"{self.amount:g} %" if self.unit == PERCENT else f"${self.amount:g}"


class Budget(Struct, frozen=True):
    """Budget of a month for S3 in dollars. `is_ours`: it watches over S3 alone, month by month, as we make them."""

    name: str
    amount: float
    limits: tuple[Limit, ...] = ()
    is_ours: bool = True


class BudgetChange(Struct, frozen=True):
    """Changes that make a budget what is wanted."""

    create: bool
    amount: bool
    limits: tuple[Limit, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.create or self.amount or self.limits)


def difference(present: Budget | None, wanted: Budget) -> BudgetChange:
    """Changes from one budget to another. Limits that are there stay, be they ours or not; so do their addresses."""
    if present is None:
        return BudgetChange(True, False, wanted.limits)
    lacking: list[Limit] = []
    for limit in wanted.limits:
        mails = {mail.casefold() for one in present.limits if _same(one, limit) for mail in one.mails}
        left = tuple(mail for mail in limit.mails if mail.casefold() not in mails)
        if left:
            lacking.append(Limit(limit.amount, limit.unit, left))
    return BudgetChange(False, present.amount != wanted.amount, tuple(lacking))


def is_there(present: Budget | None, limit: Limit) -> bool:
    """True if a budget has this limit, whomever it tells."""
    return present is not None and any(_same(one, limit) for one in present.limits)


def too_many(present: Budget | None, change: Sequence[Limit]) -> int:
    """Number of limits beyond what AWS allows, once these are added."""
    has = 0 if present is None else len(present.limits)
    return max(0, has + sum(not is_there(present, limit) for limit in change) - MOST_LIMITS)


def _same(one: Limit, other: Limit) -> bool:
    return (one.amount, one.unit) == (other.amount, other.unit)
