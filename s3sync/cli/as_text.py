"""Reports as people read them."""

from __future__ import annotations

from collections.abc import Iterable

from s3sync.cli.output import (
    GREEN,
    YELLOW,
    Symbols,
    ago_text,
    colour,
    duration_text,
    moved_line,
    printable,
    say,
    symbols,
    warn,
)
from s3sync.core.manifest.record import CleanedRecord
from s3sync.core.outcome import Problem
from s3sync.core.plan import Verb
from s3sync.core.quantities import files_text, size_text
from s3sync.core.reconcile import ConflictKind, State
from s3sync.core.unfinished import Direction
from s3sync.sync.report import (
    ConflictReport,
    Place,
    RunReport,
    TransfersReport,
    TransferStatus,
)

FEW = 20
"""Up to so many files that are in sync are named one by one; more only with --verbose."""


def print_run(report: RunReport, *, verbose: bool, quiet: bool, begun: bool = False) -> None:
    """`begun`: the headline and the files that moved were shown while it ran."""
    if not quiet:
        if not begun:
            _print_moved(report)
        _print_run_lines(report, verbose)
    for warning in report.warnings:
        warn(f"warning: {printable(warning)}")
    for conflict in report.conflicts:
        _warn_of_conflict(conflict, report)
    if any(conflict.resolution is None for conflict in report.conflicts):
        warn("hint: `s3sync sync` keeps both versions; to keep only one: --on-conflict mine, or theirs")
    warn_of_failures(report.failed)


def _print_moved(report: RunReport) -> None:
    signs = symbols()
    would = "would be " if report.dry_run else ""
    say(run_headline(report.verb, report.place, report.dry_run))
    for moved in report.uploaded:
        say(moved_line(colour(signs.done, GREEN), moved.name, moved.size_bytes, f"{would}uploaded"))
    for arrived in report.downloaded:
        say(moved_line(colour(signs.done, GREEN), arrived.name, arrived.size_bytes, f"{would}downloaded"))


def _print_run_lines(report: RunReport, verbose: bool) -> None:
    signs = symbols()
    would = "would be " if report.dry_run else ""
    for deleted in report.deleted:
        where = "here" if deleted.side == "local" else "from the remote"
        say(moved_line(signs.gone, deleted.name, deleted.size_bytes, f"{would}deleted {where}, kept in the trash"))
    if verbose or _in_sync(report)[0] <= FEW:
        for item in report.skipped:
            if item.state is State.IN_SYNC:
                say(moved_line("-", item.name, item.size_bytes, "already in sync"))
    copies = any(item.state is State.CLEANED_UP for item in report.skipped)
    if report.cleaned and (copies or not (report.skipped or report.uploaded or report.downloaded or report.failed)):
        say(cleaned_line(report.cleaned, has_copies=copies))
    for item in report.skipped:
        if item.state not in (State.IN_SYNC, State.CLEANED_UP):
            text = _left_alone(report.verb, item.state, item.uploaded_by, item.uploaded_at)
            say(moved_line(colour(state_sign(item.state, signs), YELLOW), item.name, item.size_bytes, text))
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


def run_headline(verb: Verb, where: Place, dry_run: bool) -> str:
    signs = symbols()
    place = f"{where.repo}/{where.project}"
    store = "S3" if where.store.startswith("s3:") else where.store
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
    skipped, total = _in_sync(report)
    if skipped:
        parts.append(f"skipped {skipped} ({size_text(total)})")
    waiting = len(report.skipped) - skipped
    if waiting:
        parts.append(f"left {waiting} alone")
    if report.conflicts:
        parts.append(f"{len(report.conflicts)} in conflict")
    if report.failed:
        parts.append(f"{len(report.failed)} failed")
    if report.bytes_saved:
        parts.append(f"{size_text(report.bytes_saved)} did not have to travel")
    return f"Summary: {', '.join(parts or ['nothing to do'])}, {duration_text(report.elapsed_s)}"


def state_sign(state: State, signs: Symbols) -> str:
    if state is State.IN_SYNC:
        return signs.done
    if state is State.CONFLICT:
        return signs.conflict
    if state in (State.LOCAL_DELETED, State.REMOTE_DELETED):
        return signs.gone
    if state is State.CLEANED_UP:
        return signs.cleanup
    return signs.newer_there if state in (State.REMOTE_NEW, State.REMOTE_MODIFIED) else signs.newer_here


def by_text(user: str | None, at: str | None) -> str:
    if not user:
        return ""
    return f", by {printable(user)} {ago_text(at)}"


def cleaned_line(cleaned: CleanedRecord, *, has_copies: bool) -> str:
    """Who cleaned up, and how to bring the project back, for those who have copies of what was there."""
    by, at = printable(cleaned.by), printable(cleaned.at[:10])
    said = f"{by} cleaned up this project on {at}"
    if not has_copies:
        return f"{said}: there is nothing to download; who has copies sends them with `s3sync up --again`"
    return f"{said}: your copies stay; `s3sync up --again` sends them"


def _left_alone(verb: Verb, state: State, user: str | None, at: str | None) -> str:
    """Why a verb did not touch a difference, and which command would."""
    if state in (State.REMOTE_NEW, State.REMOTE_MODIFIED):
        return f"{'new' if state is State.REMOTE_NEW else 'newer'} on the remote{by_text(user, at)}: run `s3sync down`"
    if state is State.REMOTE_DELETED:
        return f"deleted on the remote{by_text(user, at)}: `s3sync sync` deletes it here"
    if state is State.LOCAL_DELETED:
        return "deleted here: `s3sync down` fetches it again, `s3sync sync` deletes it on the remote"
    return f"{'new' if state is State.LOCAL_NEW else 'changed'} here: run `s3sync up`"


def _warn_of_conflict(conflict: ConflictReport, report: RunReport) -> None:
    signs = symbols()
    other = f"by {printable(conflict.uploaded_by)}" if conflict.uploaded_by else "on the remote"
    when = f" {ago_text(conflict.uploaded_at)}" if conflict.uploaded_at else ""
    what = {
        ConflictKind.BOTH_EDITED: f"changed here, and {other}{when}",
        ConflictKind.BOTH_ADDED: f"added here, and {other}{when}, with different content",
        ConflictKind.EDITED_HERE_DELETED_THERE: f"changed here, and deleted {other}{when}",
        ConflictKind.DELETED_HERE_EDITED_THERE: f"deleted here, and changed {other}{when}",
    }[conflict.kind]
    warn(f"{signs.conflict} conflict: {printable(conflict.name)} was {what}")
    would = "would be " if report.dry_run else ""
    outcome = {
        "kept_both": f"both {would}kept: theirs under its name, yours as {printable(conflict.kept_as or '')}",
        "kept_mine": f"yours {would}published, theirs {would}moved to the trash on the remote",
        "kept_theirs": f"theirs {would}taken, yours {would}moved to the trash in .s3sync/trash",
        "kept_edit": f"the changed version {would}kept",
        None: "nothing was overwritten",
    }[conflict.resolution]
    warn(f"    {outcome}")


def warn_of_failures(failed: Iterable[Problem], prefix: str = "") -> None:
    """Each with its hint; what is the hint of several is said once, below the last of them."""
    hint = None
    for problem in failed:
        if hint and hint != problem.hint:
            warn(f"hint: {printable(hint)}")
        warn(f"{symbols().failed} {printable(prefix + problem.path)}: {printable(problem.error)}")
        hint = problem.hint
    if hint:
        warn(f"hint: {printable(hint)}")


def transfer_line(transfer: TransferStatus) -> str:
    """What is unfinished, how far it got, and what goes on with it."""
    sign = symbols().up if transfer.way is Direction.UP else symbols().down
    what = "upload" if transfer.way is Direction.UP else "download"
    if transfer.ours:
        far = f"{transfer.percent} % of {size_text(transfer.size_bytes or 0)}"
        rest = f"`s3sync {transfer.way.value}` goes on with it"
    else:
        far, rest = size_text(transfer.done_bytes), "not of this computer"
    began = ago_text(transfer.started_at)
    return f"  {sign} {printable(transfer.name)} - unfinished {what}, {far}, begun {began}: {rest}"


def print_transfers(report: TransfersReport, *, verbose: bool) -> None:
    for transfer in report.transfers:
        shown_id = f" (upload {printable(transfer.upload_id)})" if verbose and transfer.upload_id else ""
        say(transfer_line(transfer) + shown_id)
    for transfer in report.aborted:
        say(f"  {symbols().gone} {printable(transfer.name)} - {'would be ' if report.dry_run else ''}aborted")
    foreign = [transfer for transfer in report.transfers if not transfer.ours]
    if not report.transfers and not report.aborted:
        say("No unfinished transfers.")
    if foreign:
        total = size_text(sum(transfer.done_bytes for transfer in foreign))
        say(f"{len(foreign)} of other computers hold {total} in the store, which costs: --abort NAME ends one.")
