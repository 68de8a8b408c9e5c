"""`undo`: take back the last run of this computer, file by file, as far as nobody changed the file since.

It is a plan like any other, carried out by the one executor: every step has its precondition, so that whoever changes
a file at the same time loses nothing. An undo cannot be undone; what it replaces goes to the trash.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from s3sync.core.effects import Effect, Kind
from s3sync.core.entries import Entry
from s3sync.core.names import short_text
from s3sync.core.outcome import Problem
from s3sync.core.plan import LOCAL_ONLY, Action, Do, Plan, Undoes, Verb
from s3sync.core.records import trash_key
from s3sync.core.typed import typed
from s3sync.disk.errors import local_errors
from s3sync.errors import LocalError, declined
from s3sync.local.ignore import load_ignore
from s3sync.local.place import standing
from s3sync.local.scan import LocalFile
from s3sync.shared.scan import COPY_FROM
from s3sync.spill.sequence import SpilledList
from s3sync.state.journal import Done, Journal, Stopped
from s3sync.sync.carry_out import carry_out
from s3sync.sync.earlier_versions import Known, in_trash_here, kept_aside, living_there, md5_here
from s3sync.sync.locked import break_hint, held_text
from s3sync.sync.recover import recover
from s3sync.sync.report import EXIT_DONE, EXIT_SOME_FAILED, OfProject, ProjectAddress
from s3sync.sync.restore import finish_placing
from s3sync.sync.same_content import what_is_known
from s3sync.sync.scan import scan
from s3sync.sync.session import Session
from s3sync.sync.view import View

UNCHANGED = "nothing was changed; `s3sync trash list` shows what the run replaced"


class Undone(Struct, frozen=True):
    """One undone file: `what` is `brought_back`, `trashed`, `renamed_back` or `reopened`, on `side`."""

    name: str
    side: str
    what: str
    was_deleted: bool = False
    """True if the run had deleted it, and the other side lacks it, so that the next `sync` would do it again."""
    now: str | None = None
    """The name under which the content of what was renamed back stays."""


class UndoReport(OfProject, Struct):
    """`refused` are files that somebody changed since, or whose old version is nowhere.

    `stopped` is the last run, if it changed nothing: then nothing is undone, and `earlier` is the run before it.
    """

    place: ProjectAddress
    dry_run: bool
    verb: str | None = None
    at: str | None = None
    undone: list[Undone] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    stopped: Stopped | None = None
    earlier: Stopped | None = None
    _named_back: dict[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        return EXIT_SOME_FAILED if self.refused else EXIT_DONE

    def happened(self, effect: Effect) -> None:
        """Note the names of what was renamed back. All else was told when it was planned."""
        if effect.lives_on is not None:
            self._named_back[effect.path] = effect.lives_on.path

    def finish(self) -> None:
        """Say of what was renamed back that it was, and is in no trash."""
        self.undone = [_renamed_back(one, self._named_back.get(one.name)) for one in self.undone]

    def failed(self, problem: Problem) -> None:
        self._refuse(problem)

    def warn(self, warning: str) -> None:
        self.warnings.append(warning)

    def _refuse(self, problem: Problem) -> None:
        self.refused.append(problem)
        self.undone = [one for one in self.undone if one.name != problem.path]


def _renamed_back(one: Undone, now: str | None) -> Undone:
    """`now`: the name under which its content stays; None if it is in the trash after all, whatever was foreseen."""
    if now is not None:
        return replace(one, what="renamed_back", now=now)
    return replace(one, what="trashed", now=None) if one.what == "renamed_back" else one


def undo(session: Session, *, dry_run: bool, confirm: Callable[[UndoReport], bool]) -> UndoReport:
    """Scan, plan, ask, execute, save. Raises `Halt` when the answer is no, `StoreError`, ..."""
    session.settings.require_user()
    report = UndoReport(session.place, dry_run)
    if dry_run:
        with session.memory(read_only=True) as state:
            seen = scan(session, state, locks=True)
            _plan(session, seen, what_is_known(seen, state), Journal(state).last_run(), report)
        return report
    with session.lock(), session.memory() as state:
        recover(session, state)
        journal = Journal(state)
        seen = scan(session, state, locks=True)
        actions = _plan(session, seen, what_is_known(seen, state), journal.last_run(), report)
        unknown = _unknown(session, seen)
        finished = {
            done.path for done in journal.last_run() if unknown(done.path) is None and _is_undone(session, seen, done)
        }
        for done in journal.last_run():
            if done.path in finished and (source := in_trash_here(session, done)) is not None:
                finish_placing(session, Path(source), done.path)
        if finished and not actions:  # by an undo that was killed, and told nobody
            carry_out(session, state, seen, Plan(Verb.UNDO), report, tolerant=False)
        for path in finished:
            journal.forget(path)
        if not actions:
            return report
        if not confirm(report):
            raise declined("nothing was undone")
        raced = carry_out(session, state, seen, Plan(Verb.UNDO, actions), report, tolerant=False)
        report.finish()
        for path, reason in raced.items():
            report.failed(Problem(path, f"was changed while it was being undone: {reason}", "look at `s3sync status`"))
        refused = {problem.path for problem in report.refused}
        for action in actions:
            if action.path not in refused:
                journal.forget(action.path)
    return report


def _plan(
    session: Session, seen: View, is_known: Known, journal: list[Done], report: UndoReport
) -> SpilledList[Action]:
    actions = SpilledList(Action)
    if journal:
        report.verb, report.at = journal[0].told_as or journal[0].verb.value, journal[0].at
    unknown = _unknown(session, seen)
    locks = seen.locks.keeping_out(session.settings.user)
    needed = {done.lives_on.path for done in journal if done.lives_on is not None}
    for done in journal:
        reason = unknown(done.path)
        if reason is None and _is_undone(session, seen, done):
            continue  # by an undo that was killed
        reason = reason or _changed_since(seen, done)
        if reason is None:
            found = _action(session, seen, is_known, done)
            if isinstance(found, Action) and found.do not in LOCAL_ONLY and found.path in locks:
                found = Problem(found.path, held_text(locks[found.path]), break_hint(found.path, session.place))
            if isinstance(found, Action):
                waits = found.do is Do.PUT_BACK_REMOTE and found.path in needed
                actions.append(replace(found, waits=True) if waits else found)
                report.undone.append(_intention(found))
                continue
            reason = found
        report.refused.append(reason)
    copied = ((action.source, action) for action in actions if action.source_etag is not None)
    sources = {key: (action.source_etag, action.path) for key, action in copied}
    report.undone = [_renamed_back(one, _new_name(seen, one, sources)) for one in report.undone]
    return actions


def _new_name(seen: View, one: Undone, sources: Mapping[str | None, tuple[str | None, str]]) -> str | None:
    """The name that a file has after its rename is undone, as its very version is what the old name is copied from.

    What is too small for that goes to the trash, see `steps.elsewhere`.
    """
    there = seen.there.files.get(one.name) if (one.what, one.side) == ("trashed", "remote") else None
    if there is None or there.entry.size < COPY_FROM or there.entry.md5 is None:
        return None
    etag, path = sources.get(there.key, (None, ""))
    return path if etag == there.etag else None


def _unknown(session: Session, seen: View) -> Callable[[str], Problem | None]:
    """Tells of a path why the scan cannot say what stands there; None when it can."""
    ignored = load_ignore(session.settings.ignore, session.project.repo_root, session.project.staging)

    def unknown(path: str) -> Problem | None:
        if ignored(path):
            return Problem(path, "is ignored now", "take it out of the patterns to ignore, and run `s3sync undo` again")
        return Problem(path, "cannot be read now", UNCHANGED) if seen.is_hidden(path) else None

    return unknown


def _is_undone(session: Session, seen: View, done: Done) -> bool:
    """True if a path holds again what stood there before, on the side where that was.

    The disk is asked whether nothing stands there: where it ignores case, the scan may know the file by another
    spelling.
    """
    if done.kind is Kind.MOVED:
        return False
    if done.kind in (Kind.FETCHED, Kind.DELETED_HERE):
        here = seen.here.files.get(done.path)
        if here is None or done.local is None:
            return here is None and done.local is None and _is_free(session, done.path)
        if _stands_beside(seen, done, here):
            return False
        try:
            return (
                here.size == done.local.size
                and done.local.md5 is not None
                and md5_here(seen, done.path) == done.local.md5
            )
        except LocalError:
            return False
    there = seen.there.files.get(done.path)
    if there is None or done.remote is None:
        return there is None and done.remote is None
    return done.remote.md5 is not None and there.entry.md5 == done.remote.md5


def _stands_beside(seen: View, done: Done, here: LocalFile) -> bool:
    """True if the file that was kept under another name is there, and is not the one that has the name now.

    Then somebody gave the name the old content again. Of an undo that was killed, both are one file.
    """
    kept = seen.here.files.get(done.kept_as or "")
    return done.do is Do.KEEP_BOTH and kept is not None and kept.inode != here.inode


def _is_free(session: Session, path: str) -> bool:
    staging = session.project.staging
    with local_errors("cannot read", staging / path):
        return standing(staging, path) is None


def _changed_since(seen: View, done: Done) -> Problem | None:
    """Reason why a file is no longer what the run made of it, on the side that would be undone; None when it is."""
    path, here, there = done.path, seen.here.files.get(done.path), seen.there.files.get(done.path)
    if done.kind is Kind.MOVED:
        return Problem(
            path, f"was moved aside to {done.kept_as}: its name was taken on the remote", "rename it yourself"
        )
    if done.kind is Kind.FETCHED:
        try:
            is_same = here is not None and done.after is not None and md5_here(seen, path) == done.after.md5
        except LocalError as error:
            return Problem(path, str(error), error.hint)
        return None if is_same else Problem(path, "was changed here since", UNCHANGED)
    if done.kind is Kind.SENT:
        is_same = there is not None and done.after is not None and there.etag == done.after.etag
        by = f" by {short_text(there.record.uploaded_by)}" if there is not None else ""
        return None if is_same else Problem(path, f"was changed on the remote since{by}", UNCHANGED)
    stands = here if done.kind is Kind.DELETED_HERE else there
    side = "here" if done.kind is Kind.DELETED_HERE else "on the remote"
    return None if stands is None else Problem(path, f"is {side} again since", UNCHANGED)


def _action(session: Session, seen: View, is_known: Known, done: Done) -> Action | Problem:
    path, undoes = done.path, Undoes(_base_before(seen, done))
    there = seen.there.files.get(path)
    local, remote = seen.local.get(path), there.entry if there is not None else None
    if done.kind is Kind.FETCHED and done.local is None:
        return Action(Do.DELETE_LOCAL, path, local, remote, undoes=undoes)
    if done.kind is Kind.SENT and done.remote is None:
        return Action(Do.DELETE_REMOTE, path, local, remote, trash_remote=True, undoes=undoes)
    if done.kind in (Kind.FETCHED, Kind.DELETED_HERE):
        if done.do is Do.FREE_LOCAL:
            return Problem(path, "was deleted here by a cleanup, and is on the remote", "`s3sync down` brings it back")
        source = kept_aside(session, seen, done) if done.do is Do.KEEP_BOTH else in_trash_here(session, done)
        if source is None:
            return Problem(path, "the version that stood here is no longer in the trash", "`s3sync trash list`")
        return Action(Do.PUT_BACK_LOCAL, path, local, remote, source=source, undoes=undoes)
    return brought_back_there(session, seen, is_known, done, Undoes(undoes.base, done.record))


def brought_back_there(session: Session, seen: View, is_known: Known, done: Done, undoes: Undoes) -> Action | Problem:
    """The step that brings back a version on the remote, from where it lies; or why it cannot be had."""
    source: tuple[str, str | None] | None = None
    if done.lives_on is not None:
        source = living_there(session, seen, is_known, done, done.lives_on)
        if source is None:
            why = f"its content was kept as {done.lives_on.path}, which was changed or deleted since"
            return Problem(done.path, why, "`s3sync trash list --remote` shows what is there")
    elif done.in_remote_trash:
        source = trash_key(session.project.prefix, done.stamp, done.path), None
    if source is None:
        hint = f"`s3sync versions {typed(done.path)}` shows whether the store keeps it elsewhere"
        if done.do is Do.DELETE_REMOTE:
            hint = "`s3sync up --again` sends your copy"
        return Problem(done.path, "no copy of the version on the remote was kept", hint)
    there, (key, etag) = seen.there.files.get(done.path), source
    return Action(
        Do.PUT_BACK_REMOTE,
        done.path,
        seen.local.get(done.path),
        there.entry if there is not None else None,
        trash_remote=there is not None,
        source=key,
        source_etag=etag,
        undoes=undoes,
    )


def _base_before(seen: View, done: Done) -> Entry | None:
    """What the base is to say again; nothing, if it has forgotten the path since, as it does of what is ignored."""
    return done.before if done.after is None or done.path in seen.base else None


def _intention(action: Action) -> Undone:
    side = "local" if action.do in (Do.DELETE_LOCAL, Do.PUT_BACK_LOCAL) else "remote"
    what = "trashed" if action.do in (Do.DELETE_LOCAL, Do.DELETE_REMOTE) else "brought_back"
    stands_nowhere = action.local is None and action.remote is None
    return Undone(action.path, side, what, was_deleted=what == "brought_back" and stands_nowhere)
