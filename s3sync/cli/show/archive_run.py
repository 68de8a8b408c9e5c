"""Output of `archive run`: a line for each unit, and what came of all."""

from __future__ import annotations

from collections.abc import Callable

from s3sync.archive.run_report import RunReport, UnitReport, UnitState
from s3sync.archive.thaw import Price
from s3sync.cli.output import SCHEMA, printable, say, symbols, warn
from s3sync.cli.progress import Lines
from s3sync.cli.show.restore import amount_of, say_price
from s3sync.cli.show.words import Json
from s3sync.config import mask_url
from s3sync.config.schemes import scheme_of
from s3sync.core.quantities import counted, files_text, size_text


def print_unit(lines: Lines, quiet: bool, verbose: bool) -> Callable[[UnitReport], None]:
    """A function that shows a unit when it is done with; what went wrong is shown even when all else is quiet."""

    def told(unit: UnitReport) -> None:
        if unit.state in (UnitState.FAILED, UnitState.CHANGED):
            lines.note(f"  {symbols().failed} {_name(unit)}: {_failure(unit)}")
            if unit.hint:
                lines.note(f"hint: {printable(unit.hint)}")
        elif not quiet and (verbose or unit.state is not UnitState.KNOWN or unit.removed):
            sign = "-" if unit.state is UnitState.PLANNED or _is_to_go(unit) else symbols().done
            lines.show(f"  {sign} {_name(unit)} - {_done(unit)}")
        for problem in unit.problems:
            lines.note(f"warning: {_name(unit)} was archived without {printable(problem)}")
        for problem in unit.removed.problems if unit.removed else ():
            lines.note(f"warning: not deleted: {printable(problem)}")

    return told


def _name(unit: UnitReport) -> str:
    return printable(unit.unit)


def _failure(unit: UnitReport) -> str:
    if unit.state is UnitState.CHANGED:
        force = "--force replaces what this computer sent"
        return f"another version is archived; {force}, --not-archived leaves such units out"
    return printable(unit.error or "")


def _is_to_go(unit: UnitReport) -> bool:
    """True for files of a plan, which would leave the disk."""
    return unit.removed is not None and unit.verified is None


def _done(unit: UnitReport) -> str:
    what = f"{files_text(unit.files)}, {size_text(unit.size)}"
    would = "would be archived" if unit.state is UnitState.PLANNED else "archived"
    said = "archived already" if unit.state is UnitState.KNOWN else f"{would} ({what}) as {printable(unit.key)}"
    if unit.stored and unit.stored < unit.size * 0.99:
        said += f", {size_text(unit.stored)} packed"
    if unit.removed is not None and (unit.removed.files or not _is_to_go(unit)):
        deed = "would be verified, and then delete here" if _is_to_go(unit) else "verified, deleted here"
        said += f"; {deed} {files_text(unit.removed.files)} ({size_text(unit.removed.size)})"
        if unit.removed.kept:
            said += f", {'keep' if _is_to_go(unit) else 'kept'} {unit.removed.kept} light"
    return said


def print_summary(report: RunReport, *, quiet: bool) -> None:
    sent = report.of(UnitState.PLANNED if report.dry_run else UnitState.SENT)
    would = "would archive" if report.dry_run else "archived"
    parts = [f"{would} {counted(len(sent), 'unit')} ({size_text(sum(unit.size for unit in sent))})"]
    if known := report.of(UnitState.KNOWN):
        parts.append(f"{len(known)} archived already")
    if changed := report.of(UnitState.CHANGED):
        parts.append(f"{len(changed)} archived in another version")
    if failed := report.of(UnitState.FAILED):
        parts.append(f"{len(failed)} failed")
    if not quiet:
        if (made := report.made) is not None:
            deed = "would make" if report.dry_run else "made"
            say(f"{deed.capitalize()} the folder store {printable(str(made.folder))}, {printable(made.disk)}")
        say(f"Summary: {', '.join(parts)}")
        if report.not_due:
            are = "unit is" if report.not_due == 1 else "units are"
            say(f"{report.not_due} {are} not due yet (`older_than`): name them, or add --older-than 0s, to send them")
        elif not report.units:
            say("No unit fits what was asked for; `s3sync archive analyze` says what each set finds here")
    if report.unused and not quiet:
        kind = "a folder" if scheme_of(report.store).is_folder else "a remote of rclone"
        warn(f"warning: archives.{report.set} says `{printable(', '.join(report.unused))}`: {kind} has no such classes")
        warn("hint: leave it out, or give the set a store that is a bucket; nothing there is cheaper for it")
    if report.reading is not None and not quiet:
        warn(f"Before anything is deleted here, {amount_of(report.reading)} would be read back:")
        say_price(report.reading)
    if report.key_id is not None and any(unit.removed and unit.removed.files for unit in report.units):
        warn(f"What {'would leave' if report.dry_run else 'left'} this disk only the key {report.key_id} opens.")
        warn("hint: keep a copy of it where nothing else is: s3sync keys export FILE")
    if failed or changed:
        warn(f"{counted(len(failed) + len(changed), 'unit')} of {report.set} not archived; the rest is done")


def run_json(report: RunReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "archive",
        "action": "run",
        "set": report.set,
        "store": mask_url(report.store),
        "dry_run": report.dry_run,
        "not_due": report.not_due,
        "makes_store": report.made is not None,
        "key_id": report.key_id,
        "unused_settings": list(report.unused),
        "reading": _price_json(report.reading) if report.reading is not None else None,
        "units": [_unit_json(unit) for unit in report.units],
        "exit_code": report.exit_code,
    }


def _price_json(price: Price) -> Json:
    """`price` is None where some of it is not known, for the reason in `unknown`."""
    lacking = sorted(price.cost.total.unknown) if price.cost is not None else []
    return {
        "objects": price.objects,
        "size_bytes": price.size,
        "price": price.amount,
        "currency": price.currency,
        "unknown": ", ".join(lacking) or price.unknown,
    }


def _unit_json(unit: UnitReport) -> Json:
    removed = unit.removed
    return {
        "unit": unit.unit,
        "key": unit.key,
        "state": str(unit.state),
        "files": unit.files,
        "size_bytes": unit.size,
        "stored_bytes": unit.stored,
        "bytes_sent": unit.bytes_sent,
        "verified": str(unit.verified) if unit.verified else None,
        "deleted_local": {"files": removed.files, "size_bytes": removed.size, "kept": removed.kept}
        if removed
        else None,
        "problems": list(unit.problems),
        "error": unit.error,
        "hint": unit.hint,
    }
