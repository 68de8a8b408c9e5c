"""`cleanup`: when a project is done, empty its folder on the remote, or the staging folder here.

Only bytes that are known to be safe go: on the remote, versions that this computer had; here, files that the remote
holds. Everything else is kept, with the reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import chain

from msgspec import Struct, field

from s3sync.core.edits import Edits
from s3sync.core.etag import PART_SIZE
from s3sync.core.items import batched
from s3sync.core.manifest import DeletedRecord
from s3sync.core.names import STATE_DIR, part_file_key
from s3sync.core.outcome import Problem
from s3sync.core.reconcile import Decision, State
from s3sync.errors import AccessDenied, Halt, PreconditionFailed, S3syncError, TargetChanged
from s3sync.local.place import delete_for_good
from s3sync.local.trash import empty_trash, trashed
from s3sync.state.db import StateDB
from s3sync.state.intents import Intents
from s3sync.state.manifest_store import write_edits
from s3sync.state.rows import Rows
from s3sync.state.table import Table
from s3sync.store.port import ObjectInfo
from s3sync.sync.guard import guarded
from s3sync.sync.report import CleanupReport, Deleted
from s3sync.sync.save import SAVE_HERE_AT, tell_deletions
from s3sync.sync.scan import scan
from s3sync.sync.seen import Seen, select, uploader
from s3sync.sync.select import Selector
from s3sync.sync.session import Session
from s3sync.transfer.pool import Pool

HAD_HERE = {State.IN_SYNC, State.LOCAL_MODIFIED, State.LOCAL_DELETED}
"""States in which the remote version is one that this computer had and agreed to."""

KEPT = {
    State.REMOTE_NEW: "was never downloaded here",
    State.REMOTE_MODIFIED: "is newer on the remote than here",
    State.CONFLICT: "is in conflict",
    State.LOCAL_NEW: "was never uploaded",
    State.LOCAL_MODIFIED: "has changes that were never uploaded",
    State.REMOTE_DELETED: "is no longer on the remote: this may be the last copy",
}


class CleanupOptions(Struct, frozen=True):
    """`local` empties the staging folder instead of the remote. `unseen` also takes what was never downloaded here."""

    local: bool = False
    unseen: bool = False
    dry_run: bool = False
    selector: Selector | None = None
    confirm: Callable[[CleanupReport], bool] = field(default=lambda report: True)


def cleanup(session: Session, options: CleanupOptions) -> CleanupReport:
    """Delete what may go, after `confirm` saw what that is. Raises `Halt` when the answer is no, `StoreError`, ..."""
    session.settings.require_user()
    started = time.monotonic()
    report = CleanupReport(session.place, "local" if options.local else "remote", options.dry_run)
    if options.dry_run:
        with session.memory(read_only=True) as state:
            _look(session, state, options, report)
    else:
        with session.lock(), session.memory() as state:
            _clean(session, state, options, report)
    report.deleted.sort(key=lambda item: item.name)
    report.elapsed_s = time.monotonic() - started
    return report


def _look(
    session: Session, state: StateDB, options: CleanupOptions, report: CleanupReport
) -> tuple[Seen, Rows[Decision], Rows[ObjectInfo]]:
    """Fill the report with what would go, and return it."""
    seen = scan(session, state)
    going = Rows(Decision)
    if options.selector:
        seen.limit_to(options.selector)
    report.failed.extend(seen.problems)
    for decision in select(seen.decisions(), options.selector):
        entry = decision.local if options.local else decision.remote
        if entry is None:
            continue
        if _may_go(decision, options):
            going.append(decision)
            report.deleted.append(Deleted(decision.path, report.side, entry.size))
        else:
            report.kept.append(_kept(seen, decision))
    trash = Rows(ObjectInfo)
    if options.selector is None:
        if not options.local:
            trash.extend(session.store.list(f"{session.project.prefix}{STATE_DIR}/trash/"))
        here = trashed(session.project.staging) if options.local else ()
        for size in chain((size for _, size in here), (info.size for info in trash)):
            report.trash_files += 1
            report.trash_bytes += size
    return seen, going, trash


def _may_go(decision: Decision, options: CleanupOptions) -> bool:
    if options.local:
        return decision.state is State.IN_SYNC
    return options.unseen or decision.state in HAD_HERE


def _kept(seen: Seen, decision: Decision) -> Problem:
    by, _ = uploader(seen, decision.path)
    reason = KEPT[decision.state]
    if by and decision.state in (State.REMOTE_NEW, State.REMOTE_MODIFIED, State.CONFLICT):
        reason = f"{reason} (by {by})"
    hint = "run `s3sync up` first" if decision.state in (State.LOCAL_NEW, State.LOCAL_MODIFIED) else None
    if decision.state in (State.REMOTE_NEW, State.REMOTE_MODIFIED):
        hint = "run `s3sync down` first, or add --unseen"
    return Problem(decision.path, reason, hint)


def _clean(session: Session, state: StateDB, options: CleanupOptions, report: CleanupReport) -> None:
    seen, going, trash = _look(session, state, options, report)
    if not going and not trash and not report.trash_files:
        if not options.local and Intents(state).deletions():
            _clean_remote(session, state, seen, going, trash, report)
        return
    if not options.confirm(report):
        raise Halt("nothing was deleted", why="the question was not answered with yes", hint="add --yes to answer it")
    report.deleted = Rows(Deleted)
    if options.local:
        _clean_local(session, state, seen, going, report)
    else:
        session, warning = guarded(session, state)
        report.warnings += [warning] if warning else []
        _clean_remote(session, state, seen, going, trash, report)


def _clean_local(session: Session, state: StateDB, seen: Seen, going: Rows[Decision], report: CleanupReport) -> None:
    """The base forgets each file before it goes: else its absence would look like the wish to delete it remotely.

    The store is listed again, because the answer to the question may have taken long.
    """
    listed = Table(str, len(going))
    if going:
        listed.update((info.key, info.etag) for info in session.store.list(session.project.prefix))
    sure = Rows(Decision)
    for decision in going:
        remote = seen.there.files[decision.path]
        if listed.get(remote.key) == remote.etag:
            sure.append(decision)
        else:
            report.kept.append(Problem(decision.path, "was changed on the remote meanwhile", "look at status"))
    for some in batched(sure, SAVE_HERE_AT):
        state.save(base=dict.fromkeys(decision.path for decision in some))
    for decision in sure:
        file = seen.here.files[decision.path]
        try:
            delete_for_good(file, session.project.staging)
        except S3syncError as error:
            report.failed.append(Problem(decision.path, str(error), error.hint))
        else:
            report.deleted.append(Deleted(decision.path, "local", file.size))
    if report.trash_files:
        empty_trash(session.project.staging)


def _clean_remote(
    session: Session,
    state: StateDB,
    seen: Seen,
    going: Rows[Decision],
    trash: Rows[ObjectInfo],
    report: CleanupReport,
) -> None:
    edits = session.edits()
    edits.repaired.update(seen.there.repaired)
    edits.vanished.update(seen.there.vanished)
    intents = Intents(state)
    tell_deletions(intents, edits)

    def deletion(decision: Decision) -> DeletedRecord:
        assert decision.remote is not None
        return DeletedRecord(decision.path, edits.by, edits.at, decision.remote.md5)

    intents.delete(map(deletion, going))

    def delete(decision: Decision) -> None:
        remote = seen.there.files[decision.path]
        if remote.entry.size > PART_SIZE:  # first, because nobody looks for it once the file is gone
            session.store.delete(part_file_key(session.project.prefix, decision.path))
        session.store.delete(remote.key, if_match=remote.etag)

    try:
        with Pool(session.transfers) as pool:
            for decision, future in pool.map(delete, going):
                try:
                    future.result()
                except AccessDenied:
                    raise
                except (PreconditionFailed, TargetChanged):
                    report.kept.append(Problem(decision.path, "was changed on the remote meanwhile", "look at status"))
                except S3syncError as error:
                    report.failed.append(Problem(decision.path, str(error), error.hint))
                else:
                    size = decision.remote.size if decision.remote else 0
                    report.deleted.append(Deleted(decision.path, "remote", size))
                    edits.deleted[decision.path] = deletion(decision)
            for _, gone in pool.map(lambda info: session.store.delete(info.key), trash):
                gone.result()
    finally:
        _remember(session, state, seen, going, edits)


def _remember(session: Session, state: StateDB, seen: Seen, going: Rows[Decision], edits: Edits) -> None:
    """Files that are gone on both sides leave the base; those still here stay in it, as deleted on the remote."""
    for some in batched((decision for decision in going if decision.local is None), SAVE_HERE_AT):
        state.save(base=dict.fromkeys(decision.path for decision in some if decision.path in edits.deleted))
    if edits.substantial:
        write_edits(session.store, session.project.prefix, seen.there.stored, edits)
        Intents(state).forget(edits.deleted.values())
