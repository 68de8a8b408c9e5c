"""Reports as people read them."""

from __future__ import annotations

from collections.abc import Iterable

from s3sync.cli.output import (
    GREEN,
    RED,
    YELLOW,
    Symbols,
    ago_text,
    colour,
    duration_text,
    error_lines,
    files_text,
    moved_line,
    printable,
    say,
    size_text,
    symbols,
    warn,
)
from s3sync.core.manifest.record import CleanedRecord
from s3sync.core.outcome import Problem
from s3sync.core.plan import Verb
from s3sync.core.reconcile import ConflictKind, State
from s3sync.core.unfinished import Direction
from s3sync.errors import S3syncError
from s3sync.sync.report import (
    ConflictReport,
    FileStatus,
    Place,
    RunReport,
    StatusReport,
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
    if report.cleaned and (copies or not (report.skipped or report.uploaded or report.downloaded)):
        say(cleaned_line(report.cleaned, has_copies=copies))
    for item in report.skipped:
        if item.state not in (State.IN_SYNC, State.CLEANED_UP):
            text = _left_alone(report.verb, item.state, item.uploaded_by, item.uploaded_at)
            say(moved_line(colour(_sign(item.state, signs), YELLOW), item.name, item.size_bytes, text))
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


def _sign(state: State, signs: Symbols) -> str:
    if state is State.IN_SYNC:
        return signs.done
    if state is State.CONFLICT:
        return signs.conflict
    if state in (State.LOCAL_DELETED, State.REMOTE_DELETED):
        return signs.gone
    if state is State.CLEANED_UP:
        return signs.cleanup
    return signs.newer_there if state in (State.REMOTE_NEW, State.REMOTE_MODIFIED) else signs.newer_here


def _by(user: str | None, at: str | None) -> str:
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
        return f"{'new' if state is State.REMOTE_NEW else 'newer'} on the remote{_by(user, at)}: run `s3sync down`"
    if state is State.REMOTE_DELETED:
        return f"deleted on the remote{_by(user, at)}: `s3sync sync` deletes it here"
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
    if conflict.resolution is None:
        warn("hint: `s3sync sync` keeps both; --on-conflict mine or theirs decides for one")


def warn_of_failures(failed: Iterable[Problem], prefix: str = "") -> None:
    for problem in failed:
        warn(f"{symbols().failed} {printable(prefix + problem.path)}: {printable(problem.error)}")
        if problem.hint:
            warn(f"hint: {printable(problem.hint)}")


def print_status(report: StatusReport, *, verbose: bool, quiet: bool) -> None:
    if not quiet:
        signs = symbols()
        say(f"{signs.status} S3 Staging Status: {printable(report.place.project)}")
        for file in report.files:
            say(_status_line(file, signs, _store_name(report.place)))
        for transfer in report.transfers:
            say(transfer_line(transfer))
        say(status_summary(report))
        copies = State.CLEANED_UP in report.counts
        if report.cleaned and (copies or not report.files):
            say(cleaned_line(report.cleaned, has_copies=copies))
        if report.place.store_is_default:
            _say_how_to_move(report.place)
    for warning in report.warnings:
        warn(f"warning: {printable(warning)}")
    warn_of_failures(report.failed)


def _store_name(place: Place) -> str:
    return "S3" if place.store.startswith("s3:") else "the store"


def _status_line(file: FileStatus, signs: Symbols, there: str) -> str:
    text = {
        State.IN_SYNC: "synced",
        State.LOCAL_NEW: "new here",
        State.LOCAL_MODIFIED: "newer here",
        State.LOCAL_DELETED: "deleted here",
        State.REMOTE_NEW: f"new {'on' if there == 'S3' else 'in'} {there}",
        State.REMOTE_MODIFIED: f"newer {'on' if there == 'S3' else 'in'} {there}",
        State.REMOTE_DELETED: f"deleted {'on' if there == 'S3' else 'in'} {there}",
        State.CLEANED_UP: f"cleaned up {'on' if there == 'S3' else 'in'} {there}, your copy stays",
        State.CONFLICT: f"conflict: changed here and {'on' if there == 'S3' else 'in'} {there}",
    }[file.state]
    if file.state in (State.REMOTE_NEW, State.REMOTE_MODIFIED, State.REMOTE_DELETED, State.CONFLICT):
        text += _by(file.uploaded_by, file.uploaded_at)
    shade = {State.IN_SYNC: GREEN, State.CONFLICT: RED}.get(file.state, YELLOW)
    shown = colour(f"{_sign(file.state, signs)} {text}", shade)
    return f"  {printable(file.name)}  ({size_text(file.size_bytes)})  {shown}"


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


def print_verify(report: StatusReport, *, verbose: bool, quiet: bool) -> None:
    print_status(report, verbose=verbose, quiet=quiet)
    if not quiet:
        depth = "every byte" if report.verified == "deep" else "records and digests"
        say(f"Verified {depth}: {len(report.files)} files, {len(report.failed)} problems")


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
        parts.append(f"{len(report.failed)} cannot be carried")
    text = ", ".join(parts) if parts else ("all in sync" if report.files else "no files yet")
    if not report.last_sync_at:
        return f"Status: {text} (never synced)"
    by = f" by {printable(report.last_sync_by)}" if report.last_sync_by else ""
    return f"Status: {text} (last sync: {ago_text(report.last_sync_at, report.asked_at)}{by})"


def _say_how_to_move(place: Place) -> None:
    say(f"The files stay on this computer, in {printable(place.store)}.")
    say("To share them: s3sync init --store s3://BUCKET --region REGION")


def print_all(reports: list[StatusReport], failed: list[tuple[str, S3syncError]], *, quiet: bool) -> None:
    """Every project a line, side by side; then what is wrong with any of them."""
    if not quiet:
        say(f"{symbols().status} S3 Staging Status: all projects")
        width = max([len(printable(report.place.project)) for report in reports] + [7])
        for report in reports:
            total = sum(file.size_bytes for file in report.files)
            name = printable(report.place.project).ljust(width)
            summary = status_summary(report).removeprefix("Status: ")
            say(f"  {name}  {files_text(len(report.files)):>9}  {size_text(total):>9}  {summary}")
        if not reports and not failed:
            say("  no project has a staging folder here: make one with `s3sync init PROJECT`")
    for report in reports:
        warn_of_failures(report.failed, f"{report.place.project}/")
    for name, error in failed:
        warn(f"{symbols().failed} {printable(name)}")
        for line in error_lines(error):
            warn(line)
