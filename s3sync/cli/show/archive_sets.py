"""Output of `archive init` and `archive analyze`: sets, and what they would archive."""

from __future__ import annotations

from msgspec import to_builtins

from s3sync.archive.analyze import Analysis, SetAnalysis, Total, UnitLine
from s3sync.archive.importing import ImportReport
from s3sync.archive.init import InitSetReport
from s3sync.cli.output import SCHEMA, duration_text, printable, say, warn
from s3sync.cli.show.archive_costs import money_text
from s3sync.cli.show.words import Json
from s3sync.config import mask_url
from s3sync.config.archive_classes import classes_of
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.costs import COLD, Money, class_notes
from s3sync.core.quantities import counted, files_text, size_text
from s3sync.core.typed import typed

NAMED = 20
USUAL = "STANDARD"
"""Class of a set that names none."""


def init_json(report: InitSetReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "archive",
        "action": "init",
        "file": str(report.path),
        "set": report.name,
        "text": report.text,
        "changed": report.changed,
        "dry_run": report.dry_run,
        "exit_code": 0,
    }


def print_init(report: InitSetReport) -> None:
    path = printable(str(report.path))
    if not report.changed:
        say(f"{path} has this set already")
    else:
        say(f"{path}: {'would get' if report.dry_run else 'has now'} the set {printable(report.name)}:")
    _say_block(report.text)
    chosen = report.chosen
    by_rule = chosen is not None and (chosen.tags or chosen.lifecycle_days is not None)
    if chosen is not None and by_rule and chosen.storage_class not in COLD:
        say("What it sends gets cold by a rule of the bucket, which `s3sync archive lifecycle apply` sets.")
    if not report.dry_run:
        of_table = report.chosen is not None and report.chosen.rows is not None
        look = (
            f"run --set {printable(report.name)} --dry-run" if of_table else f"analyze --set {printable(report.name)}"
        )
        say(f"Change it there as you like. What it would send: s3sync archive {look}")


def import_json(report: ImportReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "archive",
        "action": "import",
        "source": str(report.source),
        "file": str(report.path),
        "sets": list(report.sets),
        "text": report.text,
        "notes": [{"key": key, "became": fate} for key, fate in report.notes],
        "changed": report.changed,
        "dry_run": report.dry_run,
        "exit_code": 0,
    }


def print_import(report: ImportReport) -> None:
    for key, fate in report.notes:
        say(f"  {printable(key)} -> {printable(fate)}")
    path = printable(str(report.path))
    names = ", ".join(map(printable, report.sets))
    if not report.changed and not report.dry_run:
        say(f"{path} has all of this already")
    elif report.sets:
        say(f"{path}: {'would get' if report.dry_run else 'has now'} the sets {names}:")
        _say_block(report.text)
    say("Look at each `source`, and at what it finds: s3sync archive analyze")


def _say_block(text: str) -> None:
    for line in text.splitlines():
        shown = line.lstrip(" ")
        say(f"  {' ' * (len(line) - len(shown))}{printable(shown)}")


def analysis_json(report: Analysis) -> Json:
    return {
        "schema": SCHEMA,
        "command": "archive",
        "action": "analyze",
        "prices_as_of": report.as_of,
        "currency": report.currency,
        "rate_bytes_per_second": report.rate,
        "sets": [_set_json(one) for one in report.sets],
        "failed": [{"name": name, "error": error.message, "why": error.why} for name, error in report.failed],
        "tables": list(report.tables),
        "exit_code": report.exit_code,
    }


def _set_json(one: SetAnalysis) -> Json:
    return {
        "name": one.set.name,
        "store": mask_url(one.set.store),
        "source": one.set.source,
        "storage_class": one.set.storage_class,
        "total": _total_json(one.total),
        "archived": _total_json(one.archived),
        "due": _total_json(one.due),
        "years": {year: _total_json(total) for year, total in one.years.items()},
        "small_objects": one.small,
        "seconds_to_send": one.seconds,
        "rate_bytes_per_second": one.rate,
        "rate_measured": None if one.measured is None else to_builtins(one.measured),
        "region": one.region,
        "prices_as_of": one.as_of,
        "month": _money_json(one.month),
        "sending": _money_json(one.sending),
        "moves": one.moves,
        "month_when_moved": _money_json(one.moved),
        "no_price": one.no_price,
        "units": [_unit_json(line) for line in one.units],
    }


def _total_json(total: Total) -> Json:
    return {"units": total.units, "files": total.files, "size_bytes": total.size}


def _money_json(money: Money | None) -> Json | None:
    return None if money is None else {"amount": round(money.amount, 6), "without_price": sorted(money.unknown)}


def _unit_json(line: UnitLine) -> Json:
    return {
        "id": line.id,
        "key": line.key,
        "size_bytes": line.size,
        "files": line.files,
        "due": line.due,
        "archived": line.archived,
        "refused": line.refused,
        "left_out": list(line.problems),
    }


def print_analysis(report: Analysis, *, verbose: bool, quiet: bool) -> None:
    for name, error in report.failed:
        warn(f"warning: {printable(name)}: {printable(error.message)}: {printable(error.why or '')}")
    for name in () if quiet else report.tables:
        how = f"`s3sync archive run --set {typed(name)} --dry-run` says what is to be sent"
        warn(f"note: {printable(name)} takes its objects from a table, and is not among these: {how}")
    for one in report.sets:
        if not quiet:
            _print_set(one, report, verbose=verbose)
        for line in one.refused:
            warn(f"warning: {printable(line.id)} cannot be archived: {printable(line.refused or '')}")
        for line in one.units:
            for problem in line.problems[:NAMED]:
                warn(f"warning: {printable(line.id)}: left out: {printable(problem)}")


def _print_set(one: SetAnalysis, report: Analysis, *, verbose: bool) -> None:
    chosen = one.set
    of_class = f" as {chosen.storage_class}" if classes_of(chosen.store) is not None else ""
    where = f"{printable(mask_url(chosen.store))}{of_class}"
    source = "the projects" if chosen.marker else printable(chosen.source)
    say(f"{printable(chosen.name)}: {source} to {where}")
    for year, total in one.years.items():
        say(f"  {year}  {_total_text(total)}")
    if verbose:
        for line in one.units:
            if line.refused is None:
                waits = "" if line.due else " (archived already)" if line.archived else " (not old enough)"
                say(f"    {printable(line.id)} ({size_text(line.size)}) -> {printable(line.key)}{waits}")
    if not one.total.units:
        say(f"  {_nothing_text(one)}")
        return
    if one.archived.units:
        say(f"  archived already: {_total_text(one.archived)}")
    if not one.due.units and one.archived.units == one.total.units:
        return
    say(f"  due:  {_total_text(one.due)}" if one.due.units != one.total.units else "  all of it is due")
    if one.seconds is not None:
        said = one.measured
        of = f", as {counted(said.runs, 'run')} here measured, last on {said.newest}" if said is not None else ""
        say(f"  time: {duration_text(one.seconds)} at {size_text(one.rate or 0)}/s{of}")
    else:
        say("  time: not known yet, as nothing was sent from here; --rate 10M counts with 10 MB a second")
    _print_price(one, report)


def _nothing_text(one: SetAnalysis) -> str:
    """Words for a set without a unit that can be archived."""
    if one.units:
        return "nothing to archive"
    if one.set.marker:
        return f"no unit: one is a folder here with {printable(one.set.marker)}/ in it"
    return f"no unit in {printable(one.set.source)}"


def _print_price(one: SetAnalysis, report: Analysis) -> None:
    if one.month is None or one.sending is None:
        say(f"  price: not known: {printable(one.no_price or '')}")
    else:
        month, sending = (money_text(money, report.currency) for money in (one.month, one.sending))
        say(f"  price: {month} a month, {sending} to send ({one.region}, prices of {one.as_of})")
    if one.moves is not None:
        then = f": {money_text(one.moved, report.currency)} a month then" if one.moved is not None else ""
        say(f"  rules (once `s3sync archive lifecycle apply` set them): {one.moves}{then}")
    if classes_of(one.set.store) is None:
        if one.set.storage_class != USUAL:
            say(f"  {one.set.storage_class} says nothing there: this store has no storage classes")
    elif (note := class_notes(one.set.storage_class)) is not None:
        say(f"  {note}")
    if one.small and scheme_of(one.set.store).vendor == "AWS":
        say(f"  {counted(one.small, 'object')} under 128 KB: lifecycle rules do not move these by default")


def _total_text(total: Total) -> str:
    return f"{counted(total.units, 'unit')}, {files_text(total.files)}, {size_text(total.size)}"
