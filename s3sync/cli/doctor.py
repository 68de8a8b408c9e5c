"""doctor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s3sync.cli.call import CHECK, WRITES, Call, command
from s3sync.cli.options import OneName, ProjectName
from s3sync.cli.output import GREEN, RED, SCHEMA, YELLOW, colour, print_json, printable, say, symbols, warn
from s3sync.errors import UsageError

if TYPE_CHECKING:
    from s3sync.doctor import Check, DoctorReport


def register(app: typer.Typer) -> None:
    command(
        app,
        doctor,
        "s3sync doctor\ns3sync doctor --fix",
        0,
        1,
        2,
        5,
        6,
        130,
        takes=WRITES,
        group=CHECK,
        verbose="Also give the hints of what is in order.",
    )


def doctor(
    call: Call,
    name: OneName = None,
    project: ProjectName = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what is wrong on this computer; nothing of yours is deleted.")
    ] = False,
) -> int:
    """Check settings, credentials, the store, your rights there, and this computer; say what to do about it."""
    from s3sync.doctor import doctor as examine

    if fix and call.dry_run:
        raise UsageError("--fix and --dry-run exclude each other", hint="without --fix, nothing is fixed, only said")
    report = examine(
        Path.cwd(),
        project or name,
        flags=call.flags,
        environ=os.environ,
        fix=fix,
        dry_run=call.dry_run,
        lock_wait_s=call.wait,
    )
    if call.json:
        print_json(_as_json(report))
    else:
        _print(report, verbose=call.verbose, quiet=call.quiet)
    return report.exit_code


def _as_json(report: DoctorReport) -> dict[str, Any]:
    place = report.place
    return {
        "schema": SCHEMA,
        "command": "doctor",
        "project": place.project if place else None,
        "repo": place.repo if place else None,
        "store": place.store if place else None,
        "checks": [
            {"name": check.name, "level": check.level.value, "found": check.found, "hint": check.hint}
            for check in report.checks
        ],
        "counts": report.counts,
        "fixed": report.fixed,
        "exit_code": report.exit_code,
    }


def _print(report: DoctorReport, *, verbose: bool, quiet: bool) -> None:
    """A line for each check, the hint below it. `verbose` gives every hint, `quiet` only what is wrong."""
    from s3sync.doctor import Level

    signs = symbols()
    marks = {
        Level.OK: (signs.done, GREEN),
        Level.WARN: (signs.conflict, YELLOW),
        Level.FAIL: (signs.failed, RED),
        Level.SKIPPED: ("-", None),
    }
    for what in report.fixed:
        say(f"  {signs.done} fixed: {printable(what)}")
    for check in report.checks:
        trouble = check.level in (Level.WARN, Level.FAIL)
        if quiet and not trouble:
            continue
        tell = warn if quiet else say
        sign, code = marks[check.level]
        tell(_line(check, colour(sign, code) if code else sign))
        if check.hint and (trouble or verbose):
            tell(f"      hint: {printable(check.hint)}")
    if not quiet:
        say(_summary(report))


def _line(check: Check, sign: str) -> str:
    return f"  {sign} {check.level.value:7} {check.name.replace('_', ' ')}: {printable(check.found)}"


def _summary(report: DoctorReport) -> str:
    counts = report.counts
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    return f"Summary: {counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} failed{skipped}"
