"""`up`, `down` and `sync`: one function, because they differ only in what their plan holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain

from msgspec import Struct, field
from msgspec.structs import replace

from s3sync.core.history import UNLOCKED, Draft
from s3sync.core.names import free_conflict_name
from s3sync.core.outcome import Problem
from s3sync.core.plan import Plan, Policy, Verb, keep_unknown
from s3sync.core.reconcile import State, again
from s3sync.core.times import format_time
from s3sync.errors import LocalError, S3syncError, StoreError
from s3sync.shared.locks import Locks
from s3sync.spill.sequence import SpilledList
from s3sync.spill.table import SpilledDict
from s3sync.state.memory import StateDB
from s3sync.sync.arrivals import warn_of_arrivals
from s3sync.sync.carry_out import carry_out
from s3sync.sync.events import note_event
from s3sync.sync.gating import Gatekeeper
from s3sync.sync.hooks import HOOKS, Hooks, Witness
from s3sync.sync.locked import leave_locked, release_own, warnings_of
from s3sync.sync.places import first_time
from s3sync.sync.planning import make_plan
from s3sync.sync.recover import drop_useless_downloads, recover
from s3sync.sync.report import ConflictReport, RunReport
from s3sync.sync.reporting import RunReporter, report_intentions, report_plan
from s3sync.sync.same_content import what_is_known
from s3sync.sync.scan import scan
from s3sync.sync.select import Selector
from s3sync.sync.session import Session
from s3sync.sync.silenced import silence_warning
from s3sync.sync.stopping import noting_stops
from s3sync.sync.view import View, select

ROUNDS = 4
"""Times that a path is planned again when other writers, here or there, were faster."""

TAKE_IN = (Verb.DOWN, Verb.SYNC)
"""Verbs that take in what clients sent."""


class Options(Struct, frozen=True):
    """`selector` limits the run to some paths; `policy` and `max_delete` None are the verb's own rule."""

    selector: Selector | None = None
    policy: Policy | None = None
    max_delete: int | None = None
    dry_run: bool = False
    again: bool = False
    """Send what a cleanup took from the remote; of the files that `selector` names, also what was deleted there."""
    unlock: bool = False
    """Release this user's locks on the files that are in sync in the end."""
    acknowledge: bool = False
    """Have metadata.json say that this user has everything, also where nothing was fetched."""
    leave_deleted: bool = False
    """Leave alone what was deleted here, which `down` fetches again."""

    def changes_remote(self, verb: Verb) -> bool:
        """True if such a run may replace or delete a file on the remote."""
        return verb is not Verb.DOWN or self.policy in (Policy.KEEP_BOTH, Policy.MINE)


def run(session: Session, verb: Verb, options: Options, hooks: Hooks | None = None) -> RunReport:
    """Run a verb to its end, or raise what stopped it: `Halt`, `LockHeld`, `StoreError`, `ManifestError`, ...

    `hooks` None are the verb's own (`hooks.HOOKS`).
    """
    if options.changes_remote(verb):
        session.settings.require_user()
    started = time.monotonic()
    report = RunReport(verb, session.place, options.dry_run)
    hooks, gatekeeper = hooks or HOOKS[verb], Gatekeeper(options.max_delete)
    if options.dry_run:
        with session.memory(read_only=True) as state:
            report.warnings += first_time(state, session)
            _round(_Run(session, state, report, options, hooks, gatekeeper), options.selector)
    else:
        with (
            _told_so_far(report, started),
            session.lock(),
            session.memory() as state,
            noting_stops(session, state, session.told_as or verb.value) as hear,
        ):
            recover(session, state)
            report.warnings += first_time(state, session)
            this = _Run(session, state, report, options, hooks, gatekeeper, (*hooks.start(state), hear))
            _rounds(this)
            _unlock(this)
            _retire(session, state, report)
    _finish(report, started)
    return report


@contextmanager
def _told_so_far(report: RunReport, started: float) -> Iterator[None]:
    """Give an error that ends a run the report of what the run did before: that is done and saved."""
    try:
        yield
    except S3syncError as error:
        if report.uploaded or report.downloaded or report.deleted or report.received:
            _finish(report, started)
            error.report = report
        raise


def _finish(report: RunReport, started: float) -> None:
    for items in (report.uploaded, report.downloaded, report.deleted):
        items.sort(key=lambda item: item.name)
    report.elapsed_s = time.monotonic() - started


def _rounds(run: _Run) -> None:
    raced = _round(run, run.options.selector, is_first=True)
    for _ in range(1, ROUNDS):
        if not raced:
            return
        raced = _round(run, set(raced).__contains__)
    for path, reason in raced.items():
        run.report.failed.append(Problem(path, f"kept changing while we worked: {reason}", "run the command again"))


def _unlock(run: _Run) -> None:
    """Release this user's locks, when that was asked for, on what both sides now agree on."""
    report = run.report
    if not run.options.unlock:
        return
    open_ones = {problem.path for problem in report.failed} | {conflict.name for conflict in report.conflicts}
    agreed = chain(
        (item.name for item in report.uploaded),
        (item.name for item in report.skipped if item.state is State.IN_SYNC),
    )
    names = dict.fromkeys(name for name in agreed if name in run.locks.by_name and name not in open_ones)
    report.unlocked = release_own(run.session, run.state, run.locks, names)
    draft = Draft("unlock", run.session.run)
    for name in report.unlocked:
        draft.add(UNLOCKED, name)
    note_event(run.session, run.state, draft)


def _retire(session: Session, state: StateDB, report: RunReport) -> None:
    """Bring the trash within its limits. A run in which something failed lets it be."""
    if report.failed:
        return
    from s3sync.sync.retention import retire

    try:
        retired = retire(session, state, ("local",) if report.verb is Verb.DOWN else ("local", "remote"))
    except (StoreError, LocalError) as error:
        report.warnings.append(f"the trash was not brought within its limits: {error}")
        return
    report.trash_files, report.trash_bytes = retired.files, retired.bytes


class _Run(Struct):
    """What the rounds of a run share."""

    session: Session
    state: StateDB
    report: RunReport
    options: Options
    hooks: Hooks
    gatekeeper: Gatekeeper
    witnesses: Sequence[Witness] = ()
    locks: Locks = field(default_factory=Locks)


def _round(run: _Run, wanted: Callable[[str], bool] | None, *, is_first: bool = False) -> dict[str, str]:
    """Scan, reconcile, gate, execute, save. Returns the paths that lost a race, with the reason."""
    session, state, report, options = run.session, run.state, run.report, run.options
    creates_only = is_first and report.verb is Verb.UP and options.policy is None
    sends = report.verb if is_first and not options.selector else None
    locks = options.changes_remote(report.verb)
    seen = scan(session, state, creates_only=creates_only, locks=locks, sends=sends)
    if (is_first or options.dry_run) and _takes_in(run, seen):
        seen = scan(session, state, locks=locks)
    run.locks = seen.locks
    if not options.dry_run:
        drop_useless_downloads(session, state, seen)
    if options.selector:
        seen.limit_to(options.selector)
    decisions = seen.decisions()
    if options.again:
        decisions = map(partial(again, deleted=options.selector is not None), decisions)
    if options.leave_deleted:
        decisions = (one for one in decisions if one.state is not State.LOCAL_DELETED)
    keep, obstacles = _keep_name(session, seen), seen.obstacles_of(wanted)
    leave = leave_locked(seen.locks.keeping_out(session.settings.user), report.locked)
    rules = (leave, *run.hooks.rules, keep_unknown(what_is_known(seen, state)))
    plan = make_plan(select(decisions, wanted), report.verb, options.policy, keep, obstacles, rules)
    if not options.selector and wanted is None:
        plan = replace(plan, is_whole=True, acknowledges=options.acknowledge)
    run.gatekeeper.ask(plan, seen, report)
    report_plan(report, plan, seen)
    report.deselected = len(seen.deselected)
    warn_of_arrivals(report, plan, seen)
    told = filter(None, (silence_warning(state, seen), *warnings_of(seen.locks)))
    report.warnings += [warning for warning in told if warning not in report.warnings]
    if options.dry_run:
        from s3sync.sync.estimate import Estimate

        report_intentions(report, plan.actions, Estimate(session, state, seen, plan))
        return {}
    state.enter_place(format_time(session.clock()))
    return _execute(run, plan, seen)


def _takes_in(run: _Run, seen: View) -> bool:
    """Take in what clients sent, where any may have and the run is about all files; True if the store has changed."""
    if run.options.selector or run.report.verb not in TAKE_IN or not seen.there.stored.manifest.inboxes:
        return False
    from s3sync.sync.incoming import take_in

    return take_in(run.session, run.state, seen, run.report, dry_run=run.options.dry_run)


def _keep_name(session: Session, seen: View) -> Callable[[str], str]:
    """Names for conflict copies that neither side has, nor another copy of the same plan."""
    stamp = session.clock()
    given = SpilledDict(bool)

    def is_taken(name: str) -> bool:
        return name in given or name in seen.here.files or name in seen.there.files

    def keep(path: str) -> str:
        name = free_conflict_name(path, session.settings.require_user(), stamp, is_taken)
        given[name] = True
        return name

    return keep


def _execute(run: _Run, plan: Plan, seen: View) -> dict[str, str]:
    report, tolerant = run.report, run.report.verb is Verb.DOWN and not run.options.acknowledge
    reporter = RunReporter(report)
    raced = carry_out(run.session, run.state, seen, plan, reporter, tolerant=tolerant, witnesses=run.witnesses)
    report.conflicts = SpilledList(ConflictReport, (found for found in report.conflicts if found.name not in raced))
    return raced
