"""`undo` of whatever was the last that this computer did here: a run, or the decision of a conflict.

A decision was made on the remote, and this computer followed. So it is taken back there, whole or not at all, by one
plan; and then a `down` of the two files fetches what is new here. A run that is killed in between leaves that to any
`sync`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from s3sync.core.manifest.record import ConflictRecord
from s3sync.core.names import short_text
from s3sync.core.outcome import Problem
from s3sync.core.plan import Action, Plan, Undoes, Verb
from s3sync.core.reconcile import State
from s3sync.errors import declined
from s3sync.local.holds import ignores_case
from s3sync.state.journal import Decided, Done, Journal, Stopped
from s3sync.state.memory import StateDB
from s3sync.sync import undo as runs
from s3sync.sync.carry_out import carry_out
from s3sync.sync.hooks import Hooks
from s3sync.sync.locked import break_hint, held_text
from s3sync.sync.run import Options, run
from s3sync.sync.same_content import what_is_known
from s3sync.sync.scan import scan
from s3sync.sync.select import Exactly
from s3sync.sync.session import Session
from s3sync.sync.undo import Undone, UndoReport, brought_back_there
from s3sync.sync.view import View
from s3sync.team.bring_back import opened

_LOOK = "look at `s3sync conflicts --verbose` and `s3sync trash list`"


def undo(
    session: Session, *, dry_run: bool, confirm: Callable[[UndoReport], bool], earlier: bool = False
) -> UndoReport:
    """Take it back. Raises `Halt` when the answer is no, `StoreError`, ...

    Where the last run was stopped before it changed anything, only `earlier` takes back the one before it.
    """
    with session.memory(read_only=True) as state:
        journal = Journal(state)
        decided, stopped = journal.decided(), journal.stopped()
        if stopped is not None and not earlier:
            return UndoReport(session.place, dry_run, stopped=stopped, earlier=_before(journal, decided))
    if decided is None:
        return runs.undo(session, dry_run=dry_run, confirm=confirm)
    session.settings.require_user()
    report = UndoReport(session.place, dry_run, "resolve", decided.at)
    if _take_back(session, decided, report, confirm):
        _fetch(session, decided, report)
    return report


def _before(journal: Journal, decided: Decided | None) -> Stopped | None:
    """Name and time of what the journal holds."""
    if decided is not None:
        return Stopped("resolve", decided.at)
    return next((Stopped(done.told_as or done.verb.value, done.at) for done in journal.last_run()), None)


def _take_back(session: Session, decided: Decided, report: UndoReport, confirm: Callable[[UndoReport], bool]) -> bool:
    """Take the decision back on the remote; False if nothing was done."""
    with opened(session, dry_run=report.dry_run) as state:
        seen = scan(session, state, locks=True)
        record = _record(seen, decided, session.settings.user)
        if record is None:
            report.refused.append(Problem(decided.name, "its conflict was decided by somebody else since", _LOOK))
            return False
        found = list(_actions(session, state, seen, decided))
        report.refused += [one for one in found if isinstance(one, Problem)]
        if report.refused:
            return False
        actions = [one for one in found if isinstance(one, Action)]
        report.undone = [Undone(action.path, "remote", "brought_back") for action in actions]
        report.undone.append(Undone(decided.name, "remote", "reopened"))
        if report.dry_run:
            return False
        if not confirm(report):
            raise declined("nothing was undone")
        plan = Plan(Verb.UNDO, sorted(actions, key=lambda one: one.path), reopened=[record] if record.resolved else ())
        raced = carry_out(session, state, seen, plan, report, tolerant=False)
        for path, reason in raced.items():
            report.failed(Problem(path, f"was changed while it was being undone: {reason}", _LOOK))
        if not report.refused:
            Journal(state).forget_decided()
        return not report.refused


def _record(seen: View, decided: Decided, user: str | None) -> ConflictRecord | None:
    """The record of the decision, if it is still the one that was made here.

    Of a run that was killed it does not say who made it, and an undo that was killed may have opened it again.
    """
    for one in seen.there.stored.manifest.conflicts:
        is_its = (one.name, one.kept_as) == (decided.name, decided.kept_as)
        is_open = not one.resolved or not isinstance(one.resolved_by, str)
        if is_its and (is_open or (one.resolved_by, one.resolved_at) == (user, decided.at)):
            return one
    return None


def _actions(session: Session, state: StateDB, seen: View, decided: Decided) -> Iterator[Action | Problem]:
    """A step for each version that is to come back, or why it cannot; none for what a killed undo has done."""
    is_known, locks = what_is_known(seen, state), seen.locks.keeping_out(session.settings.user)
    for done in decided.done:
        there = seen.there.files.get(done.path)
        if there is not None and done.remote is not None and there.entry.md5 == done.remote.md5 is not None:
            continue
        why = _changed_since(seen, decided, done)
        if why is not None:
            yield why
        elif done.path in locks:
            yield Problem(done.path, held_text(locks[done.path]), break_hint(done.path, session.place))
        else:
            # The base says what is here: what comes back is newer than that, and no edit of ours.
            yield brought_back_there(session, seen, is_known, done, Undoes(seen.base.get(done.path), done.record))


def _changed_since(seen: View, decided: Decided, done: Done) -> Problem | None:
    path, there = done.path, seen.there.files.get(done.path)
    if seen.is_hidden(path):
        return Problem(path, "cannot be read now", _LOOK)
    if path == decided.kept_as:
        side = "on the remote" if there is not None else "here" if path in seen.here.files else None
        return None if side is None else Problem(path, f"is {side} again since", _LOOK)
    if there is None or there.etag != decided.put:
        by = f" by {short_text(there.record.uploaded_by)}" if there is not None else ""
        return Problem(path, f"was changed on the remote since{by}", _LOOK)
    if seen.decision(path).state is not State.IN_SYNC:
        return Problem(path, "was changed here since", _LOOK)
    return None


def _fetch(session: Session, decided: Decided, report: UndoReport) -> None:
    """Bring here what is on the remote again."""
    if not decided.done:
        return
    staging = session.project.staging
    wanted = Exactly((decided.name, decided.kept_as), staging, ignores_case=ignores_case(staging))
    done = run(replace(session, told_as="undo"), Verb.DOWN, Options(wanted), Hooks())
    report.warnings += done.warnings
    names = (*(problem.path for problem in done.failed), *(conflict.name for conflict in done.conflicts))
    for name in names:
        report.warnings.append(f"{name} is on the remote again, and was not fetched: run `s3sync down`")
