"""The report of `status`: what differs first, then what is in sync."""

from __future__ import annotations

import re

from s3sync.cli.output import (
    GREEN,
    RED,
    SCHEMA,
    YELLOW,
    Symbols,
    ago_text,
    colour,
    error_body,
    error_lines,
    printable,
    say,
    short_name,
    symbols,
    warn,
)
from s3sync.cli.show.transfers import transfer_json, transfer_line
from s3sync.cli.show.words import (
    ABSENT_THERE,
    NO_PROJECT,
    Json,
    by_text,
    cleaned_json,
    cleaned_line,
    failed_json,
    is_around,
    lock_json,
    place_json,
    project_typed,
    resolve_command,
    state_sign,
    warn_of_failures,
)
from s3sync.config.schemes import scheme_of
from s3sync.core.names import short_text
from s3sync.core.quantities import files_text, size_text
from s3sync.core.reconcile import ConflictKind, State
from s3sync.errors import S3syncError
from s3sync.sync.locked import held_text
from s3sync.sync.report import FileStatus, ProjectAddress, StatusReport

FEW = 20
"""Up to so many files that are in sync are named one by one; more only with --verbose."""

CLASHES = {
    ConflictKind.BOTH_EDITED: "changed here, and changed on the remote",
    ConflictKind.BOTH_ADDED: "new here, and new on the remote with other content",
    ConflictKind.EDITED_HERE_DELETED_THERE: "changed here, and deleted on the remote",
    ConflictKind.DELETED_HERE_EDITED_THERE: "deleted here, and changed on the remote",
}


def print_status(report: StatusReport, *, verbose: bool, quiet: bool) -> None:
    if not quiet:
        signs = symbols()
        say(f"{signs.status} S3 Staging Status: {printable(report.place.project)}")
        _print_files(report, signs, verbose)
        for lock in report.locks:
            say(f"  {signs.locked} {short_name(lock.name or lock.id)}  {printable(held_text(lock))}")
        for transfer in report.transfers:
            say(transfer_line(transfer))
        say(status_summary(report))
        _say_deselected(report)
        copies = State.CLEANED_UP in report.counts
        if report.cleaned and (copies or not report.files):
            say(cleaned_line(report.cleaned, has_copies=copies, is_empty=not has_remote_files(report)))
        for member, receipt in report.lacking.items():
            about = "about " if receipt.more else ""
            say(f"  {printable(short_text(member))} has not fetched {about}{files_text(receipt.count)} yet")
        say_incoming(report)
        _say_how_to_finish(report)
        if report.pin is not None:
            from s3sync.cli.show.pinned import pin_line

            if line := pin_line(report.pin, report.place):
                say(line)
        if report.place.store_is_default:
            _say_how_to_move(report.place)
    else:
        for file in report.files:
            if file.state is State.CONFLICT:
                warn(status_line(file, symbols(), scheme_of(report.place.store).there))
    for warning in report.warnings:
        warn(f"warning: {printable(warning)}")
    warn_of_kept(report)
    warn_of_failures(report.failed)


def _say_deselected(report: StatusReport) -> None:
    if report.deselected:
        few = f"{files_text(report.deselected)} ({size_text(report.deselected_bytes)})"
        say(f"  {few} only on the remote, not selected here: `s3sync select` shows them")


def say_incoming(report: StatusReport) -> None:
    """Files that clients sent and nobody has taken in."""
    if report.incoming:
        from s3sync.cli.show.receive import waiting_lines

        for line in waiting_lines(report.incoming):
            say(line)


def _print_files(report: StatusReport, signs: Symbols, verbose: bool) -> None:
    there = scheme_of(report.place.store).there
    count = size = 0
    for file in report.files:
        if file.state is State.IN_SYNC:
            count, size = count + 1, size + file.size_bytes
        else:
            say(status_line(file, signs, there))
    if count and not verbose and count > FEW:
        say(f"  {colour(f'{signs.done} {files_text(count)} in sync', GREEN)}  ({size_text(size)})")
        return
    for file in report.files if count else ():
        if file.state is State.IN_SYNC:
            say(status_line(file, signs, there))


COMMAND = re.compile("`(s3sync [a-z]+)`")
NEXT = (
    ("To upload: `s3sync up`", (State.LOCAL_NEW, State.LOCAL_MODIFIED)),
    ("To download: `s3sync down`", (State.REMOTE_NEW, State.REMOTE_MODIFIED)),
    ("To delete on the remote, too: `s3sync sync`; to fetch again: `s3sync down`", (State.LOCAL_DELETED,)),
    ("To delete here, too: `s3sync sync` (they go to the trash)", (State.REMOTE_DELETED,)),
    ("To settle conflicts: `s3sync conflicts` shows both versions; `s3sync sync` keeps both", (State.CONFLICT,)),
)


def _say_how_to_finish(report: StatusReport) -> None:
    """What each kind of difference wants, once; in words that can be typed where the user is."""
    counts = report.counts
    project = "" if is_around(report.place) else f" {project_typed(report.place)}"
    for text, states in NEXT:
        if any(counts.get(state) for state in states):
            say(COMMAND.sub(lambda command: f"`{command[1]}{project}`", text))


def warn_of_kept(report: StatusReport) -> None:
    """Conflicts of which both versions are here: nothing is lost, but somebody has to choose."""
    for kept in report.kept_conflicts:
        warn(
            f"{symbols().conflict} {printable(kept.name)}: two versions are kept since a conflict "
            f"{ago_text(kept.at, report.asked_at)}; the other is {printable(kept.kept_as)}"
        )
    if report.kept_conflicts:
        command = resolve_command(report.place, report.kept_conflicts[0].kept_as)
        warn(f"hint: `{command}` asks which one stays; `s3sync conflicts` shows both versions")


def status_line(file: FileStatus, signs: Symbols, there: str) -> str:
    """A file's line: name, size and state."""
    text = {
        State.IN_SYNC: "synced",
        State.LOCAL_NEW: "new here",
        State.LOCAL_MODIFIED: "newer here",
        State.LOCAL_DELETED: "deleted here",
        State.REMOTE_NEW: f"new {there}",
        State.REMOTE_MODIFIED: f"newer {there}",
        State.REMOTE_DELETED: f"deleted {there}",
        State.CLEANED_UP: f"cleaned up {there}, your copy stays",
        State.CONFLICT: f"conflict: {CLASHES[file.conflict]}" if file.conflict else "conflict",
    }[file.state]
    if file.state in (State.REMOTE_NEW, State.REMOTE_MODIFIED, State.REMOTE_DELETED, State.CONFLICT):
        text += by_text(file.uploaded_by, file.uploaded_at)
    shade = {State.IN_SYNC: GREEN, State.CONFLICT: RED}.get(file.state, YELLOW)
    shown = colour(f"{state_sign(file.state, signs)} {text}", shade)
    return f"  {short_name(file.name)}  ({size_text(file.size_bytes)})  {shown}"


COUNTED = (
    ("to upload", (State.LOCAL_NEW, State.LOCAL_MODIFIED)),
    ("to download", (State.REMOTE_NEW, State.REMOTE_MODIFIED)),
    ("deleted here", (State.LOCAL_DELETED,)),
    ("deleted there", (State.REMOTE_DELETED,)),
    ("cleaned up there", (State.CLEANED_UP,)),
    ("in conflict", (State.CONFLICT,)),
)


def status_summary(report: StatusReport) -> str:
    counts = report.counts
    parts = [
        f"{total} {label}" for label, states in COUNTED if (total := sum(counts.get(state, 0) for state in states))
    ]
    if report.failed:
        parts.append(f"{len(report.failed)} cannot be synced")
    text = ", ".join(parts) if parts else ("all in sync" if report.files else "no files yet")
    if not report.last_sync_at:  # after a first run that was interrupted there are files, and no record of it yet
        return f"Status: {text}{'' if has_remote_files(report) else ' (never synced)'}"
    by = f" by {printable(short_text(report.last_sync_by))}" if report.last_sync_by else ""
    return f"Status: {text} (last sync: {ago_text(report.last_sync_at, report.asked_at)}{by})"


def has_remote_files(report: StatusReport) -> bool:
    return any(State(state) not in ABSENT_THERE for state in report.counts)


def _say_how_to_move(place: ProjectAddress) -> None:
    say(f"The files stay on this computer, in {printable(place.store)}.")
    say("To share them: s3sync init --store s3://BUCKET --region REGION")


def print_all(reports: list[StatusReport], failed: list[tuple[str, S3syncError]], *, quiet: bool) -> None:
    """Every project a line, side by side; then what is wrong with any of them."""
    if not quiet:
        say(f"{symbols().status} S3 Staging Status: all projects")
    print_projects_of(reports, failed, quiet=quiet)


def print_projects_of(
    reports: list[StatusReport], failed: list[tuple[str, S3syncError]], *, quiet: bool, of: str = ""
) -> None:
    """The projects of one repository. `of` is what stands before their names where several are shown."""
    if not quiet:
        width = max([len(printable(report.place.project)) for report in reports] + [7])
        for report in reports:
            total = sum(file.size_bytes for file in report.files)
            name = printable(report.place.project).ljust(width)
            summary = status_summary(report).removeprefix("Status: ")
            say(f"  {name}  {files_text(len(report.files)):>9}  {size_text(total):>9}  {summary}")
        if not reports and not failed:
            say(f"  {NO_PROJECT}")
    for report in reports:
        warn_of_failures(report.failed, f"{of}{report.place.project}/")
    for name, error in failed:
        warn(f"{symbols().failed} {printable(of + name)}")
        for line in error_lines(error):
            warn(line)


def status_json(report: StatusReport) -> Json:
    return {"schema": SCHEMA, "command": "status", **status_body(report)}


def status_body(report: StatusReport) -> Json:
    return {
        **place_json(report.place),
        "in_sync": report.in_sync,
        "files": iter(report.files),
        "counts": report.counts,
        "failed": map(failed_json, report.failed),
        "locks": [lock_json(lock) for lock in report.locks],
        "lacking": {member: {"files": one.lacks, "more": one.more} for member, one in report.lacking.items()},
        "incoming": [{"by": one.client, "files": one.files, "size_bytes": one.size_bytes} for one in report.incoming],
        "pin": _pin_json(report),
        "transfers": [transfer_json(item) for item in report.transfers],
        "kept_conflicts": [
            {"name": kept.name, "kept_as": kept.kept_as, "by": kept.by, "at": kept.at} for kept in report.kept_conflicts
        ],
        "warnings": report.warnings,
        "last_sync": {"at": report.last_sync_at, "by": report.last_sync_by},
        "cleaned": cleaned_json(report.cleaned),
        "deselected": {"files": report.deselected, "bytes": report.deselected_bytes},
    }


def _pin_json(report: StatusReport) -> Json | None:
    if report.pin is None:
        return None
    from s3sync.cli.show.pinned import difference_json

    return difference_json(report.pin)


def all_json(reports: list[StatusReport], failed: list[tuple[str, S3syncError]]) -> Json:
    return {"schema": SCHEMA, "command": "status", "projects": all_bodies(reports, failed)}


def all_bodies(reports: list[StatusReport], failed: list[tuple[str, S3syncError]]) -> list[Json]:
    """Projects of one repository: those that have a status, and those that have an error instead."""
    broken = [{"project": name, "error": error_body(error)} for name, error in failed]
    return [status_body(report) for report in reports] + broken
