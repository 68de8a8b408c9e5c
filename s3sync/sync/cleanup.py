"""`cleanup`: when a project is done, empty its folder on the remote, or the staging folder here.

Only bytes that are known to be safe go: on the remote, versions that this computer had; here, files that the remote
holds. Everything else is kept, with the reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import chain

from msgspec import Struct, field

from s3sync.core.outcome import Problem
from s3sync.core.plan import Action, Do, Plan, Verb
from s3sync.core.reconcile import Decision, State
from s3sync.core.records import old_records, records
from s3sync.errors import Halt
from s3sync.local.trash import empty_trash, trashed
from s3sync.state.db import StateDB
from s3sync.state.intents import Intents
from s3sync.state.rows import Rows
from s3sync.state.table import Table
from s3sync.store.port import ObjectInfo
from s3sync.sync.carry_out import carry_out
from s3sync.sync.report import CleanupReport, Deleted
from s3sync.sync.reporting import CleanupWitness
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
) -> tuple[Seen, Rows[Action], Rows[ObjectInfo]]:
    """Scan, and plan what may go. The report says what that is, and what is kept with the reason."""
    seen = scan(session, state)
    going = Rows(Action)
    if options.selector:
        seen.limit_to(options.selector)
    report.failed.extend(seen.problems)
    for decision in select(seen.decisions(), options.selector):
        entry = decision.local if options.local else decision.remote
        if entry is None:
            continue
        if _may_go(decision, options):
            do = Do.FREE_LOCAL if options.local else Do.DELETE_REMOTE
            going.append(Action(do, decision.path, decision.local, decision.remote))
            report.deleted.append(Deleted(decision.path, report.side, entry.size))
        else:
            report.kept.append(_kept(seen, decision))
    trash = Rows(ObjectInfo)
    if options.selector is None:
        if not options.local:
            for place in (records, old_records):
                trash.extend(session.store.list(place(session.project.prefix, "trash")))
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
    """Scan, plan, ask, execute, save."""
    seen, going, trash = _look(session, state, options, report)
    if not going and not report.trash_files:
        if not options.local and Intents(state).deletions():  # a killed run's, that nobody was told of
            carry_out(session, state, seen, Plan(Verb.CLEANUP), CleanupWitness(report), tolerant=False)
        return
    if not options.confirm(report):
        raise Halt("nothing was deleted", why="the question was not answered with yes", hint="add --yes to answer it")
    report.deleted = Rows(Deleted)
    if options.local:
        going = _still_there(session, seen, going, report)
    plan = Plan(Verb.CLEANUP, going)
    raced = carry_out(session, state, seen, plan, CleanupWitness(report), tolerant=options.local)
    side = "here" if options.local else "on the remote"
    report.kept.extend(Problem(path, f"was changed {side} meanwhile", "look at status") for path in raced)
    _empty_trash(session, trash, report)


def _still_there(session: Session, seen: Seen, going: Rows[Action], report: CleanupReport) -> Rows[Action]:
    """Of what is to go here, what the remote still holds: the answer to the question may have taken long."""
    listed = Table(str, len(going))
    if going:
        listed.update((info.key, info.etag) for info in session.store.list(session.project.prefix))
    sure = Rows(Action)
    for action in going:
        remote = seen.there.files[action.path]
        if listed.get(remote.key) == remote.etag:
            sure.append(action)
        else:
            report.kept.append(Problem(action.path, "was changed on the remote meanwhile", "look at status"))
    return sure


def _empty_trash(session: Session, trash: Rows[ObjectInfo], report: CleanupReport) -> None:
    if report.side == "local" and report.trash_files:
        empty_trash(session.project.staging)
    with Pool(session.transfers) as pool:
        for _, gone in pool.map(lambda info: session.store.delete(info.key), trash):
            gone.result()
