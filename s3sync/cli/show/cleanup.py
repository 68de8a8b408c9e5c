"""The question and the report of `cleanup`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice

from s3sync.cli.output import SCHEMA, duration_text, moved_line, printable, say, symbols, warn
from s3sync.cli.show.words import (
    Json,
    deleted_json,
    failed_json,
    locked_json,
    place_json,
    project_option,
    warn_of_failures,
    warn_of_locked,
)
from s3sync.core.outcome import Problem
from s3sync.core.quantities import files_text, size_text
from s3sync.sync.report import CleanupReport

NAMED = 20
"""Files that are named in the question."""
MANY = 200
"""Up to so many deleted files are named one by one; more only with --verbose."""


def cleanup_question(report: CleanupReport, *, versions: bool) -> Iterator[str]:
    """Lines to show, and as the last one the question."""
    for deleted in report.deleted[:NAMED]:
        yield f"  {printable(deleted.name)}{' - into the trash' if deleted.in_trash else ''}"
    if len(report.deleted) > NAMED:
        yield f"  ... and {len(report.deleted) - NAMED} more"
    if report.last_copies:
        yield f"{files_text(len(report.last_copies))} of these exist nowhere else and cannot be restored:"
        yield from (f"  {printable(name)}" for name in islice(report.last_copies, NAMED))
        if len(report.last_copies) > NAMED:
            yield f"  ... and {len(report.last_copies) - NAMED} more"
    where = "on this computer" if report.side == "local" else f"in {printable(report.place.store)}"
    if report.trash_kept_files:
        kept = files_text(report.trash_kept_files)
        yield f"Kept in the trash, because they exist nowhere else: {kept}; --trash takes them too"
    if versions and report.old_versions:
        yield f"And {report.old_versions} old versions that the bucket keeps ({size_text(report.old_bytes)})"
    yield f"Delete permanently {_what(report)} of {printable(report.place.project)} {where}?"


def _kept_lines(kept: Iterable[Problem]) -> Iterator[str]:
    """Each file with its reason; what is the hint of several is said once, below the last of them."""
    for hint, problems in groupby(kept, key=lambda problem: problem.hint):
        for problem in problems:
            yield f"  - {printable(problem.path)} - kept: {printable(problem.error)}"
        if hint:
            yield f"    {printable(hint)}"


def print_cleanup(report: CleanupReport, *, verbose: bool, quiet: bool) -> None:
    if not quiet:
        would = "would be " if report.dry_run else ""
        where = "here" if report.side == "local" else "on the remote"
        say(
            f"{symbols().cleanup} Cleaning up {where}: {printable(report.place.repo)}/{printable(report.place.project)}"
        )
        for deleted in report.deleted if verbose or len(report.deleted) <= MANY else ():
            how = f"{would}moved to the trash {where}" if deleted.in_trash else f"{would}deleted {where} permanently"
            say(moved_line(symbols().gone, deleted.name, deleted.size_bytes, how))
        for line in _kept_lines(report.kept):
            say(line)
        _say_what_still_costs(report)
        if report.versions_deleted:
            say(f"Deleted {report.versions_deleted} old versions that the bucket kept.")
        if report.old_versions:
            say(
                f"The bucket has versioning: {report.old_versions} old versions ({size_text(report.old_bytes)}) stay "
                "and are billed. `s3sync cleanup --versions` deletes them, and a lifecycle rule would"
            )
        say(f"Summary: {cleanup_summary(report)}, {duration_text(report.elapsed_s)}")
    for warning in report.warnings:
        warn(f"warning: {printable(warning)}")
    warn_of_locked(report.locked, report.place)
    warn_of_failures(report.failed)


def _say_what_still_costs(report: CleanupReport) -> None:
    if not report.bytes_in_trash:
        return
    count = report.trash_kept_files + sum(item.in_trash for item in report.deleted)
    costs = "still takes space here" if report.side == "local" else "is still billed"
    look = f"s3sync trash list{'' if report.side == 'local' else ' --remote'}{project_option(report.place)}"
    say(
        f"The trash holds {files_text(count)} ({size_text(report.bytes_in_trash)}), which {costs}: "
        f"`{printable(look)}` shows them"
    )


def cleanup_summary(report: CleanupReport) -> str:
    would = "would delete" if report.dry_run else "deleted"
    parts = [f"{would} {_what(report)}"]
    if report.locked:
        parts.append(f"left {len(report.locked)} that others have locked")
    if report.kept:
        parts.append(f"kept {len(report.kept)}")
    return ", ".join(parts)


def _what(report: CleanupReport) -> str:
    gone = [item.size_bytes for item in report.deleted if not item.in_trash]
    trashed = [item.size_bytes for item in report.deleted if item.in_trash]
    text = f"{files_text(len(gone))} ({size_text(sum(gone))})"
    if report.trash_files:
        text += f", and {files_text(report.trash_files)} of the trash ({size_text(report.trash_bytes)})"
    if trashed:
        moved = "move" if report.dry_run else "moved"
        text += f", and {moved} {len(trashed)} to the trash ({size_text(sum(trashed))})"
    return text


def cleanup_json(report: CleanupReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "cleanup",
        **place_json(report.place),
        "side": report.side,
        "dry_run": report.dry_run,
        "deleted": ({**deleted_json(item), "in_trash": item.in_trash} for item in report.deleted),
        "kept": ({"name": item.path, "reason": item.error, "hint": item.hint} for item in report.kept),
        "failed": map(failed_json, report.failed),
        "locked": locked_json(report.locked),
        "trash": {"files": report.trash_files, "size_bytes": report.trash_bytes},
        "trash_kept": {"files": report.trash_kept_files, "size_bytes": report.trash_kept_bytes},
        "last_copies": iter(report.last_copies),
        "old_versions": {"count": report.old_versions, "size_bytes": report.old_bytes},
        "versions_deleted": report.versions_deleted,
        "bytes_in_trash": report.bytes_in_trash,
        "bytes_freed": report.bytes_freed,
        "elapsed_s": round(report.elapsed_s, 3),
        "exit_code": report.exit_code,
    }
