"""Output of `archive cost`, and amounts of money as other words show them."""

from __future__ import annotations

from s3sync.archive.billing import CostReport
from s3sync.archives.billed import Costs
from s3sync.cli.output import SCHEMA, printable, say, warn
from s3sync.cli.show.words import Json
from s3sync.cli.widths import name_width
from s3sync.core.archive import costs
from s3sync.core.archive.costs import Money, class_notes
from s3sync.core.quantities import counted, size_text

DEAREST = 10


def money_json(money: Money) -> Json:
    return {"amount": round(money.amount, 6), "without_price": sorted(money.unknown)}


def money_text(money: Money, currency: str = "USD") -> str:
    """An amount; one that lacks something says so, and of which nothing is known is none."""
    return printable(costs.money_text(money, currency))


def costs_json(found: Costs) -> Json:
    return {
        "schema": SCHEMA,
        "command": "archive",
        "action": "cost",
        "stores": [_report_json(one) for one in found.reports],
        "warnings": list(found.warnings),
        "exit_code": 0,
    }


def _report_json(report: CostReport) -> Json:
    return {
        "store": report.store,
        "region": report.region,
        "prices_as_of": report.as_of,
        "currency": report.currency,
        "month": money_json(report.month),
        "year": money_json(report.year),
        "months": [money_json(month) for month in report.months],
        "scenarios": {name: money_json(money) for name, money in report.scenarios.items()},
        "small_archives": report.small,
        "overhead": money_json(report.overhead),
        "still_billed_if_all_left": money_json(report.leaving),
        "classes": [
            {
                "storage_class": one.storage_class,
                "archives": one.archives,
                "size_bytes": one.size,
                "month": money_json(one.month),
            }
            for one in report.classes
        ],
        "units": [
            {
                "unit": one.unit,
                "set": one.set,
                "size_bytes": one.size,
                "month": money_json(one.month),
                "restore": money_json(one.restore),
            }
            for one in report.units
        ],
    }


def print_costs(found: Costs, *, verbose: bool, quiet: bool) -> None:
    for warning in found.warnings:
        warn(f"warning: {printable(warning)}")
    for report in found.reports if not quiet else ():
        _print_report(report, verbose)


def _print_report(report: CostReport, verbose: bool) -> None:
    currency = report.currency
    say(f"{printable(report.store)} in {report.region}, prices of {report.as_of}:")
    for one in report.classes:
        amount = f"{counted(one.archives, 'archive'):>13}  {size_text(one.size):>9}"
        say(f"  {printable(one.storage_class):<20}  {amount}  {money_text(one.month, currency)} a month")
    if not report.classes:
        say("  nothing is archived, as far as this computer knows: `s3sync archive catalogue rebuild`")
        return
    overhead = f", of which {money_text(report.overhead, currency)} is overhead" if report.overhead != Money() else ""
    say(f"now: {money_text(report.month, currency)} a month{overhead}")
    say(f"the next 12 months, with the rules that hold: {money_text(report.year, currency)}")
    if verbose:
        for number, month in enumerate(report.months, 1):
            say(f"  month {number:>2}: {money_text(month, currency)}")
    names = {"hybrid": "90 days in {}, then {}".format(*report.scenarios)}
    for name, money in report.scenarios.items():
        say(f"if it were all {names.get(name, name)}: {money_text(money, currency)} a month")
    shown = report.units if verbose else report.units[:DEAREST]
    say("by unit, and what bringing it back costs (bulk, 7 days, to the internet):")
    width = name_width((printable(one.unit) for one in shown), 64)
    for unit in shown:
        price, back = money_text(unit.month, currency), money_text(unit.restore, currency)
        say(f"  {printable(unit.unit).ljust(width)}  {size_text(unit.size):>9}  {price} a month  back: {back}")
    if len(report.units) > len(shown):
        say(f"  and {len(report.units) - len(shown)} more: -v names them")
    for note in filter(None, (class_notes(one.storage_class) for one in report.classes)):
        say(note)
    if report.leaving.amount or report.leaving.unknown:
        say(f"if all were removed or moved now, minimum durations still cost {money_text(report.leaving, currency)}")
    if report.month.unknown:
        say(f"Prices that are lacking go into `prices:` in your own settings, for {report.region}: docs/costs.md")
    if report.small:
        say(f"{counted(report.small, 'archive')} under 128 KB: rules do not move these by default")
