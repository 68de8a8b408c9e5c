"""The report of `doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from msgspec import structs

from s3sync.cli.output import GREEN, RED, SCHEMA, YELLOW, colour, printable, say, symbols, warn
from s3sync.cli.show.words import Json
from s3sync.doctor import Check, DoctorReport, Level


def doctor_json(report: DoctorReport) -> Json:
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


def print_doctor(report: DoctorReport, *, verbose: bool, quiet: bool) -> None:
    """A line for each check, the hint below it. `verbose` gives every hint, `quiet` only what is wrong."""
    signs = symbols()
    marks = {
        Level.OK: (signs.done, GREEN),
        Level.WARN: (signs.conflict, YELLOW),
        Level.FAIL: (signs.failed, RED),
        Level.SKIPPED: ("-", None),
    }
    for what in report.fixed:
        say(f"  {signs.done} fixed: {printable(what)}")
    for check in report.checks if verbose else _brief(report.checks):
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


def _brief(checks: list[Check]) -> Iterator[Check]:
    """Checks, those in one that were skipped one after another for the same reason."""
    for (level, found), group in groupby(checks, lambda check: (check.level, check.found)):
        same = list(group)
        if level is Level.SKIPPED and len(same) > 2:
            first, last = same[0].name, same[-1].name
            yield structs.replace(same[0], name=f"{len(same)} checks, {first} to {last}", found=found)
        else:
            yield from same


def _line(check: Check, sign: str) -> str:
    return f"  {sign} {check.level.value:7} {check.name.replace('_', ' ')}: {printable(check.found)}"


def _summary(report: DoctorReport) -> str:
    counts = report.counts
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    return f"Summary: {counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} failed{skipped}"
