"""Syncing, copying and moving between two places: look, reconcile, gate, execute, save."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress

from msgspec import Struct

from s3sync.core import limits
from s3sync.core.batches import batched
from s3sync.core.entries import Entry
from s3sync.core.outcome import Problem
from s3sync.core.pairs import Alike, Clash, Do, End, Step, Weighed, Wish, gate
from s3sync.disk.durable import sync_folder
from s3sync.disk.errors import local_errors
from s3sync.errors import (
    ENDS_THE_RUN,
    PreconditionFailed,
    S3syncError,
    SourceChanged,
    TargetChanged,
)
from s3sync.pairs.absent import missing, refuse_nothing
from s3sync.pairs.apart import refuse_one_place
from s3sync.pairs.filters import Wanted
from s3sync.pairs.foretelling import foretell, proof
from s3sync.pairs.held import is_unread, lost_by_b, require_arrived
from s3sync.pairs.leaving import forget
from s3sync.pairs.locked import leave_locked
from s3sync.pairs.moving import Done, Mover
from s3sync.pairs.planning import RACES, Planned, is_newer, planned
from s3sync.pairs.report import Copied, Gone, PairReport
from s3sync.pairs.values import Found
from s3sync.pairs.work import Work, is_below
from s3sync.spill.sequence import SpilledList
from s3sync.transfer.pool import Pool
from s3sync.transfer.progress import Work as Kind

SAVE_EVERY_S = 2.0
AGAIN = "nothing was overwritten; run the command again"
ROUNDS = 4
"""Times that a path is planned, if others keep changing it."""


class PairOptions(Struct, frozen=True):
    """Wish of a run, the files that it is about, and its limits."""

    wish: Wish
    wanted: Wanted
    max_delete: int | None = None
    dry_run: bool = False
    move: bool = False
    """Delete each of A's files once B is known to hold it."""


def run_pair(work: Work, verb: str, options: PairOptions) -> PairReport:
    """Run to the end, or raise what stopped it: `Halt`, `UsageError`, `StoreError`, ... with the report so far."""
    started = time.monotonic()
    places, both = work.opened.places, options.wish.both
    report = PairReport(verb, places[End.A].shown, places[End.B].shown, both, options.dry_run)
    report.trash = work.stamp()
    try:
        work.look(options.wanted, both=both)
        if not both and not options.wish.delete:
            refuse_nothing(work)
        for seen in work.seen.values():
            report.failed += seen.problems
        report.failed += missing(work, at=(End.A,) if verb in ("copy", "move") else (End.A, End.B))
        plan = planned(work, report, options.wish)
        leave_locked(work, report, plan, moves=options.move)
        _gate(work, verb, plan.steps, options)
        if options.move and work.seen[End.A].files:
            refuse_one_place(places[End.A], places[End.B], marks=not options.dry_run)
        if options.dry_run:
            foretell(work, report, plan, moves=options.move)
        else:
            _execute(work, report, plan, options)
    except (S3syncError, KeyboardInterrupt) as error:
        report.elapsed_s = time.monotonic() - started
        if isinstance(error, S3syncError) and (report.copied or report.deleted):
            error.report = report
        raise
    report.elapsed_s = time.monotonic() - started
    return report


def _gate(work: Work, verb: str, steps: SpilledList[Step], options: PairOptions) -> None:
    weighed = {}
    for end in End:
        deletions = sum(step.do is Do.DELETE and step.to is end for step in steps)
        weighed[end] = Weighed(deletions, len(work.seen[end].files), len(work.seen[end.other].files))
    shown = {end: place.shown for end, place in work.opened.places.items()}
    command = f"s3sync {verb} ... --delete"
    gate(weighed, shown, command=command, complete=work.complete, max_delete=options.max_delete)


def _agree(work: Work, agreed: SpilledList[Alike]) -> None:
    """Remember what both hold alike. One way, too: what was in sync once is known when it goes both ways later."""
    held: dict[str, Entry | None] = {}
    for line in agreed:
        if line.entry is None or line.entry.md5 is not None:
            held[line.path] = None if line.entry is None else Entry(line.entry.size, line.entry.md5)
        if len(held) >= limits.now.files_before_save:
            work.memory.pair.save(base=held)
            held = {}
    if held:
        work.memory.pair.save(base=held)


class _Saver:
    """Changes that are done, and not in the memory yet."""

    def __init__(self, work: Work) -> None:
        self._work, self._held, self._at = work, dict[str, Entry | None](), time.monotonic()
        self._folders = set[str]()

    def note(self, done: Done) -> None:
        self._held[done.path] = None if done.now is None else Entry(done.now.size, done.md5)
        if done.now is not None and done.now.file is not None:
            self._folders.add(os.path.dirname(done.now.file.where))  # noqa: PTH120

    def save(self, *, now: bool = True) -> None:
        """Write them down, once the names that were given in folders are durable."""
        if not now and time.monotonic() - self._at < SAVE_EVERY_S:
            return
        for folder in self._folders:
            with local_errors("cannot write", folder), suppress(FileNotFoundError):
                sync_folder(folder)
        for knows in self._work.knows.values():
            knows.save()
        self._work.memory.pair.save(base=self._held)
        self._held, self._folders, self._at = {}, set(), time.monotonic()


class _Execution(Struct):
    """What the rounds of a run share. `verified`: what B holds by this run's own account, with its MD5.

    `unread`: what it was sent in parts that others may have replaced, and that is read before A's file goes.
    """

    work: Work
    report: PairReport
    options: PairOptions
    saver: _Saver
    mover: Mover
    pool: Pool
    verified: dict[str, str | None] = {}
    unread: dict[str, Found] = {}

    def carry_out(self, plan: Planned, *, is_first: bool) -> dict[str, S3syncError]:
        """Carry out steps, deletions last; returns what changed meanwhile. Raises what ends the run."""
        raced = dict(plan.raced)
        _agree(self.work, plan.agreed)
        for deletes in (False, True):
            turn = (step for step in plan.steps if (step.do is Do.DELETE) is deletes)
            if deletes:
                for end in End:
                    gone = (step.path for step in plan.steps if step.do is Do.DELETE and step.to is end)
                    forget(self.work, end, gone)
            for step, result in self.pool.map(self.mover.carry_out, turn, lambda step: step.size):
                try:
                    done = result.result()
                except S3syncError as error:
                    if not isinstance(error, RACES) or (isinstance(error, SourceChanged) and not is_first):
                        _failed(self.report, step.path, error)
                    else:
                        raced[step.path] = error
                    continue
                for one in done:
                    self._happened(one)
                    if one.outdated is not None:
                        raced[step.path] = one.outdated
                self.saver.save(now=False)
        self.saver.save()
        return raced

    def _happened(self, done: Done) -> None:
        self.saver.note(done)
        if done.now is not None and done.outdated is None:
            self.verified[done.path] = done.md5
            if self.options.move and is_unread(self.work.opened.places[End.B], done.now):
                self.unread[done.path] = done.now
        _happened(self.report, self.work, done)
        if self.options.move and done.now is not None:
            self.work.seen[End.B].files[done.path] = done.now

    def again(self, raced: Mapping[str, S3syncError]) -> dict[str, S3syncError]:
        """Plan once more what changed meanwhile, and do it; nothing of it is deleted. Returns what changed again."""
        report = self.report
        report.conflicts = SpilledList(Clash, (clash for clash in report.conflicts if clash.path not in raced))
        view = self.work.look_again(raced)
        hidden = view.hidden
        for path in raced:
            if is_below(path, hidden):
                _failed(report, path, raced[path])
        plan = planned(view, report, self.options.wish)
        leave_locked(view, report, plan, moves=self.options.move)
        for step in plan.steps:
            if step.do is Do.DELETE:
                report.failed.append(Problem(step.path, f"was not deleted: {raced[step.path]}", AGAIN))
        plan.steps = SpilledList(Step, (step for step in plan.steps if step.do is not Do.DELETE))
        self.work.progress.expect(Kind.UPLOAD, *_expected(plan.steps))
        if self.options.move:
            self._prove(plan.agreed)
        return self.carry_out(plan, is_first=False)

    def take_away(self, agreed: SpilledList[Alike]) -> None:
        """Delete A's files that B holds, be it that it held them before."""
        self._prove(agreed)
        self._read_back()
        _take_away(self.work, self.report, self.mover, self.pool, self.verified)

    def _read_back(self) -> None:
        """Read what was sent and may hold other bytes; A's file stays where it does, or cannot be read."""

        def read(path: str) -> None:
            require_arrived(self.mover, path, self.unread[path], self.verified[path])

        for path, result in self.pool.map(read, self.unread):
            try:
                result.result()
            except S3syncError as error:
                del self.verified[path]
                _failed(self.report, path, error)

    def _prove(self, agreed: SpilledList[Alike]) -> None:
        held = [line.path for line in agreed if line.entry is not None]
        for path, result in self.pool.map(lambda path: proof(self.work, path), held):
            try:
                self.verified[path] = result.result()
            except S3syncError as error:
                _failed(self.report, path, error)


def _execute(work: Work, report: PairReport, plan: Planned, options: PairOptions) -> None:
    """Carry out a plan, and up to `ROUNDS` times what others changed meanwhile."""
    work.progress.expect(Kind.UPLOAD, *_expected(plan.steps))
    saver = _Saver(work)
    with work.mover(report.trash, report.warnings.append) as (mover, pool):
        run = _Execution(work, report, options, saver, mover, pool)
        try:
            raced = run.carry_out(plan, is_first=True)
            for _ in range(1, ROUNDS):
                if not raced:
                    break
                raced = run.again(raced)
            for path, error in raced.items():
                report.failed.append(Problem(path, f"kept changing while we worked: {error}", error.hint or AGAIN))
            if options.move:
                run.take_away(plan.agreed)
        finally:
            saver.save()


def _expected(steps: SpilledList[Step]) -> tuple[int, int]:
    moved = [step.size for step in steps if step.do is not Do.DELETE]
    return len(moved), sum(moved)


def _failed(report: PairReport, path: str, error: S3syncError) -> None:
    if isinstance(error, ENDS_THE_RUN):
        raise error
    hint = error.hint or (AGAIN if isinstance(error, (PreconditionFailed, TargetChanged)) else None)
    report.failed.append(Problem(path, str(error), hint))


def _happened(report: PairReport, work: Work, done: Done) -> None:
    if done.now is None:
        report.deleted.append(Gone(done.path, done.size, done.at, done.in_trash))
        return
    newer = done.replaced and is_newer(work, done.path, done.at)
    report.copied.append(Copied(done.path, done.size, done.at, done.moved, done.replaced, newer))


def _take_away(work: Work, report: PairReport, mover: Mover, pool: Pool, verified: Mapping[str, str | None]) -> None:
    """Delete A's files that B holds by this run's own account, and nothing else.

    What both agreed on is forgotten first, as is what the projects of A remember: a file that A lacks from then on was
    moved, and is deleted nowhere for it.
    """
    paths = [path for path in work.seen[End.A].files if path in verified]
    for some in batched(paths, limits.now.files_before_save):
        work.memory.pair.save(base=dict.fromkeys(some))
    forget(work, End.A, paths, stay=True)
    lost = lost_by_b(work, pool, paths)
    for path, error in lost.items():
        _failed(report, path, error)
    paths = [path for path in paths if path not in lost]
    for path, result in pool.map(lambda path: mover.take_away(path, verified[path], path), paths):
        try:
            _happened(report, work, result.result())
        except S3syncError as error:
            _failed(report, path, error)
