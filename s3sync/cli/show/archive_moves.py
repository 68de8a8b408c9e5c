"""Output of `archive transition` and `archive remove`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from s3sync.archives.leaving import LeavePlan, LeaveReport
from s3sync.cli.output import SCHEMA, printable, say, warn
from s3sync.cli.show.archive_costs import money_json, money_text
from s3sync.cli.show.archive_rules import difference_lines
from s3sync.cli.show.words import Json, failed_json, warn_of_failures
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.costs import MINIMUM_DAYS, class_notes
from s3sync.core.archive.records import Archived
from s3sync.core.quantities import counted, size_text

NAMED = 20
OLD_IS_BILLED = (
    "what an archive was before it moved stays there, and is billed until a rule of the bucket deletes it "
    "(daysSinceNoncurrentTime)"
)
"""Words on Google Cloud, which has no tags by which a rule could move: a copy makes a new generation."""


def leave_question(plan: LeavePlan) -> Iterator[str]:
    """Lines to show, and as the last one the question."""
    yield from _lines(plan)
    amount = f"{counted(len(plan.archives), 'archive')} ({size_text(plan.size)})"
    if plan.target and len(plan.by_tag) == len(plan.archives):
        rule = "" if plan.rules is None or plan.rules.difference.is_empty else " and set the rule"
        yield f"Tag {amount} for {plan.target}{rule}?"
        return
    yield f"Move {amount} to {plan.target}?" if plan.target else f"Remove {amount} for good?"


def _lines(plan: LeavePlan) -> Iterator[str]:
    for one in islice(plan.archives, NAMED):
        where = f"{printable(one.storage_class)}, sent {one.uploaded_at[:10]}"
        where += _rest_text(plan, one)
        where += ", by tag and rule" if one.key in plan.by_tag else ""
        yield f"  {printable(one.unit)} ({size_text(one.size)}) - {where}"
    if len(plan.archives) > NAMED:
        yield f"  ... and {len(plan.archives) - NAMED} more"
    if plan.price is None:
        yield f"price: not known: {printable(plan.no_price or '')}"
    elif plan.target:
        price = money_text(plan.price, plan.currency)
        yield f"price: {price} once, with what is left of the minimum duration of the class that they leave"
        if (note := class_notes(plan.target)) is not None:
            yield note
    else:
        price = money_text(plan.price, plan.currency)
        yield f"price: {price} is still billed, as the rest of the minimum duration"
    for unit in plan.last[:NAMED]:
        yield f"no copy on this disk: {printable(unit)}"
    if plan.rules is not None:
        yield f"rules of {printable(plan.store)}:"
        yield from difference_lines(plan.rules)
    if plan.keeps_versions and plan.target:
        has_tags = scheme_of(plan.store).vendor == "AWS"
        words = "a copy leaves the old one, billed; with --by-tag nothing is copied" if has_tags else OLD_IS_BILLED
        yield f"the bucket keeps versions: {words}"
    elif plan.keeps_versions:
        yield "the bucket keeps versions: what is deleted is still there, and billed, until a rule expires it"


def _rest_text(plan: LeavePlan, one: Archived) -> str:
    """Words for what is left of the minimum duration of an archive's class."""
    left = plan.days_left.get(one.key)
    if left is None:
        return ""
    verb = "is" if left == 1 else "are"
    return f", {counted(left, 'day')} of at least {MINIMUM_DAYS[one.storage_class]} {verb} still billed"


def leave_json(action: str, reports: Sequence[LeaveReport], code: int) -> Json:
    stores = [
        {
            "store": report.plan.store,
            "to": report.plan.target,
            "price": money_json(report.plan.price) if report.plan.price is not None else None,
            "no_price": report.plan.no_price,
            "days_still_billed": _days_json(report.plan),
            "planned": [one.unit for one in report.plan.archives],
            "done": [one.unit for one in report.done],
            "failed": [failed_json(problem) for problem in report.failed],
            "no_copy_here": list(report.plan.last),
            "keeps_versions": report.plan.keeps_versions,
            "by_tag": [one.unit for one in report.plan.archives if one.key in report.plan.by_tag],
            "rules_added": list(report.plan.rules.difference.added) if report.plan.rules is not None else [],
            "dry_run": report.dry_run,
        }
        for report in reports
    ]
    return {"schema": SCHEMA, "command": "archive", "action": action, "stores": stores, "exit_code": code}


def _days_json(plan: LeavePlan) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in plan.archives:
        if left := plan.days_left.get(one.key):
            found[one.unit] = max(left, found.get(one.unit, 0))
    return found


def print_leave(reports: Sequence[LeaveReport], *, quiet: bool) -> None:
    for report in reports:
        plan = report.plan
        if not plan.archives and not report.failed:
            if not quiet:
                say(f"Nothing to move: what was asked for is in {plan.target} already")
            continue
        if report.dry_run:
            for line in _lines(plan):
                say(line)
        done = plan.archives if report.dry_run else report.done
        if not quiet:
            for line in done_lines(plan, done, dry_run=report.dry_run):
                say(line)
        warn_of_failures(report.failed)
    if not reports and not quiet:
        warn("No archive is that old.")


def done_lines(plan: LeavePlan, done: Sequence[Archived], *, dry_run: bool) -> Iterator[str]:
    """Lines that say what was done, or would be."""
    tagged = [one for one in done if one.key in plan.by_tag]
    rest = [one for one in done if one.key not in plan.by_tag]
    would = "would be " if dry_run else ""
    if tagged:
        yield f"{_amount(tagged)} {would}tagged: the store moves what is tagged to {plan.target} within days"
        if not dry_run:
            yield "`s3sync archive catalogue rebuild` sees when it has: until then `list` has the old class"
    if rest or not tagged:
        yield f"{_amount(rest)} {would}{f'moved to {plan.target}' if plan.target else 'removed'}"


def _amount(archives: Sequence[Archived]) -> str:
    return f"{counted(len(archives), 'archive')} ({size_text(sum(one.size for one in archives))})"
