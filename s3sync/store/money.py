"""Abilities of a store that are about money, beside those in `aspects.py`. `aspect(store, Bills)` finds one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol, runtime_checkable

from s3sync.core.money.bill import Bill
from s3sync.core.money.budget import Budget, Limit


@runtime_checkable
class Bills(Protocol):
    """A store whose provider says what a month cost."""

    def bill(self, first: date, behind: date) -> Bill:
        """Bill of the whole account for S3, from one day up to another. One question, which is billed."""


@runtime_checkable
class Budgets(Protocol):
    """A store whose provider watches over what an account spends, and mails who is named."""

    def account(self) -> str:
        """Number of the account."""

    def budget(self, name: str) -> Budget | None:
        """The budget of that name; None where there is none."""

    def create_budget(self, budget: Budget) -> None: ...
    def change_amount(self, budget: Budget) -> None: ...
    def add_alarms(self, budget: Budget, limits: Sequence[Limit]) -> None: ...
