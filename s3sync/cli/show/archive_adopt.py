"""Output of `archive adopt`."""

from __future__ import annotations

from collections.abc import Callable

from s3sync.archive.adopt import Adoption, AdoptReport
from s3sync.cli.output import SCHEMA, printable, say, symbols, warn
from s3sync.cli.progress import Lines
from s3sync.cli.show.archive_list import proposed_text
from s3sync.cli.show.words import Json, failed_json, warn_of_failures
from s3sync.core.archive.records import Status
from s3sync.core.quantities import counted, files_text, size_text

NAMED = 20


def print_adopted(lines: Lines, *, quiet: bool, verbose: bool) -> Callable[[Adoption], None]:
    """A function that shows an archive when it is taken in."""

    def told(one: Adoption) -> None:
        if quiet:
            return
        archive = one.archive
        known = "not indexed" if archive.status is Status.NOT_INDEXED else files_text(archive.files)
        known += proposed_text(archive)
        why = f": {printable(one.why)}" if one.why else ""
        lines.show(f"  {symbols().done} {printable(archive.unit)} ({size_text(archive.size)}) - {known}{why}")
        if one.left_out:
            lines.note(
                f"warning: a restore of {printable(archive.unit)} leaves {counted(len(one.left_out), 'member')} out"
            )
        for line in one.left_out if verbose else ():
            lines.note(f"  {printable(line)}")

    return told


def print_adopt_summary(report: AdoptReport, *, quiet: bool, verbose: bool) -> None:
    if not quiet:
        would = "would be adopted" if report.dry_run else "adopted"
        size = size_text(sum(one.archive.size for one in report.adopted))
        known = f", {report.known} known already" if report.known else ""
        sent = f"wrote {counted(report.written, 'proposal')} for others" if report.written else "nothing was sent"
        say(f"Summary: {counted(len(report.adopted), 'archive')} {would} ({size}){known}; {sent}")
        if report.unfit_count:
            say(f"not of the set, by its layout: {counted(report.unfit_count, 'key')} of the store")
        for key in report.unfit if verbose else ():
            say(f"  {printable(key)}")
        if report.log or report.statistics:
            taken = f"{counted(report.log, 'line')} of its log, {counted(report.statistics, 'day')} of its statistics"
            say(f"Taken over: {taken}")
    _warn_of_record(report, verbose)
    warn_of_failures(report.problems)


def _warn_of_record(report: AdoptReport, verbose: bool) -> None:
    """What an older tool recorded and the store does not have."""
    if report.gone:
        warn(f"warning: recorded, and not in the store any more: {counted(len(report.gone), 'object')}:")
    for unit, key in report.gone if verbose else report.gone[:NAMED]:
        warn(f"  {printable(unit)} - {printable(key)}")
    if len(report.gone) > NAMED and not verbose:
        warn(f"  ... and {len(report.gone) - NAMED} more (--verbose names all)")
    if report.gone:
        warn("hint: none of them counts as a copy; look for another one before you delete anything")
    for place, count in sorted(report.elsewhere.items()):
        warn(f"warning: {counted(count, 'archive')} not looked at in {printable(place)}: no part of the set's store")
    if report.elsewhere:
        warn("hint: make a set whose `store` is there, and adopt with --set and --from again")
    for line in report.warnings if verbose else report.warnings[:NAMED]:
        warn(f"warning: {printable(line)}")
    if len(report.warnings) > NAMED and not verbose:
        warn(f"... and {len(report.warnings) - NAMED} more warnings (--verbose names all)")


def adopt_json(report: AdoptReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "archive",
        "action": "adopt",
        "dry_run": report.dry_run,
        "adopted": [
            {
                "unit": one.archive.unit,
                "key": one.archive.key,
                "status": one.archive.status,
                "files": one.archive.files,
                "size_bytes": one.archive.size,
                "storage_class": one.archive.storage_class,
                "why": one.why,
                "left_out": [printable(line) for line in one.left_out],
            }
            for one in report.adopted
        ],
        "known": report.known,
        "written": report.written,
        "unfit": report.unfit_count,
        "gone": [{"unit": unit, "key": key} for unit, key in report.gone],
        "elsewhere": dict(sorted(report.elsewhere.items())),
        "log": report.log,
        "statistics": report.statistics,
        "warnings": report.warnings,
        "failed": [failed_json(problem) for problem in report.problems],
        "exit_code": report.exit_code,
    }
