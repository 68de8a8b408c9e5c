"""The execute and save phases, the same for every verb: actions in, effects out, each remembered and told."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Protocol

from s3sync.core.effects import Effect, Kind
from s3sync.core.history import going
from s3sync.core.outcome import Problem, Raced
from s3sync.core.plan import Action, Plan
from s3sync.core.times import format_time
from s3sync.errors import Interrupted, S3syncError
from s3sync.shared.history import Moving, moving
from s3sync.state.intents import Intents
from s3sync.state.journal import Done
from s3sync.state.memory import StateDB
from s3sync.state.unfinished import UnfinishedTransfers
from s3sync.store import server_of
from s3sync.sync.hooks import Witness
from s3sync.sync.record import Recorder
from s3sync.sync.recover import finish_uploads
from s3sync.sync.session import Session
from s3sync.sync.store_facts import guarded
from s3sync.sync.view import View
from s3sync.transfer.progress import Work

if TYPE_CHECKING:
    from s3sync.transfer.context import Transport
    from s3sync.transfer.pool import Pool


class Reporter(Protocol):
    """Is told of everything that happens, as it happens."""

    def happened(self, effect: Effect) -> None: ...
    def failed(self, problem: Problem) -> None: ...
    def warn(self, warning: str) -> None: ...


def carry_out(
    session: Session,
    state: StateDB,
    seen: View,
    plan: Plan,
    reporter: Reporter,
    *,
    tolerant: bool,
    witnesses: Sequence[Witness] = (),
) -> dict[str, str]:
    """Carry out a plan, and save what became of it. Returns the paths that lost a race, and why.

    What was done is saved also when an error ends the run. `tolerant`: whoever may only read the store gets no error
    because metadata.json cannot be written.
    """
    oldest = () if tolerant or not plan.actions else going(seen.there.stored.manifest.events)
    with (
        guarded(session, state, plan.actions, reporter.warn) as writing,
        moving(session.store, session.project.prefix, oldest) as history,
    ):
        return _carry_out(writing, state, seen, plan, reporter, history, tolerant=tolerant, witnesses=witnesses)


def _carry_out(
    session: Session,
    state: StateDB,
    seen: View,
    plan: Plan,
    reporter: Reporter,
    history: Moving,
    *,
    tolerant: bool,
    witnesses: Sequence[Witness],
) -> dict[str, str]:
    finished = finish_uploads(session, state, seen, plan.in_sync)
    done: list[Done] = []
    tell = partial(_tell, witnesses, done)
    recorder = Recorder(session, state, seen, history, plan, tolerant=tolerant, after_save=tell)
    recorder.agree(plan.agreed)
    recorder.agree(finished)
    recorder.decide(plan)
    recorder.intend(plan.actions)
    try:
        raced = _take_steps(session, state, seen, plan, recorder, reporter, done) if plan.actions else {}
    except BaseException as error:
        save = recorder.save_here if isinstance(error, (KeyboardInterrupt, Interrupted)) else recorder.save
        with suppress(S3syncError):  # whoever wants to stop does not wait for the store
            save()
        recorder.close()
        raise
    recorder.save()
    recorder.close()
    recorder.require_told()
    return raced


def _take_steps(
    session: Session, state: StateDB, seen: View, plan: Plan, recorder: Recorder, reporter: Reporter, done: list[Done]
) -> dict[str, str]:
    """The execute phase. Returns the paths that lost a race, and why. A run without one imports none of it."""
    from s3sync.state.lines import note_rate
    from s3sync.sync.execute import execute
    from s3sync.sync.steps import Steps
    from s3sync.sync.steps.elsewhere import Elsewhere

    raced: dict[str, str] = {}
    stamp, at = session.trash_stamp(), format_time(session.clock())
    with session.pool() as pool:
        transport = _transport(session, state, pool)
        steps = Steps(session, seen, transport, stamp, recorder.placed, Intents(state), Elsewhere(seen, plan))
        for result in execute(steps, plan.actions):
            if isinstance(result, Raced):
                raced[result.action.path] = result.reason
            elif isinstance(result, Problem):
                reporter.failed(result)
            else:
                for effect in result.effects:
                    recorder.keep(result.action, effect)
                    reporter.happened(effect)
                    done.append(_done(seen, plan, result.action, effect, (stamp, at, session.told_as)))
                    _show(session, effect)
            recorder.save_sometimes()
        note_rate(session.settings.env, server_of(session.store), transport.up.measured)
    return raced


def _tell(witnesses: Sequence[Witness], done: list[Done]) -> None:
    if done:
        for witness in witnesses:
            witness(done)
    done.clear()


def _done(seen: View, plan: Plan, action: Action, effect: Effect, run: tuple[str, str, str | None]) -> Done:
    """An effect with what stood there before. The copy that a conflict makes under its own name was nowhere before.

    `run` has the run's folder in the trashes, its time, and the name that it is told by.
    """
    stamp, at, told_as = run
    is_copy = effect.path != action.path
    before = None if is_copy else seen.base.get(action.path)
    there = None if is_copy else seen.there.files.get(action.path)
    return Done(
        effect.kind,
        effect.path,
        plan.verb,
        at,
        action.do,
        stamp,
        before=before,
        after=effect.entry,
        local=None if is_copy else action.local,
        remote=None if is_copy else action.remote,
        in_remote_trash=action.trash_remote and effect.lives_on is None,
        kept_as=action.kept_as,
        record=there.record if there is not None and action.trash_remote else None,
        lives_on=effect.lives_on,
        told_as=told_as,
    )


def _show(session: Session, effect: Effect) -> None:
    work = {Kind.SENT: Work.UPLOAD, Kind.FETCHED: Work.DOWNLOAD}.get(effect.kind)
    if work is not None:
        session.progress.moved(work, effect.path, effect.size)


def _transport(session: Session, state: StateDB, pool: Pool) -> Transport:
    from s3sync.state.lines import known_rate
    from s3sync.transfer.context import Transport

    up, down = session.lines(known_rate(session.settings.env, server_of(session.store)))
    return Transport(
        session.store,
        session.project.prefix,
        pool,
        session.progress,
        UnfinishedTransfers(state),
        format_time(session.clock()),
        session.pace,
        up=up,
        down=down,
    )
