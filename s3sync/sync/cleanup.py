"""`cleanup`: when a project is done, empty its folder on the remote, or the staging folder here.

It is a plan of deletions. Bytes go for good only where the other side holds them, verified. The rest goes to the trash
or is kept, with the reason. The trash is emptied of what also exists elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from s3sync.core.names import MANIFEST, STATE_DIR
from s3sync.core.outcome import Problem
from s3sync.core.plan import Action, Agreed, Do, Plan, Step, Verb, keep_last_copies
from s3sync.core.reconcile import Decision, State
from s3sync.core.records import old_records, records
from s3sync.core.times import format_time
from s3sync.errors import declined
from s3sync.spill.sequence import SpilledList
from s3sync.spill.table import SpilledDict
from s3sync.state.intents import Intents
from s3sync.state.memory import StateDB
from s3sync.state.unfinished import UnfinishedTransfers
from s3sync.store.aspects import Version
from s3sync.store.own_word import has_to_be_read
from s3sync.sync.carry_out import carry_out
from s3sync.sync.hooks import HOOKS
from s3sync.sync.lacking import lacking_of, refused, warnings_of_lacking
from s3sync.sync.locked import warnings_of
from s3sync.sync.old_versions import delete_versions, old_versions
from s3sync.sync.planning import collect, ruled
from s3sync.sync.report import CleanupReport, Deleted
from s3sync.sync.reporting import CleanupReporter
from s3sync.sync.same_content import is_surely_same, what_is_known
from s3sync.sync.scan import scan
from s3sync.sync.select import Selector
from s3sync.sync.session import Session
from s3sync.sync.trash import Contents, Trashed, drop_all, is_young, now_of, trash_here, trash_there
from s3sync.sync.view import View, uploader

HAD_HERE = {State.IN_SYNC, State.LOCAL_MODIFIED, State.LOCAL_DELETED}
"""States in which the remote version is one that this computer had and agreed to."""

KEPT = {
    State.REMOTE_NEW: "is not on this computer",
    State.REMOTE_MODIFIED: "is newer on the remote than here",
    State.CONFLICT: "is in conflict",
    State.LOCAL_NEW: "was never uploaded",
    State.LOCAL_MODIFIED: "has changes that were never uploaded",
    State.REMOTE_DELETED: "is no longer on the remote: this may be the last copy",
    State.CLEANED_UP: "was cleaned up on the remote: this may be the last copy",
}

OLD_VERSIONS = "old versions"
HINT_OF_VERSIONS = "what Object Lock keeps cannot go before its time; else you need the right s3:DeleteObjectVersion"
DESELECTED = "`s3sync select` selects it again; to delete it all the same, name it with --unseen"

ABSENT = {
    "remote": {True: "is not on the remote, only on this computer", False: "is not on the remote any more"},
    "local": {True: "", False: "is not on this computer"},
}
"""Reason why nothing is to be deleted of a file that was named: by the side, and by whether it is here."""


class CleanupOptions(Struct, frozen=True):
    """`local` empties the staging folder instead of the remote. `unseen` also takes what was never downloaded here.

    `trash` also empties the trash of last copies. `permanently` puts nothing into the trash.
    """

    local: bool = False
    unseen: bool = False
    dry_run: bool = False
    selector: Selector | None = None
    confirm: Callable[[CleanupReport], bool] = field(default=lambda report: True)
    trash: bool = False
    permanently: bool = False
    versions: bool = False
    """Delete old versions too, which a bucket with versioning keeps of replaced and deleted objects."""
    force: bool = False
    """Delete on the remote also what somebody has not fetched."""


class _Looked(Struct):
    """What a cleanup found: what may go, and what of the trash. `versions` are the old ones that were there."""

    seen: View
    plan: Plan
    trash: SpilledList[Trashed] = field(default_factory=lambda: SpilledList(Trashed))
    versions: SpilledDict[bool] = field(default_factory=lambda: SpilledDict(bool))


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


def _look(session: Session, state: StateDB, options: CleanupOptions, report: CleanupReport) -> _Looked:
    """Scan, and plan what may go. The report says what that is, and what is kept with the reason."""
    seen = scan(session, state, locks=not options.local)
    report.warnings.extend(warnings_of(seen.locks))
    if options.selector:
        seen.limit_to(options.selector)
    report.failed.extend(seen.problems)
    stays, verified_of = Contents(), _Verified(session, state, seen)
    rules = () if options.permanently else (keep_last_copies(verified_of),)
    going = _deletions(seen, options, stays, report, verified_of, session.settings.user)
    found = _Looked(seen, collect(Verb.CLEANUP, ruled(going, rules)))
    if not options.local:
        going_names = [action.path for action in found.plan.actions]
        report.lacking = lacking_of(seen.there.stored.manifest, session.settings.user, going_names)
        if options.dry_run or options.force:
            report.warnings.extend(warnings_of_lacking(report.lacking))
    for action in found.plan.actions:
        entry, verified = action.local if options.local else action.remote, verified_of(action.path)
        in_trash = action.trash_remote or (options.local and not verified)
        report.deleted.append(Deleted(action.path, report.side, entry.size if entry else 0, in_trash=in_trash))
        if not verified and not in_trash:
            report.last_copies.append(action.path)
    if not options.local:
        report.kept.extend(
            Problem(path, "is not selected on this computer", DESELECTED) for path in sorted(seen.deselected)
        )
    if options.selector is None:
        _look_at_trash(session, stays, options, report, found.trash)
        if not options.local:
            _look_at_versions(session, stays, options, report, found.versions)
    return found


def _deletions(
    seen: View,
    options: CleanupOptions,
    stays: Contents,
    report: CleanupReport,
    verified: _Verified,
    user: str | None,
) -> Iterator[Step]:
    """What may go. Adds the content that stays to `stays`, and to the report what is kept and why."""
    locks = seen.locks.keeping_out(user)
    for decision in seen.decisions():
        wanted = options.selector is None or options.selector(decision.path)
        entry = decision.local if options.local else decision.remote
        goes = wanted and entry is not None and _may_go(decision, options)
        if goes and decision.path in locks:
            report.locked[decision.path], goes = locks[decision.path], False
        _note_what_stays(stays, seen, decision, options, verified, goes=goes)
        if goes:
            do = Do.FREE_LOCAL if options.local else Do.DELETE_REMOTE
            yield Action(do, decision.path, decision.local, decision.remote)
        elif entry is not None and wanted and decision.path not in report.locked:
            report.kept.append(_kept(seen, decision, options))
        elif wanted and decision.gone:  # perhaps by a cleanup that was killed: no later one of the name was here
            yield Agreed(decision.path, None)
        elif wanted and options.selector is not None:
            report.kept.append(Problem(decision.path, ABSENT[report.side][decision.local is not None]))


class _Verified:
    """Tells of a path whether this disk and the remote hold the same bytes, by more than a peer's word."""

    def __init__(self, session: Session, state: StateDB, seen: View) -> None:
        self._store, self._ledger, self._seen = session.store, UnfinishedTransfers(state), seen
        self.is_known = what_is_known(seen, state)
        self._known = SpilledDict(bool)

    def __call__(self, path: str) -> bool:
        """Reads the file at most once. Raises `StoreError`."""
        if (known := self._known.get(path)) is None:
            known = self._known[path] = self._look(path)
        return known

    def _look(self, path: str) -> bool:
        seen = self._seen
        digests, remote, file = seen.digests_of(path), seen.there.files.get(path), seen.here.files.get(path)
        if digests is None or remote is None or file is None or digests.md5 != remote.entry.md5:
            return False
        return is_surely_same(self._store, self._ledger, path, remote, file, seen.base.get(path))


def _note_what_stays(
    stays: Contents, seen: View, decision: Decision, options: CleanupOptions, verified: _Verified, *, goes: bool
) -> None:
    digests = seen.digests_of(decision.path)
    if digests is not None and decision.local is not None and not (goes and options.local):
        stays.add(decision.local.size, digests.md5)
    remote_stays = decision.remote is not None and not (goes and not options.local)
    if remote_stays and decision.remote is not None and decision.remote.md5 and verified.is_known(decision.path):
        stays.add_object(seen.there.files[decision.path])


def _look_at_trash(
    session: Session, stays: Contents, options: CleanupOptions, report: CleanupReport, going: SpilledList[Trashed]
) -> None:
    """What also exists elsewhere goes. A last copy is kept unless it was asked for.

    A young one on the remote may be of an object that somebody is about to replace: that object counts for nothing, nor
    does for the trash here one whose bytes alone prove what it holds.
    """
    store, project, now = session.store, session.project, None
    for found in trash_here(project) if options.local else trash_there(store, project.prefix):
        now = now or now_of(session, found.side, dry_run=options.dry_run)
        is_last = not stays.has(
            store, found, held=has_to_be_read(store, found.size) if options.local else is_young(found, now)
        )
        if is_last and not options.trash:
            report.trash_kept_files += 1
            report.trash_kept_bytes += found.size
            continue
        going.append(found)
        report.trash_files += 1
        report.trash_bytes += found.size
        if is_last:
            report.last_copies.append(f"{found.name} (in the trash since {found.at})")


def _holds_file(prefix: str, key: str) -> bool:
    """True for the key of a user's file, also in the trash: no record of ours, and no trial of `doctor`."""
    if key.startswith((records(prefix, "trash"), old_records(prefix, "trash"))):
        return True
    return key.startswith(prefix) and key != prefix + MANIFEST and not key.startswith(f"{prefix}{STATE_DIR}/")


def _look_at_versions(
    session: Session, stays: Contents, options: CleanupOptions, report: CleanupReport, there: SpilledDict[bool]
) -> None:
    for found in old_versions(session):
        there[_version(found)] = True
        report.old_versions += 1
        report.old_bytes += found.size
        is_file = not found.is_marker and _holds_file(session.project.prefix, found.key)
        if options.versions and is_file and not stays.knows(found.size, found.etag):
            name = found.key.removeprefix(session.project.prefix)
            report.last_copies.append(f"{name} (an old version, of {format_time(found.modified)})")


def _version(found: Version) -> str:
    return f"{found.key}\n{found.version_id}"


def _old_ones_that_go(session: Session, found: _Looked, report: CleanupReport) -> Callable[[Version], bool]:
    """Tells of an old version whether it may go: it was asked about, or this run made it one by its deletions.

    Others may have replaced or deleted something since. A record of ours always goes.
    """
    gone, files = SpilledDict(str), found.seen.there.files
    gone.update((files[item.name].key, files[item.name].etag) for item in report.deleted)
    gone.update((item.where, item.etag or "") for item in found.trash)

    def may_go(version: Version) -> bool:
        if _version(version) in found.versions or not _holds_file(session.project.prefix, version.key):
            return True
        return version.key in gone and (version.is_marker or gone[version.key] == version.etag)

    return may_go


def _may_go(decision: Decision, options: CleanupOptions) -> bool:
    if options.local:
        return decision.state is State.IN_SYNC
    return options.unseen or decision.state in HAD_HERE


def _kept(seen: View, decision: Decision, options: CleanupOptions) -> Problem:
    by, _ = uploader(seen, decision.path)
    reason = KEPT[decision.state]
    if by and decision.state in (State.REMOTE_NEW, State.REMOTE_MODIFIED, State.CONFLICT):
        reason = f"{reason} (sent by {by})"
    hint = "run `s3sync up` first" if decision.state in (State.LOCAL_NEW, State.LOCAL_MODIFIED) else None
    if decision.state in (State.REMOTE_NEW, State.REMOTE_MODIFIED):
        hint = "run `s3sync down` first" + ("" if options.local else "; --unseen takes it too")
    if decision.state is State.CLEANED_UP:
        hint = "`s3sync up --again` sends what was cleaned up"
    return Problem(decision.path, reason, hint)


def _clean(session: Session, state: StateDB, options: CleanupOptions, report: CleanupReport) -> None:
    """Scan, plan, ask, execute, save."""
    found = _look(session, state, options, report)
    seen, plan = found.seen, found.plan
    deletes_versions = options.versions and report.old_versions > 0
    if not plan.actions and not found.trash and not deletes_versions:
        if not options.local and (plan.agreed or Intents(state).deletions()):  # a killed run's, that nobody was told of
            carry_out(session, state, seen, plan, CleanupReporter(report), tolerant=False)
        return
    if report.lacking and not options.force:
        raise refused(report.lacking)
    if not options.confirm(report):
        raise declined("nothing was deleted")
    into_trash = SpilledDict(bool)
    into_trash.update((item.name, True) for item in report.deleted if item.in_trash)
    report.deleted = SpilledList(Deleted)
    if options.local:
        plan = replace(plan, actions=_still_there(session, seen, plan.actions, report))
    reporter, witnesses = CleanupReporter(report, into_trash.__contains__), HOOKS[plan.verb].start(state)
    raced = carry_out(session, state, seen, plan, reporter, tolerant=options.local, witnesses=witnesses)
    side = "here" if options.local else "on the remote or here"
    report.kept.extend(Problem(path, f"was changed {side} meanwhile", "look at status") for path in raced)
    drop_all(session, found.trash)
    if options.selector is None and not options.local:
        if options.versions:
            going = _old_ones_that_go(session, found, report)
            report.versions_deleted, refusal = delete_versions(session, going)
            if refusal is not None:
                report.failed.append(Problem(OLD_VERSIONS, f"some cannot be deleted: {refusal}", HINT_OF_VERSIONS))
        report.old_versions = report.old_bytes = 0
        for version in old_versions(session):
            report.old_versions += 1
            report.old_bytes += version.size


def _still_there(session: Session, seen: View, going: Sequence[Action], report: CleanupReport) -> SpilledList[Action]:
    """Of what is to go here, what the remote still holds: the answer to the question may have taken long."""
    listed = SpilledDict(str, len(going))
    if going:
        listed.update((info.key, info.etag) for info in session.store.list(session.project.prefix))
    sure = SpilledList(Action)
    for action in going:
        remote = seen.there.files[action.path]
        if listed.get(remote.key) == remote.etag:
            sure.append(action)
        else:
            report.kept.append(Problem(action.path, "was changed on the remote meanwhile", "look at status"))
    return sure
