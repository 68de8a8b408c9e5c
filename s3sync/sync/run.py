"""`up`, `down` and `sync`: one function, because they differ only in what their plan holds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from msgspec import Struct, field

from s3sync.core.names import free_conflict_name
from s3sync.core.outcome import Problem
from s3sync.core.plan import Do, Plan, Policy, Verb, make_plan
from s3sync.core.reconcile import State, again
from s3sync.core.safety import Earlier, gate
from s3sync.core.times import format_time
from s3sync.errors import LocalError, StoreError
from s3sync.spill.sequence import SpilledList
from s3sync.spill.table import SpilledDict
from s3sync.state.journal import Journal
from s3sync.state.memory import StateDB
from s3sync.sync.arrivals import warn_of_arrivals
from s3sync.sync.carry_out import carry_out
from s3sync.sync.places import first_time
from s3sync.sync.recover import drop_useless_downloads, recover
from s3sync.sync.report import ConflictReport, RunReport
from s3sync.sync.reporting import RunWitness, report_intentions, report_plan
from s3sync.sync.scan import scan
from s3sync.sync.select import Selector
from s3sync.sync.session import Session
from s3sync.sync.view import View, select

ROUNDS = 4
"""How often a path is planned again when other writers, here or there, were faster."""


class Options(Struct, frozen=True):
    """`selector` limits the run to some paths; `policy` and `max_delete` None are the verb's own rule."""

    selector: Selector | None = None
    policy: Policy | None = None
    max_delete: int | None = None
    dry_run: bool = False
    again: bool = False
    """Send what a cleanup took from the remote."""


def run(session: Session, verb: Verb, options: Options) -> RunReport:
    """Run a verb to its end, or raise what stopped it: `Halt`, `LockHeld`, `StoreError`, `ManifestError`, ..."""
    if verb is not Verb.DOWN or options.policy in (Policy.KEEP_BOTH, Policy.MINE):
        session.settings.require_user()
    started = time.monotonic()
    report = RunReport(verb, session.place, options.dry_run)
    if options.dry_run:
        with session.memory(read_only=True) as state:
            report.warnings += first_time(state, session)
            _round(session, state, report, options, options.selector, _Tally())
    else:
        with session.lock(), session.memory() as state:
            recover(session, state)
            report.warnings += first_time(state, session)
            _rounds(session, state, report, options)
            _retire(session, state, report)
    for items in (report.uploaded, report.downloaded, report.deleted):
        items.sort(key=lambda item: item.name)
    report.elapsed_s = time.monotonic() - started
    return report


def _rounds(session: Session, state: StateDB, report: RunReport, options: Options) -> None:
    tally = _Tally(journal=Journal(state))
    raced = _round(session, state, report, options, options.selector, tally)
    for _ in range(1, ROUNDS):
        if not raced:
            return
        raced = _round(session, state, report, options, set(raced).__contains__, tally)
    for path, reason in raced.items():
        report.failed.append(Problem(path, f"kept changing while we worked: {reason}", "run the command again"))


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


class _Tally(Struct):
    """What the gate let through in the rounds so far, and the size of the base when the run began."""

    base: int | None = None
    passed: Counter[Do] = field(default_factory=Counter)
    journal: Journal | None = None

    def earlier(self, seen: View, report: RunReport) -> Earlier:
        if self.base is None:
            self.base = len(seen.base)
            return Earlier(self.base)
        kinds = {"local": Do.DELETE_LOCAL, "remote": Do.DELETE_REMOTE}
        deleted = Counter(kinds[gone.side] for gone in report.deleted)
        return Earlier(self.base, deleted, deleted & self.passed, is_later_round=True)


def _round(
    session: Session,
    state: StateDB,
    report: RunReport,
    options: Options,
    wanted: Callable[[str], bool] | None,
    tally: _Tally,
) -> dict[str, str]:
    """Scan, reconcile, gate, execute, save. Returns the paths that lost a race, with the reason."""
    seen = scan(session, state)
    if not options.dry_run:
        drop_useless_downloads(session, state, seen)
    if options.selector:
        seen.limit_to(options.selector)
    decisions = map(again, seen.decisions()) if options.again else seen.decisions()
    keep, obstacles = _keep_name(session, seen), seen.obstacles_of(wanted)
    plan = make_plan(select(decisions, wanted), report.verb, options.policy, keep, SpilledList, obstacles)
    tally.passed += gate(
        plan,
        seen.base,
        seen.local,
        seen.remote,
        max_delete=options.max_delete,
        complete=seen.complete,
        kept=SpilledDict(bool),
        earlier=tally.earlier(seen, report),
        agreed=lambda: _agreed(seen),
        cleaned=_cleaned(seen),
    )
    report_plan(report, plan, seen)
    warn_of_arrivals(report, plan, seen)
    if options.dry_run:
        report_intentions(report, plan.actions)
        return {}
    state.enter_place(format_time(session.clock()))
    return _execute(session, state, report, plan, seen, tally.journal)


def _agreed(seen: View) -> int:
    """How many files are the same on both sides and not in the base: new in this place, or ignored for a while."""
    return sum(found.state is State.IN_SYNC and found.base is None and not found.gone for found in seen.decisions())


def _cleaned(seen: View) -> str | None:
    cleaned = seen.there.stored.manifest.cleaned
    return None if cleaned is None else f"{cleaned.by} cleaned up on {cleaned.at[:10]}"


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


def _execute(
    session: Session, state: StateDB, report: RunReport, plan: Plan, seen: View, journal: Journal | None
) -> dict[str, str]:
    tolerant = report.verb is Verb.DOWN
    raced = carry_out(session, state, seen, plan, RunWitness(report), tolerant=tolerant, journal=journal)
    report.conflicts = SpilledList(ConflictReport, (found for found in report.conflicts if found.name not in raced))
    return raced
