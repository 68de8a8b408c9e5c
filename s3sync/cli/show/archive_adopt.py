"""Output of `archive adopt`."""

from __future__ import annotations

from collections.abc import Callable

from s3sync.archive.adopt import Adoption, AdoptReport
from s3sync.cli.output import SCHEMA, printable, say, symbols
from s3sync.cli.progress import Lines
from s3sync.cli.show.words import Json, failed_json, warn_of_failures
from s3sync.core.archive.records import Status
from s3sync.core.quantities import counted, files_text, size_text


def print_adopted(lines: Lines, *, quiet: bool, verbose: bool) -> Callable[[Adoption], None]:
    """A function that shows an archive when it is taken in."""

    def told(one: Adoption) -> None:
        if quiet:
            return
        archive = one.archive
        known = files_text(archive.files) if archive.status is Status.ADOPTED else "not indexed"
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
        say(f"Summary: {counted(len(report.adopted), 'archive')} {would} ({size}){known}; nothing was sent")
        if report.unfit_count:
            say(f"{counted(report.unfit_count, 'key')} of the store do not fit the layout of the set")
        for key in report.unfit if verbose else ():
            say(f"  {printable(key)}")
    warn_of_failures(report.problems)


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
        "unfit": report.unfit_count,
        "failed": [failed_json(problem) for problem in report.problems],
        "exit_code": report.exit_code,
    }
