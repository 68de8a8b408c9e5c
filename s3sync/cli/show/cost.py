"""Output of `cost`: a screen, JSON, CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from s3sync.cli.output import RED, SCHEMA, YELLOW, colour, printable, say, symbols, warn
from s3sync.cli.show.archive_costs import money_json
from s3sync.cli.show.csv_lines import csv_line
from s3sync.cli.show.words import Json
from s3sync.core.archive.costs import Money, amount_text
from s3sync.core.money.bill import KINDS
from s3sync.core.money.by import By
from s3sync.core.money.shares import Amounts, Share
from s3sync.core.names import short_text
from s3sync.core.quantities import counted, size_text
from s3sync.costs import words
from s3sync.costs.report import BillView, CostReport

SHOWN = 20
"""Projects or users that are named without `-v`."""
_WIDTH = 12


def cost_json(report: CostReport, told: Iterable[float], mailed: str | None, code: int) -> Json:
    outlook = report.outlook
    return {
        "schema": SCHEMA,
        "command": "cost",
        "repo": report.repo,
        "month": report.month,
        "is_over": report.is_whole,
        "currency": report.currency,
        "stores": [
            {"store": one.store, "region": one.region, "prices_as_of": one.as_of, "is_free": one.is_free}
            for one in report.places
        ],
        "total": _amounts_json(report.total),
        "by": str(report.by),
        "shares": [{"name": one.name, **_amounts_json(one.amounts)} for one in report.shares],
        "classes": [{"name": one.name, **_amounts_json(one.amounts)} for one in report.classes],
        "expected": None
        if outlook is None
        else {"month_end": money_json(outlook.month_end), "next_12_months": money_json(outlook.year)},
        "budget": report.budget,
        "over_budget": report.is_over_budget,
        "alarms": [{"amount": one.limit, "reached": one.reached, "expected_on": one.on} for one in report.alarms],
        "told": list(told),
        "mailed_to": mailed,
        "all_standard": money_json(report.saving.standard),
        "saved": money_json(report.saving.saved),
        "trash": {"size_bytes": report.trash_size, "month": money_json(report.trash)},
        "old_versions": {"size_bytes": report.old_versions_size, "month": money_json(report.old_versions)},
        "bill": None if report.bill is None else _bill_json(report.bill),
        "notes": list(words.footnotes(report)),
        "warnings": list(report.warnings),
        "exit_code": code,
    }


def _amounts_json(amounts: Amounts) -> Json:
    return {
        "size_bytes": amounts.size,
        "objects": amounts.objects,
        "storage": money_json(amounts.storage),
        "requests": money_json(amounts.requests),
        "egress": money_json(amounts.egress),
        "total": money_json(amounts.total),
        "writes": amounts.writes,
        "reads": amounts.reads,
        "bytes_sent": amounts.sent,
        "bytes_received": amounts.received,
    }


def _bill_json(view: BillView) -> Json:
    bill, difference = view.bill, view.difference
    if bill is None or difference is None:
        return {"error": view.why}
    return {
        "total": round(bill.total, 6),
        "currency": bill.currency,
        "is_estimate": bill.estimated,
        "lines": [{"usage": one.usage, "kind": one.kind, "amount": round(one.amount, 6)} for one in bill.lines],
        "difference": {kind: round(amount, 6) for kind, amount in difference.by_kind},
        "reasons": list(difference.reasons),
    }


COLUMNS = (
    *("month", "by", "name", "size_bytes", "objects", "storage", "requests", "egress", "total", "currency"),
    *("writes", "reads", "bytes_sent", "bytes_received", "without_price"),
)


def print_csv(report: CostReport) -> None:
    """One row a share, and a last one of all."""
    say(csv_line(COLUMNS))
    for one in (*report.shares, Share("(all)", report.total)):
        say(csv_line((report.month, str(report.by), one.name, *_cells(one.amounts, report))))


def _cells(amounts: Amounts, report: CostReport) -> Iterator[object]:
    yield from (amounts.size, amounts.objects)
    for money in (amounts.storage, amounts.requests, amounts.egress, amounts.total):
        yield f"{money.amount:.6f}"
    yield from (report.currency, amounts.writes, amounts.reads, amounts.sent, amounts.received)
    yield " ".join(sorted(amounts.total.unknown))


def warn_of(report: CostReport) -> None:
    for warning in report.warnings:
        warn(f"warning: {printable(warning)}")
    if report.bill is not None and report.bill.why is not None:
        warn(f"warning: no bill is shown: {printable(report.bill.why)}")


def print_cost(report: CostReport, *, verbose: bool) -> None:
    say(f"{symbols().status} Costs of {printable(words.whose(report))}: {words.title(report)}")
    for place in report.places:
        where = place.note or f"in {place.region}, prices of {place.as_of}"
        say(f"  {printable(place.store)}: {where}")
    if all(place.is_free for place in report.places):
        say("Nothing is billed.")
        return
    if report.by is not By.CLASS:
        _print_shares(report, verbose)
    _print_classes(report)
    _print_sums(report)
    for line in _more(report):
        say(line)
    if report.bill is not None and report.bill.bill is not None:
        _print_bill(report.bill, report)
    for note in words.footnotes(report):
        say(f"Note: {note}.")


def _print_classes(report: CostReport) -> None:
    say("Storage by class:")
    rows = [
        one for one in report.classes if one.amounts.size or one.amounts.storage.amount or one.amounts.storage.unknown
    ]
    width = max([len(printable(short_text(one.name))) for one in rows] + [8])
    for one in rows:
        amounts = one.amounts
        size = f"{size_text(amounts.size):>9}  {counted(amounts.objects, 'object'):>14}"
        name = printable(short_text(one.name)).ljust(width)
        say(f"  {name}  {size}  {_money(amounts.storage, report)}")
    if not rows:
        say("  nothing is stored")


def _print_shares(report: CostReport, verbose: bool) -> None:
    shown = report.shares if verbose else report.shares[:SHOWN]
    names = [printable(short_text(one.name)) for one in shown]
    width = max([len(name) for name in names] + [len(report.by)])
    say(f"By {report.by}:")
    say(f"  {''.ljust(width)}  {'size':>9}  {'storage':>10}  {'requests':>12}  {'data out':>10}  {'in all':>10}")
    for name, one in zip(names, shown, strict=True):
        amounts = one.amounts
        cells = (amounts.storage, amounts.requests, amounts.egress, amounts.total)
        columns = (f"{_short(money, report):>{wide}}" for money, wide in zip(cells, (10, 12, 10, 10), strict=True))
        say(f"  {name.ljust(width)}  {size_text(amounts.size):>9}  {'  '.join(columns)}")
    if len(report.shares) > len(shown):
        say(f"  and {len(report.shares) - len(shown)} more: -v names them")
    if any(one.amounts.total.unknown for one in shown):
        say("  +: and something that has no price")


def _print_sums(report: CostReport) -> None:
    requests, out = words.traffic_text(report)
    amounts = report.total
    say(f"{'Storage':<{_WIDTH}}{_money(amounts.storage, report)}")
    say(f"{'Requests':<{_WIDTH}}{_money(amounts.requests, report)}  ({requests})")
    say(f"{'Data out':<{_WIDTH}}{_money(amounts.egress, report)}  ({out})")
    say(f"{'In all' if report.is_whole else 'So far':<{_WIDTH}}{_money(amounts.total, report)}")


def _more(report: CostReport) -> Iterator[str]:
    if (text := words.expected_text(report)) is not None:
        yield f"{'Expected':<{_WIDTH}}{printable(text)}"
    if (text := words.budget_text(report)) is not None:
        yield f"{'Budget':<{_WIDTH}}{colour(text, RED) if report.is_over_budget else text}"
    for line in words.alarm_lines(report):
        yield f"{'Alarm':<{_WIDTH}}{colour(line, YELLOW)}"
    if (text := words.trash_text(report)) is not None:
        yield f"{'Trash':<{_WIDTH}}{printable(text)}: `s3sync trash list --remote --project NAME` shows it"
        yield f"{'':<{_WIDTH}}of {printable(words.trash_names(report))}"
    if (text := words.versions_text(report)) is not None:
        yield f"{'Versions':<{_WIDTH}}{printable(text)}"
    if (text := words.saved_text(report)) is not None:
        yield f"{'Saved':<{_WIDTH}}{printable(text)}"
    if (text := words.lacking(report)) is not None:
        yield f"Note: {printable(text)}."


def _print_bill(view: BillView, report: CostReport) -> None:
    bill, difference = view.bill, view.difference
    assert bill is not None and difference is not None
    estimate = ", an estimate" if bill.estimated else ""
    say(f"Bill of the account for S3: {amount_text(bill.total, bill.currency)}{estimate}")
    counted_here = {
        "storage": report.total.storage.amount,
        "requests": report.total.requests.amount,
        "egress": report.total.egress.amount,
    }
    for kind, more in difference.by_kind:
        billed, own = amount_text(bill.of(kind), bill.currency), counted_here.get(kind)
        if not own and not bill.of(kind):
            continue
        beside = "" if own is None else f"  counted here {amount_text(own, report.currency)}"
        sign = "+" if more >= 0 else "-"
        say(f"  {_KINDS[kind]:<10}{billed:>12}{beside}  {sign}{amount_text(abs(more), bill.currency)}")
    for reason in difference.reasons:
        say(f"  why: {reason}")


_KINDS = dict(zip(KINDS, ("storage", "requests", "data out", "other"), strict=True))


def _money(money: Money, report: CostReport) -> str:
    return words.money(money, report.currency)


def _short(money: Money, report: CostReport) -> str:
    if money.unknown and not money.amount:
        return "no price"
    return amount_text(money.amount, report.currency) + ("+" if money.unknown else "")
