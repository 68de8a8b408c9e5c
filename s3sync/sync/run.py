"""`up`, `down` and `sync`: one function, because they differ only in what their plan holds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress

from msgspec import Struct, field

from s3sync.core.names import free_conflict_name, windows_reason
from s3sync.core.outcome import Outcome, Problem, Raced
from s3sync.core.plan import Conflict, Do, Plan, Policy, Verb, make_plan
from s3sync.core.reconcile import State
from s3sync.core.safety import Earlier, gate
from s3sync.core.times import format_time
from s3sync.errors import S3syncError
from s3sync.state.db import StateDB
from s3sync.state.intents import Intents
from s3sync.state.rows import Rows
from s3sync.state.table import Table
from s3sync.state.transfers import Transfers
from s3sync.sync.execute import execute
from s3sync.sync.guard import guarded
from s3sync.sync.recover import drop_useless_downloads, finish_uploads, recover
from s3sync.sync.report import ConflictReport, Deleted, Moved, RunReport, Skipped
from s3sync.sync.save import Keeper
from s3sync.sync.scan import scan
from s3sync.sync.seen import Seen, select, uploader
from s3sync.sync.select import Selector
from s3sync.sync.session import Session
from s3sync.sync.steps import Steps
from s3sync.transfer.context import Transport
from s3sync.transfer.pool import Pool
from s3sync.transfer.progress import Work

UPLOADING = (Do.UPLOAD, Do.KEEP_BOTH)
ROUNDS = 4
"""How often a path is planned again when other writers, here or there, were faster."""


class Options(Struct, frozen=True):
    """`selector` limits the run to some paths; `policy` and `max_delete` None are the verb's own rule."""

    selector: Selector | None = None
    policy: Policy | None = None
    max_delete: int | None = None
    dry_run: bool = False


def run(session: Session, verb: Verb, options: Options) -> RunReport:
    """Run a verb to its end, or raise what stopped it: `Halt`, `LockHeld`, `StoreError`, `ManifestError`, ..."""
    session.settings.require_user()
    started = time.monotonic()
    report = RunReport(verb, session.place, options.dry_run)
    if options.dry_run:
        with session.memory(read_only=True) as state:
            _round(session, state, report, options, options.selector, _Tally())
    else:
        with session.lock(), session.memory() as state:
            recover(session, state)
            _rounds(session, state, report, options)
    for items in (report.uploaded, report.downloaded, report.deleted):
        items.sort(key=lambda item: item.name)
    report.elapsed_s = time.monotonic() - started
    return report


def _rounds(session: Session, state: StateDB, report: RunReport, options: Options) -> None:
    tally = _Tally()
    raced = _round(session, state, report, options, options.selector, tally)
    for _ in range(1, ROUNDS):
        if not raced:
            return
        raced = _round(session, state, report, options, set(raced).__contains__, tally)
    for path, reason in raced.items():
        report.failed.append(Problem(path, f"kept changing while we worked: {reason}", "run the command again"))


class _Tally(Struct):
    """What the gate let through in the rounds so far, and the size of the base when the run began."""

    base: int | None = None
    passed: Counter[Do] = field(default_factory=Counter)

    def earlier(self, seen: Seen, report: RunReport) -> Earlier:
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
    plan = make_plan(select(seen.decisions(), wanted), report.verb, options.policy, _keep_name(session, seen), Rows)
    tally.passed += gate(
        plan,
        seen.base,
        seen.local,
        seen.remote,
        max_delete=options.max_delete,
        complete=seen.complete,
        kept=Table(bool),
        earlier=tally.earlier(seen, report),
    )
    _report_plan(report, plan, seen)
    if options.dry_run:
        _report_intentions(report, plan)
        return {}
    state.enter_place(format_time(session.clock()))
    return _execute(session, state, report, plan, seen)


def _keep_name(session: Session, seen: Seen) -> Callable[[str], str]:
    """Names for conflict copies that neither side has, nor another copy of the same plan."""
    stamp, user = session.clock(), session.settings.require_user()
    given = Table(bool)

    def is_taken(name: str) -> bool:
        return name in given or name in seen.here.files or name in seen.there.files

    def keep(path: str) -> str:
        name = free_conflict_name(path, user, stamp, is_taken)
        given[name] = True
        return name

    return keep


def _execute(session: Session, state: StateDB, report: RunReport, plan: Plan, seen: Seen) -> dict[str, str]:
    writes_files = any(action.do not in (Do.DOWNLOAD, Do.DELETE_LOCAL) for action in plan.actions)
    session, warning = guarded(session, state, writes_files=writes_files)
    report.warnings += [warning] if warning else []
    finish_uploads(session, state, seen, plan.in_sync)
    keeper = Keeper(session, state, seen, tolerant=report.verb is Verb.DOWN)
    keeper.agree(plan.agreed)
    keeper.intend(plan.actions)
    raced: dict[str, str] = {}
    try:
        with Pool(session.transfers) as pool:
            transport = _transport(session, state, pool)
            steps = Steps(session, seen, transport, session.trash_stamp(), keeper.placed, Intents(state))
            for result in execute(steps, plan.actions):
                if isinstance(result, Outcome):
                    keeper.keep(result)
                    _report_outcome(report, result)
                    _tell(session, result)
                elif isinstance(result, Raced):
                    raced[result.action.path] = result.reason
                else:
                    report.failed.append(result)
                keeper.save_sometimes()
    except BaseException as error:
        with suppress(S3syncError):
            if isinstance(error, KeyboardInterrupt):  # whoever wants to stop does not wait for the store
                keeper.save_here()
            else:
                keeper.save()
        raise
    keeper.save()
    report.conflicts = Rows(ConflictReport, (found for found in report.conflicts if found.name not in raced))
    return raced


def _tell(session: Session, outcome: Outcome) -> None:
    for effect in (outcome, *outcome.also):
        if effect.entry is not None:
            work = Work.UPLOAD if effect.record else Work.DOWNLOAD
            session.progress.moved(work, effect.action.path, effect.entry.size)


def _transport(session: Session, state: StateDB, pool: Pool) -> Transport:
    return Transport(
        session.store,
        session.project.prefix,
        pool,
        session.progress,
        Transfers(state),
        format_time(session.clock()),
        session.pace,
    )


def _report_plan(report: RunReport, plan: Plan, seen: Seen) -> None:
    """What is known before anything is done: problems of the scan, conflicts, and what is left alone."""
    if warning := not_on_windows(action.kept_as or action.path for action in plan.actions if action.do in UPLOADING):
        report.warnings = [*(told for told in report.warnings if told != warning), warning]
    known = {problem.path for problem in report.failed}
    report.failed.extend(problem for problem in seen.problems if problem.path not in known)
    report.skipped.extend(
        Skipped(same.path, same.size, State.IN_SYNC) for same in plan.in_sync if same.size is not None
    )
    for notice in plan.notices:
        report.skipped.append(Skipped(notice.path, notice.size, notice.state, *uploader(seen, notice.path)))
    for conflict in plan.conflicts:
        by, at = uploader(seen, conflict.path)
        report.conflicts.append(
            ConflictReport(
                conflict.path, conflict.kind, conflict.policy, _resolution(conflict), conflict.kept_as, by, at
            )
        )


def not_on_windows(names: Iterable[str]) -> str | None:
    """What to tell whoever uploads names that a colleague's Windows cannot hold."""
    first, count = "", 0
    for name in names:
        if reason := windows_reason(name):
            first, count = first or f"{name}: {reason}", count + 1
    if not count:
        return None
    return f"colleagues on Windows cannot download {first}{f' (and {count - 1} more)' if count > 1 else ''}"


def _resolution(conflict: Conflict) -> str | None:
    if conflict.do is None:
        return None
    if conflict.local is None or conflict.remote is None:
        return "kept_edit"
    return {Do.KEEP_BOTH: "kept_both", Do.UPLOAD: "kept_mine", Do.DOWNLOAD: "kept_theirs"}[conflict.do]


def _report_intentions(report: RunReport, plan: Plan) -> None:
    for action in plan.actions:
        local = action.local.size if action.local else 0
        remote = action.remote.size if action.remote else 0
        if action.do in (Do.UPLOAD, Do.KEEP_BOTH):
            report.uploaded.append(Moved(action.kept_as or action.path, local, 0))
        if action.do in (Do.DOWNLOAD, Do.KEEP_BOTH):
            report.downloaded.append(Moved(action.path, remote, 0))
        if action.do is Do.DELETE_LOCAL:
            report.deleted.append(Deleted(action.path, "local", local))
        if action.do is Do.DELETE_REMOTE:
            report.deleted.append(Deleted(action.path, "remote", remote))


def _report_outcome(report: RunReport, outcome: Outcome) -> None:
    action, size = outcome.action, outcome.entry.size if outcome.entry else 0
    if outcome.record is not None:
        report.uploaded.append(Moved(action.path, size, outcome.bytes_sent))
    elif outcome.entry is not None:
        report.downloaded.append(Moved(action.path, size, outcome.bytes_received))
    elif action.do is Do.DELETE_LOCAL and action.local is not None:
        report.deleted.append(Deleted(action.path, "local", action.local.size))
    elif action.remote is not None:
        report.deleted.append(Deleted(action.path, "remote", action.remote.size))
    if outcome.problem is not None:
        report.failed.append(outcome.problem)
    for also in outcome.also:
        _report_outcome(report, also)
