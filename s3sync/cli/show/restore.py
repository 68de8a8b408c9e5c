"""Output of `restore`: the price before, each unit, and what is not readable yet."""

from __future__ import annotations

from collections.abc import Callable

from s3sync.archive.restore import Restored
from s3sync.archive.restoring import RestoreReport
from s3sync.archive.thaw import Price
from s3sync.archive.waiting import ThawLine
from s3sync.cli.output import SCHEMA, answered_yes, printable, say, symbols, warn
from s3sync.cli.progress import Lines
from s3sync.cli.show.archive_costs import money_text
from s3sync.cli.show.words import Json
from s3sync.config import Settings
from s3sync.core.quantities import counted, files_text, size_text
from s3sync.store.aspects import Tier


def ask(price: Price) -> bool:
    """Say what a restore costs, and ask whether to go on."""
    say_price(price)
    thawed = f", thawing {price.cold} ({str(price.tier).lower()})" if price.cold else ""
    return answered_yes(f"Restore {amount_of(price)}{thawed}?")


def amount_of(price: Price) -> str:
    return f"{counted(price.objects, 'object')} ({size_text(price.size)})"


def say_price(price: Price) -> None:
    """Say what reading archives costs, part by part."""
    if price.cost is None:
        warn(f"The price is not known: {printable(price.unknown or '')}")
    else:
        cost = price.cost
        warn(f"Price by the list of {price.as_of}:")
        for name, money in (
            ("retrieval", cost.retrieval),
            ("requests", cost.requests),
            *([(f"copy for {price.days} days", cost.temporary_copy)] if price.days else []),
            ("transfer out", cost.egress),
            ("together", cost.total),
        ):
            warn(f"  {name}: {money_text(money, price.currency)}")


def print_restored(lines: Lines, *, quiet: bool, verbose: bool, dry_run: bool) -> Callable[[Restored], None]:
    """A function that shows a unit when it is back; what went wrong is shown even when all else is quiet."""

    def told(one: Restored) -> None:
        if not quiet:
            sign = symbols().done if not one.problems else symbols().failed
            would = "would be restored" if dry_run else "restored"
            same = f", {one.same} there already" if one.same else ""
            cold = f", once {counted(one.cold, 'object')} {'is' if one.cold == 1 else 'are'} thawed" if one.cold else ""
            lines.show(
                f"  {sign} {printable(one.unit)} - {files_text(one.files)} ({size_text(one.size)}) {would} to"
                f" {printable(one.to)}{same}{cold}"
            )
            if one.price is not None:
                say_price(one.price)
        if one.unproven and not dry_run and not quiet:
            by = "size alone, as no digest is known" if one.by_size else "size and ETag, as no SHA-256 is known"
            lines.note(f"note: another tool made the archive of {printable(one.unit)}: verified by {by}")
        as_name = "it would be restored as" if one.is_foreseen else "restored as"
        for path, name in one.beside:
            lines.note(f"warning: {printable(path)} has other content here, which stays; {as_name} {printable(name)}")
        for path, why in one.problems:
            lines.note(f"{symbols().failed} {printable(path)}: {printable(why)}")
        if one.obeyed and not quiet:
            first, why = one.obeyed[0]
            more = f" and {len(one.obeyed) - 1} more" if len(one.obeyed) > 1 else ""
            lines.note(f"warning: look at {printable(first)}{more} before you work in that folder: {why}")
            for path, reason in one.obeyed[1:] if verbose else ():
                lines.note(f"  {printable(path)}: {reason}")

    return told


HOURS = {
    Tier.BULK: "up to 12 hours (GLACIER), 48 (DEEP_ARCHIVE) or 15 (Archive on Azure)",
    Tier.STANDARD: "up to 5 hours (GLACIER), 12 (DEEP_ARCHIVE) or 15 (Archive on Azure)",
    Tier.EXPEDITED: "1 to 5 minutes, or about an hour (Archive on Azure)",
}
"""Times that a thaw takes."""


def print_waiting(lines: Lines, tier: Tier, *, quiet: bool) -> Callable[[list[str]], None]:
    """A function that says what is waited for."""

    def told(units: list[str]) -> None:
        if not quiet:
            names = ", ".join(printable(unit) for unit in units[:5])
            more = f" and {len(units) - 5} more" if len(units) > 5 else ""
            lines.note(f"Waiting for the thaw of {names}{more}: {HOURS[tier]}. Ctrl-C ends the wait, not the thaw.")

    return told


def print_rest(report: RestoreReport, *, quiet: bool, resume: bool = False, by_batch: bool = False) -> None:
    """Say of each unit that did not come back why, and which are still cold."""
    for problem in report.failed:
        warn(f"{symbols().failed} {printable(problem.path)}: {printable(problem.error)}")
        if problem.hint:
            warn(f"hint: {printable(problem.hint)}")
    for url in report.warm if not quiet else ():
        why = "--engine s3-batch is for thaws, and S3 had no job to do"
        say(f"note: nothing of it has to be thawed in {printable(url)}: {why}")
    for unit in report.pending:
        ended = report.ended.get(unit)
        if ended is None:
            warn(f"{printable(unit)} is being thawed and cannot be read yet")
        else:
            why = f"a thaw was asked for anew, and the store still tells only of the one that ended at {ended}"
            warn(f"{printable(unit)} cannot be read yet: {why}")
    if report.pending:
        engine = " --engine s3-batch" if by_batch else ""
        going_on = f"`s3sync restore --resume{engine}` goes on when it is ready, also with --wait"
        warn(f"hint: {going_on}; --status says how it stands")
    elif resume and not report.units and not report.failed and not quiet:
        say("No restore waits for a thaw.")
    elif not quiet and len(report.units) > 1:
        say(f"Summary: restored {counted(len(report.units), 'unit')}")


def warn_of_silence(settings: Settings) -> None:
    """Warn where a notice is asked for that nobody would get."""
    if not settings.notify:
        warn("warning: no notice will be sent: the setting `notify` has no address")
        warn("hint: put one into your own settings: `s3sync notify show`; `s3sync archive poll` tells it all the same")
    elif "thaw" not in settings.notices.events:
        warn("warning: no notice will be sent: `notices` has events, and `thaw` is none of them")
        warn("hint: add thaw to `notices: {events: [...]}`, as docs/notifications.md shows")


def print_thaws(lines: list[ThawLine]) -> None:
    if not lines:
        say("No restore waits for a thaw.")
    for line in lines:
        until = f", until {line.until}" if line.until else ""
        say(f"  {printable(line.unit)}: {line.state} ({printable(line.storage_class)}{until})")


def thaws_json(lines: list[ThawLine]) -> Json:
    return {"schema": SCHEMA, "command": "restore", "thaws": lines, "exit_code": 0}


def restore_json(report: RestoreReport, *, dry_run: bool) -> Json:
    return {
        "schema": SCHEMA,
        "command": "restore",
        "dry_run": dry_run,
        "units": [
            {
                "unit": one.unit,
                "key": one.key,
                "to": one.to,
                "files": one.files,
                "size_bytes": one.size,
                "verified_by": "size" if one.by_size else "size and etag" if one.unproven else "sha256",
                "there_already": one.same,
                "cold": one.cold,
                "cost": one.price.amount if one.price is not None else None,
                "beside": [{"name": name, "restored_as": other} for name, other in one.beside],
                "failed": [{"name": name, "error": why} for name, why in one.problems],
            }
            for one in report.units
        ],
        "failed": [{"name": one.path, "error": one.error, "hint": one.hint} for one in report.failed],
        "pending": report.pending,
        "ended": report.ended,
        "nothing_cold": report.warm,
        "exit_code": report.exit_code,
    }
