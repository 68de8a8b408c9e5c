"""Words of a cost report, for every place that shows one. Names in them may be anybody's: whoever shows them masks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from s3sync.core.archive.costs import Money, amount_text
from s3sync.core.names import short_text
from s3sync.core.quantities import size_text
from s3sync.costs.report import CostReport

MOST_NAMED = 5
"""Projects that a line names."""


def whose(report: CostReport) -> str:
    """Owner of the costs, in words: the repository, or outside of one the user's own archive sets."""
    return report.repo or "your own archive sets"


def title(report: CostReport) -> str:
    """`November 2026 so far`, or `October 2026` for a month that is over."""
    when = date.fromisoformat(f"{report.month}-01")
    return f"{_MONTHS[when.month - 1]} {when.year}" + ("" if report.is_whole else " so far")


def money(found: Money, currency: str) -> str:
    """An amount. `lacking` names what has no price: once for the whole report, and not with each amount."""
    if not found.unknown:
        return amount_text(found.amount, currency)
    return f"at least {amount_text(found.amount, currency)}" if found.amount else "no price"


def lacking(report: CostReport) -> str | None:
    """Names of what has no price, and where to write one; None where all have."""
    names = sorted(report.total.total.unknown | (report.outlook.year.unknown if report.outlook else frozenset()))
    if not names:
        return None
    regions = ", ".join(sorted({one.region or one.store for one in report.places if not one.is_free}))
    where = f"write it into `prices:` in your own settings ({regions}; docs/costs.md)"
    return f"no price is known for {', '.join(names)}: {where}"


_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def expected_text(report: CostReport) -> str | None:
    """Sums that the month and the year are expected to come to; None for a month that is over."""
    if report.outlook is None or not report.outlook.year.amount:
        return None
    month_end, year = (money(one, report.currency) for one in (report.outlook.month_end, report.outlook.year))
    return f"{month_end} at the end of the month, {year} in the next 12 months"


def budget_text(report: CostReport) -> str | None:
    """Words on the month beside the budget; None without one."""
    if report.budget is None:
        return None
    budget = f"{amount_text(report.budget, report.currency)} a month"
    expected = None if report.outlook is None else report.outlook.month_end.amount
    if report.total.total.amount > report.budget:
        return f"{budget}: passed by {amount_text(report.total.total.amount - report.budget, report.currency)}"
    if expected is not None and expected > report.budget:
        return f"{budget}: it is expected to be passed by {amount_text(expected - report.budget, report.currency)}"
    return f"{budget}: kept"


def alarm_lines(report: CostReport) -> Iterator[str]:
    """Limits that were reached, and those that are expected to be."""
    for one in report.alarms:
        if one.reached:
            yield f"{amount_text(one.limit, report.currency)} is reached"
        elif one.on is not None:
            yield f"{amount_text(one.limit, report.currency)} is expected on {one.on}"


def saved_text(report: CostReport) -> str | None:
    """Savings by colder classes; None where they make no difference."""
    saving, currency = report.saving, report.currency
    saved = saving.saved
    if abs(saved.amount) < 0.005:
        return None
    all_standard = f"all of it in STANDARD would be {money(saving.standard, currency)} of storage"
    if saved.amount < 0:
        return f"nothing: {all_standard}, which is {amount_text(-saved.amount, currency)} less"
    return f"{amount_text(saved.amount, currency)}: {all_standard}, and it is {money(saving.storage, currency)}"


def trash_text(report: CostReport) -> str | None:
    """Cost of the remote trash; None for an empty one."""
    if not report.trash_size:
        return None
    return f"{size_text(report.trash_size)}, {money(report.trash, report.currency)} a month"


def trash_names(report: CostReport) -> str:
    """Projects whose trash it is: it is looked at, and emptied, one by one."""
    names, more = sorted(report.trash_of), len(report.trash_of) - MOST_NAMED
    return ", ".join(map(short_text, names[:MOST_NAMED])) + (f" and {more} more" if more > 0 else "")


def versions_text(report: CostReport) -> str | None:
    """Cost of old versions in a bucket that keeps them; None where there are none."""
    if not report.old_versions_size:
        return None
    kept = f"{size_text(report.old_versions_size)}, {money(report.old_versions, report.currency)} a month"
    return f"{kept}, kept by the bucket of what was replaced or deleted"


def traffic_text(report: CostReport) -> tuple[str, str]:
    """Numbers behind the requests, and behind data out."""
    amounts = report.total
    return f"{amounts.writes:,} writing and listing, {amounts.reads:,} reading", size_text(amounts.received)


def footnotes(report: CostReport) -> Iterator[str]:
    """Facts that the numbers leave out."""
    if report.is_whole:
        yield "what lay in the store that month and was deleted since is not counted"
    if report.uncounted:
        count = f"{report.uncounted} event{' is' if report.uncounted == 1 else 's are'}"
        yield f"{count} of versions that counted no requests; of them the files that they name count as data out"
