"""Report of `setup budget`."""

from __future__ import annotations

from collections.abc import Iterator

from s3sync.cli.output import GREEN, SCHEMA, YELLOW, colour, printable, say, symbols
from s3sync.cli.show.words import Json
from s3sync.core.archive.costs import amount_text
from s3sync.core.money.budget import Limit
from s3sync.setup.budget import BudgetReport


def budget_lines(report: BudgetReport) -> Iterator[str]:
    """The budget as it is, and below it what changes."""
    present, wanted, change = report.present, report.wanted, report.change
    name = f"budget {printable(wanted.name)} of the AWS account {printable(report.account)}"
    yield f"{name}, for all of its S3, by the month:"
    if present is None:
        yield f"  {symbols().newer_here} it does not exist"
        yield f"      create it: {amount_text(wanted.amount)} a month"
    else:
        told = ", ".join(limit.text for limit in present.limits) or "nothing"
        yield f"  {symbols().done} {amount_text(present.amount)} a month, told at {told}"
        if change.amount:
            yield f"      change it to {amount_text(wanted.amount)} a month"
    for limit in change.limits:
        yield f"      mail {printable(', '.join(limit.mails))} at {limit.text}"


def print_budget(report: BudgetReport, *, quiet: bool) -> None:
    if quiet:
        return
    if not report.done:
        for line in budget_lines(report):
            say(line)
    if report.done:
        did = "made" if report.change.create else "changed"
        say(f"  {colour(symbols().done, GREEN)} budget {did}: {amount_text(report.wanted.amount)} a month")
    elif report.change.is_empty:
        say("Summary: nothing to change")
    else:
        say(colour("Summary: to change: without --dry-run it does, and asks first", YELLOW))


def budget_json(report: BudgetReport) -> Json:
    present = report.present
    return {
        "schema": SCHEMA,
        "command": "setup budget",
        "store": report.store,
        "account": report.account,
        "name": report.wanted.name,
        "amount": report.wanted.amount,
        "present": None
        if present is None
        else {"amount": present.amount, "limits": [_limit_json(one) for one in present.limits]},
        "create": report.change.create,
        "change_amount": report.change.amount,
        "add": [_limit_json(one) for one in report.change.limits],
        "dry_run": report.dry_run,
        "done": report.done,
        "exit_code": 0,
    }


def _limit_json(limit: Limit) -> Json:
    return {"amount": limit.amount, "unit": limit.unit, "emails": list(limit.mails)}
