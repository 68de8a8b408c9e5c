"""The report of `up`, `down` and `sync`, as people and as scripts read it."""

from __future__ import annotations

from collections.abc import Iterator

from s3sync.cli.output import (
    GREEN,
    SCHEMA,
    YELLOW,
    ago_text,
    colour,
    duration_text,
    error_body,
    moved_line,
    printable,
    say,
    symbols,
    warn,
)
from s3sync.cli.show.words import (
    ABSENT_THERE,
    Json,
    by_text,
    cleaned_line,
    deleted_json,
    failed_json,
    is_around,
    locked_json,
    place_json,
    project_typed,
    resolve_command,
    state_sign,
    warn_of_failures,
    warn_of_locked,
)
from s3sync.config.schemes import scheme_of
from s3sync.core.names import short_text
from s3sync.core.plan import Verb
from s3sync.core.quantities import files_text, size_text
from s3sync.core.reconcile import ConflictKind, State
from s3sync.errors import S3syncError
from s3sync.sync.report import ConflictReport, Moved, ProjectAddress, Received, RunReport

FEW = 20
"""Up to so many files that are in sync are named one by one; more only with --verbose."""


def print_run(report: RunReport, *, verbose: bool, quiet: bool, begun: bool = False, few: int = FEW) -> None:
    """`begun`: the headline and the files that moved were shown while it ran."""
    if not quiet:
        if not begun:
            _print_moved(report)
        _print_run_lines(report, verbose, few)
    for warning in report.warnings:
        warn(f"warning: {printable(warning)}")
    for conflict in report.conflicts:
        for line in conflict_lines(conflict, report):
            warn(line)
    undecided = [conflict.name for conflict in report.conflicts if conflict.resolution is None]
    if undecided:
        sync = "s3sync sync" if is_around(report.place) else f"s3sync sync {project_typed(report.place)}"
        decides = f"`{resolve_command(report.place, undecided[0])}` asks whose version stays"
        warn(f"hint: `{printable(sync)}` keeps both versions; {decides}")
    warn_of_locked(report.locked, report.place)
    warn_of_failures(report.failed)


def _print_moved(report: RunReport) -> None:
    signs = symbols()
    would = "would be " if report.dry_run else ""
    say(run_headline(report.verb, report.place, report.dry_run))
    for moved in report.uploaded:
        say(moved_line(colour(signs.done, GREEN), moved.name, moved.size_bytes, f"{would}uploaded"))
    for arrived in report.downloaded:
        say(moved_line(colour(signs.done, GREEN), arrived.name, arrived.size_bytes, f"{would}downloaded"))


def _print_run_lines(report: RunReport, verbose: bool, few: int) -> None:
    signs = symbols()
    would = "would be " if report.dry_run else ""
    for received in report.received:
        from s3sync.cli.show.receive import received_line

        say(received_line(received, report))
    for deleted in report.deleted:
        where = "here" if deleted.side == "local" else "from the remote"
        kept = "kept in the trash" if deleted.in_trash else f"kept as {printable(deleted.lives_on or '')}"
        say(moved_line(signs.gone, deleted.name, deleted.size_bytes, f"{would}deleted {where}, {kept}"))
    if verbose or _in_sync(report)[0] <= few:
        for item in report.skipped:
            if item.state is State.IN_SYNC:
                say(moved_line("-", item.name, item.size_bytes, "already in sync"))
    copies = any(item.state is State.CLEANED_UP for item in report.skipped)
    if report.cleaned and (copies or not (report.skipped or report.uploaded or report.downloaded or report.failed)):
        holds = any(item.state not in ABSENT_THERE for item in report.skipped) or report.uploaded or report.downloaded
        say(cleaned_line(report.cleaned, has_copies=copies, is_empty=not holds))
    for item in report.skipped:
        if item.state not in (State.IN_SYNC, State.CLEANED_UP):
            text = _left_alone(report.verb, item.state, item.uploaded_by, item.uploaded_at)
            say(moved_line(colour(state_sign(item.state, signs), YELLOW), item.name, item.size_bytes, text))
    for name in report.unlocked:
        say(f"  {colour(signs.done, GREEN)} {printable(name)} - unlocked")
    if report.trash_files:
        gone = f"{files_text(report.trash_files)} ({size_text(report.trash_bytes)})"
        say(f"Trash: deleted {gone} beyond its limits (the setting `trash`)")
    say(_run_summary(report))


def _in_sync(report: RunReport) -> tuple[int, int]:
    """How many files were in sync already, and their bytes."""
    count = size = 0
    for item in report.skipped:
        if item.state is State.IN_SYNC:
            count, size = count + 1, size + item.size_bytes
    return count, size


def run_headline(verb: Verb, where: ProjectAddress, dry_run: bool) -> str:
    signs = symbols()
    place = f"{where.repo}/{where.project}"
    store = scheme_of(where.store).name or where.store
    text = {
        Verb.UP: f"{signs.up} Uploading to {store}: {place}",
        Verb.DOWN: f"{signs.down} Downloading from {store}: {place}",
        Verb.SYNC: f"{signs.sync} Syncing with {store}: {place}",
    }[verb]
    return printable(text) + (" (dry run: nothing is written)" if dry_run else "")


def _run_summary(report: RunReport) -> str:
    would = "would have " if report.dry_run else ""
    parts: list[str] = []
    for verb, items in (("uploaded", report.uploaded), ("downloaded", report.downloaded), ("deleted", report.deleted)):
        if items:
            total = sum(item.size_bytes for item in items)
            parts.append(f"{would}{verb} {files_text(len(items))} ({size_text(total)})")
    if report.received:
        parts.append(
            f"{would}taken in {files_text(len(report.received))}"
            if would
            else f"took in {files_text(len(report.received))}"
        )
    skipped, total = _in_sync(report)
    if skipped:
        parts.append(f"skipped {skipped} ({size_text(total)})")
    waiting = len(report.skipped) - skipped
    if waiting:
        parts.append(f"left {waiting} alone")
    if report.deselected:
        parts.append(f"{report.deselected} not selected here")
    if report.conflicts:
        parts.append(f"{len(report.conflicts)} in conflict")
    if report.locked:
        parts.append(f"{len(report.locked)} locked by others")
    if report.failed:
        parts.append(f"{len(report.failed)} failed")
    if report.bytes_saved:
        saved = size_text(report.bytes_saved)
        parts.append(f"{saved} would be reused" if report.dry_run else f"{saved} reused")
    return f"Summary: {', '.join(parts or ['nothing to do'])}, {duration_text(report.elapsed_s)}"


def _left_alone(verb: Verb, state: State, user: str | None, at: str | None) -> str:
    """Reason why a verb did not touch a difference, and which command would."""
    if state in (State.REMOTE_NEW, State.REMOTE_MODIFIED):
        return f"{'new' if state is State.REMOTE_NEW else 'newer'} on the remote{by_text(user, at)}: run `s3sync down`"
    if state is State.REMOTE_DELETED:
        return f"deleted on the remote{by_text(user, at)}: `s3sync sync` deletes it here"
    if state is State.LOCAL_DELETED:
        return "deleted here: `s3sync down` fetches it again, `s3sync sync` deletes it on the remote"
    return f"{'new' if state is State.LOCAL_NEW else 'changed'} here: run `s3sync up`"


def conflict_lines(conflict: ConflictReport, report: RunReport) -> Iterator[str]:
    """A conflict in words: what happened, and what became of both versions."""
    signs = symbols()
    other = f"by {printable(short_text(conflict.uploaded_by))}" if conflict.uploaded_by else "on the remote"
    when = f" {ago_text(conflict.uploaded_at)}" if conflict.uploaded_at else ""
    what = {
        ConflictKind.BOTH_EDITED: f"changed here, and {other}{when}",
        ConflictKind.BOTH_ADDED: f"added here, and {other}{when}, with different content",
        ConflictKind.EDITED_HERE_DELETED_THERE: f"changed here, and deleted {other}{when}",
        ConflictKind.DELETED_HERE_EDITED_THERE: f"deleted here, and changed {other}{when}",
    }[conflict.kind]
    yield f"{signs.conflict} conflict: {printable(conflict.name)} was {what}"
    would = "would be " if report.dry_run else ""
    outcome = {
        "kept_both": f"both {would}kept: theirs under its name, yours as {printable(conflict.kept_as or '')}",
        "kept_mine": f"yours {would}published, theirs {would}moved to the trash on the remote",
        "kept_theirs": f"theirs {would}taken, yours {would}moved to the trash in .s3sync/trash",
        "kept_edit": f"the changed version {would}kept",
        None: "nothing was overwritten",
    }[conflict.resolution]
    yield f"    {outcome}"


def run_json(report: RunReport, stopped: S3syncError | None = None) -> Json:
    """`stopped`: what ended the run before its end; the report is of what it had done until then."""
    document: Json = {"schema": SCHEMA, "command": report.verb.value, **run_body(report)}
    return document if stopped is None else {**document, "error": error_body(stopped), "exit_code": stopped.exit_code}


def run_body(report: RunReport) -> Json:
    return {
        **place_json(report.place),
        "dry_run": report.dry_run,
        "uploaded": (_moved(item, "bytes_sent") for item in report.uploaded),
        "downloaded": (_moved(item, "bytes_received") for item in report.downloaded),
        "deleted": ({**deleted_json(item), "lives_on": item.lives_on} for item in report.deleted),
        "skipped": iter(report.skipped),
        "conflicts": map(_conflict, report.conflicts),
        "failed": map(failed_json, report.failed),
        "received": list(map(_received, report.received)),
        "locked": locked_json(report.locked),
        "unlocked": report.unlocked,
        "warnings": report.warnings,
        "bytes_sent": report.bytes_sent,
        "bytes_received": report.bytes_received,
        "bytes_saved": report.bytes_saved,
        "deselected": report.deselected,
        "trash": {"files": report.trash_files, "bytes": report.trash_bytes},
        "elapsed_s": round(report.elapsed_s, 3),
        "exit_code": report.exit_code,
    }


def _received(item: Received) -> Json:
    return {"name": item.name, "size_bytes": item.size_bytes, "by": item.by, "sent_as": item.sent_as}


def _moved(item: Moved, key: str) -> Json:
    return {"name": item.name, "size_bytes": item.size_bytes, key: item.bytes_moved}


def _conflict(item: ConflictReport) -> Json:
    return {
        "name": item.name,
        "kind": item.kind.value,
        "policy": item.policy.value,
        "resolution": item.resolution,
        "kept_as": item.kept_as,
        "uploaded_by": item.uploaded_by,
        "uploaded_at": item.uploaded_at,
    }
