"""Costs as the dashboard shows them: by month for a picture, and what the present one is expected to come to."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from s3sync.costs import By, CostReport, MonthCost
from s3sync.costs import Costs as Counted
from s3sync.costs.words import lacking
from s3sync.dashboard import commands
from s3sync.dashboard.values import Costs, CostShare, Repository, SpentMonth
from s3sync.errors import S3syncError

MONTHS = 12
MOST_SHARES = 12
"""Projects that are told, those that cost most first."""
FRESH_S = 3600.0
"""Age up to which costs are told again: they take a listing and the histories of a year, and change by the day."""


class CostTeller:
    """Teller of costs, which asks for each repository at most once an hour."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[Path, tuple[float, Costs]] = {}

    def add(self, found: Repository, root: Path, flags: Mapping[str, str | None], environ: Mapping[str, str]) -> None:
        """Fill in the costs of a repository; where they cannot be told, a note of it says why."""
        try:
            found.costs = self.of(root, flags, environ)
        except S3syncError as error:
            found.notes.append(f"the costs cannot be told: {error}")

    def of(self, path: Path, flags: Mapping[str, str | None], environ: Mapping[str, str]) -> Costs:
        """Costs of the repository around a folder. Raises `S3syncError`."""
        asked, known = self._known.get(path, (0.0, None))
        if known is None or self._clock() - asked > FRESH_S:
            known = _costs(Counted.open(path=path, flags=flags, environ=environ))
            self._known[path] = self._clock(), known
        return known


def _costs(counted: Counted) -> Costs:
    months = counted.months(MONTHS)
    return costs_of(months, counted.report(by=By.PROJECT))


def costs_of(months: list[MonthCost], report: CostReport) -> Costs:
    """The value of what was counted. A month of which a part has no price says so."""
    largest = sorted(report.shares, key=lambda one: (-one.amounts.total.amount, one.name))
    return Costs(
        currency=report.currency,
        months=[
            SpentMonth(one.month, one.storage.amount, one.requests.amount, one.egress.amount, one.is_whole, _lacks(one))
            for one in months
        ],
        expected=None if report.outlook is None else report.outlook.month_end.amount,
        budget=report.budget,
        shares=[CostShare(one.name, one.amounts.total.amount, one.amounts.size) for one in largest[:MOST_SHARES]],
        is_billed=any(not one.is_free for one in report.places),
        lacks=lacking(report),
        commands=[
            *commands.command("What this month costs", "cost"),
            *commands.command("By project", "cost", "--by", "project"),
            *commands.command("What colder classes would save", "archive", "cost"),
        ],
    )


def _lacks(month: MonthCost) -> bool:
    return bool(month.total.unknown)
