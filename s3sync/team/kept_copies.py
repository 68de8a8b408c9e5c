"""Decision of a conflict of which both versions were kept, by steps of the executor, each under its precondition:

1. if the copy is to stay, its object is copied over the one under the name, which goes to the remote trash first
2. it is fetched under the name; what stood there goes to the trash here
3. the copy is deleted on the remote, into the trash; the same write of metadata.json says who decided what
4. the copy goes to the trash here

Until the third, both versions stand in the store and the conflict is open: the same command goes on from wherever a run
was killed. After it the base still knows the copy, so that any `sync` does the fourth. The journal has what was
changed on the remote, for `undo`.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from s3sync.core.effects import Effect
from s3sync.core.effects import Kind as Did
from s3sync.core.entries import same
from s3sync.core.manifest.edits import KEPT_BOTH, KEPT_COPY, KEPT_NAME
from s3sync.core.manifest.record import ConflictRecord
from s3sync.core.outcome import Problem
from s3sync.core.plan import Action, Agreed, Do, Plan, Undoes, Verb, agreed, by_word
from s3sync.core.reconcile import Decision, State
from s3sync.core.times import format_time
from s3sync.core.typed import typed
from s3sync.errors import Halt
from s3sync.state.journal import Decided, Done, Journal
from s3sync.state.memory import StateDB
from s3sync.sync.carry_out import carry_out
from s3sync.sync.recover import recover
from s3sync.sync.scan import scan
from s3sync.sync.session import Session
from s3sync.sync.view import View
from s3sync.team.conflicts import Kind, OpenConflict, open_conflicts
from s3sync.team.resolution import Choice, ResolveReport

STAYING, COPY = (State.IN_SYNC, State.REMOTE_NEW), (State.IN_SYNC, State.REMOTE_NEW, State.LOCAL_DELETED)
"""States of what has the name, if it is to be replaced, and of the copy: nothing of either is only here."""


def decide_kept(session: Session, report: ResolveReport, choice: Choice) -> None:
    """Decide it, if it is still as it was shown. Raises `Halt` where it cannot be decided so."""
    if report.dry_run:
        with session.memory(read_only=True) as state:
            _Deciding(session, state, report, choice).look()
    else:
        with session.lock(), session.memory() as state:
            recover(session, state)
            _Deciding(session, state, report, choice).decide()
    if not report.failed and not report.locked:
        report.stays = None if choice is None else report.conflict.versions[choice]
        report.kept_as = report.conflict.kept_as if choice is None else None


def finish_kept(session: Session, report: ResolveReport) -> None:
    """Do the fourth step for a run that was killed before it."""
    with session.lock(), session.memory() as state:
        recover(session, state)
        _Deciding(session, state, report, None).drop_local()


class _Reporter:
    """Notes what failed, and which version this run put under the name."""

    def __init__(self, report: ResolveReport) -> None:
        self._report = report
        self.put: str | None = None

    def happened(self, effect: Effect) -> None:
        if effect.kind is Did.SENT and effect.record is not None:
            self.put = effect.record.etag

    def failed(self, problem: Problem) -> None:
        self._report.failed.append(problem)

    def warn(self, warning: str) -> None:
        self._report.warnings.append(warning)


class _Deciding:
    """One decision, while this computer's lock is held."""

    def __init__(self, session: Session, state: StateDB, report: ResolveReport, choice: Choice) -> None:
        record = report.conflict.record
        assert record is not None
        self._session, self._state, self._report, self._choice = session, state, report, choice
        self._name, self._copy, self._record = report.conflict.name, record.kept_as, record
        self._reporter = _Reporter(report)
        self._journal, self._at = Journal(state), format_time(session.clock())

    def decide(self) -> None:
        seen = self.look()
        if seen is None:
            return
        if self._choice is None:
            if self._do(seen, (), [self._decided(KEPT_BOTH)]):
                self._journal.decide(self._noted())
        elif self._choice == 0:
            self._drop_copy(seen, KEPT_NAME)
        elif self._put_under_name(seen) and self._fetch_name(self._scan()):
            self._drop_copy(self._scan(), KEPT_COPY)

    def look(self) -> View | None:
        """Scan. None if it is not what was shown, or locked. Raises `Halt` where nothing may be deleted."""
        seen, report = self._scan(), self._report
        now = self._still_open(seen)
        if now is None or [one.etag for one in now.versions] != [one.etag for one in report.conflict.versions]:
            report.was_changed(self._name, "one of the versions is another one now, or the conflict was decided")
            return None
        if self._choice is None:
            return seen
        self._refuse_unsound(now)
        changing = (self._copy,) if self._choice == 0 else (self._name, self._copy)
        locks = seen.locks.keeping_out(self._session.settings.user)
        report.locked.update({path: locks[path] for path in changing if path in locks})
        if report.locked:
            return None
        self._refuse_changed(seen)
        return seen

    def _still_open(self, seen: View) -> OpenConflict | None:
        user, shown = self._session.settings.user, (self._record.name, self._record.kept_as)
        kept = (one for one in open_conflicts(seen, user) if one.kind is Kind.KEPT and one.record is not None)
        return next((one for one in kept if one.record and (one.record.name, one.record.kept_as) == shown), None)

    def _refuse_unsound(self, conflict: OpenConflict) -> None:
        """Raises `Halt` where a record's word is all that makes one file the copy of another."""
        hint = "--both marks the conflict as decided and leaves all files alone; rename or delete them yourself"
        if not conflict.is_sound:
            why = f"{self._copy} is not named as a conflict copy of {self._name}, so that it may be any file"
            raise Halt("nothing is deleted for this conflict", why=why, hint=hint)
        if conflict.versions[0].size_bytes is None:
            why = f"{self._name} is not on the remote any more: the copy is the only version"
            raise Halt("there is nothing to choose from", why=why, hint=hint)

    def _refuse_changed(self, seen: View) -> None:
        """Raises `Halt` where this disk has, or had, something else than the remote."""
        named, copy = seen.decision(self._name), seen.decision(self._copy)
        replaces = self._choice == 1
        goes_on = named.state is State.REMOTE_MODIFIED and same(named.remote, copy.remote)
        changed = [copy.path] if copy.state not in COPY or seen.is_hidden(copy.path) else []
        if replaces and ((named.state not in STAYING and not goes_on) or seen.is_hidden(named.path)):
            changed.append(named.path)
        if changed:
            raise Halt(
                f"{changed[0]} is not the same here and on the remote",
                why="what would go to the trash is not what everybody has",
                hint=f"run `s3sync sync {typed(changed[0])}` first, and decide then",
            )

    def _put_under_name(self, seen: View) -> bool:
        """Copy the copy over the version under the name, on the remote. What is said of it is what was said before.

        Until it is fetched, the base says that the other version is here: it would look like an edit of this one.
        """
        named, there = seen.decision(self._name), seen.there.files[self._copy]
        if same(named.remote, there.entry):
            return True
        base = by_word(agreed(named.remote, named.local)) if named.state is State.IN_SYNC else named.base
        undoes = Undoes(base, replace(there.record, name=self._name))
        action = Action(
            Do.PUT_BACK_REMOTE,
            self._name,
            named.local,
            named.remote,
            trash_remote=True,
            source=there.key,
            source_etag=there.etag,
            undoes=undoes,
        )
        return self._do(seen, [action])

    def _fetch_name(self, seen: View) -> bool:
        named, copy = seen.decision(self._name), seen.there.files.get(self._copy)
        is_ours = named.remote is not None and self._reporter.put in (None, named.remote.etag)
        if not is_ours or (self._reporter.put is None and not (copy and same(named.remote, copy.entry))):
            self._report.was_changed(self._name, "somebody sent another version")
            return False
        if named.state is State.IN_SYNC:
            return True
        if named.state not in (State.REMOTE_NEW, State.REMOTE_MODIFIED):
            self._report.was_changed(self._name, "it was changed here")
            return False
        return self._do(seen, [Action(Do.DOWNLOAD, self._name, named.local, named.remote)])

    def _drop_copy(self, seen: View, resolution: str) -> None:
        copy, there = seen.decision(self._copy), seen.there.files.get(self._copy)
        if there is None or there.etag != self._report.conflict.versions[1].etag or copy.state not in COPY:
            self._report.was_changed(self._copy, "it is another version now")
            return
        if copy.state is State.IN_SYNC:  # what is here is known as deleted there, whatever happens next
            base = by_word(agreed(copy.remote, copy.local))
            self._state.save(base={self._copy: base})
            if base is not None:
                seen.base[self._copy] = base
        action = Action(Do.DELETE_REMOTE, self._copy, copy.local, copy.remote, trash_remote=True)
        if self._do(seen, [action], [self._decided(resolution)], self._agreed(seen)) and copy.local is not None:
            self.drop_local()

    def _agreed(self, seen: View) -> list[Agreed]:
        """The base entry of what has the name: a run that was killed may have fetched it, and not remembered that."""
        named = seen.decision(self._name)
        is_agreed = named.state is State.IN_SYNC and not seen.is_hidden(self._name)
        return [Agreed(self._name, by_word(agreed(named.remote, named.local)))] if is_agreed else []

    def drop_local(self) -> None:
        """Put the copy here into the trash. The base forgets it, also where that was done before."""
        seen = self._scan()
        copy: Decision = seen.decision(self._copy)
        if copy.local is not None and copy.state is State.REMOTE_DELETED:
            self._do(seen, [Action(Do.DELETE_LOCAL, self._copy, copy.local, None)])
        elif copy.gone:
            self._do(seen, (), (), [Agreed(self._copy, None)])
        elif copy.local is not None:
            self._report.was_changed(self._copy, "it was changed here, and stays")

    def _decided(self, resolution: str) -> ConflictRecord:
        by = self._session.settings.require_user()
        return replace(self._record, resolved=True, resolved_by=by, resolved_at=self._at, resolution=resolution)

    def _noted(self) -> Decided:
        """The journal's note of this decision: a run that was killed may have begun it."""
        known = self._journal.decided()
        if known is None or (known.name, known.kept_as) != (self._name, self._copy):
            return Decided(self._name, self._copy, self._at)
        return replace(known, at=self._at)

    def _note(self, done: Sequence[Done]) -> None:
        """Note what was changed on the remote. What follows from it here is undone by a `down`."""
        there = [one for one in done if one.kind in (Did.SENT, Did.DELETED_THERE)]
        if there:
            known = self._noted()
            put = self._reporter.put or known.put
            self._journal.decide(replace(known, put=put, done=(*known.done, *there)))

    def _scan(self) -> View:
        return scan(self._session, self._state, locks=True)

    def _do(
        self,
        seen: View,
        actions: Sequence[Action],
        decided: Sequence[ConflictRecord] = (),
        told: Sequence[Agreed] = (),
    ) -> bool:
        """Carry out one step; False if it failed or somebody was faster."""
        plan = Plan(Verb.SYNC, actions, agreed=told, decided=decided)
        raced = carry_out(
            replace(self._session, told_as="resolve"),
            self._state,
            seen,
            plan,
            self._reporter,
            tolerant=False,
            witnesses=[self._note],
        )
        for path, reason in raced.items():
            self._report.was_changed(path, reason)
        return not self._report.failed
