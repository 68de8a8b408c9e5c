"""Syncing, copying and moving between two places: look, reconcile, gate, execute, save."""

from __future__ import annotations

import time
from collections.abc import Mapping

from msgspec import Struct

from s3sync.core import limits
from s3sync.core.batches import batched
from s3sync.core.entries import Entry
from s3sync.core.names import free_conflict_name, twins, without_case
from s3sync.core.outcome import Problem
from s3sync.core.pairs import Alike, Clash, Do, End, Left, Step, Weighed, Wish, gate, plan
from s3sync.core.spelling import obeyed_reason
from s3sync.errors import (
    ENDS_THE_RUN,
    ChecksumMismatch,
    NotFound,
    PreconditionFailed,
    S3syncError,
    TargetChanged,
)
from s3sync.local.holds import ignores_case, refused_here
from s3sync.pairs.digests import surely_same
from s3sync.pairs.filters import Wanted
from s3sync.pairs.moving import Done, Mover
from s3sync.pairs.report import Copied, Gone, PairReport
from s3sync.pairs.values import Bucket, Folder
from s3sync.pairs.work import Work
from s3sync.spill.sequence import SpilledList
from s3sync.transfer.pool import Pool
from s3sync.transfer.progress import Work as Kind

SAVE_EVERY_S = 2.0
AGAIN = "nothing was overwritten; run the command again"

MOST_NAMED = 5
"""Arriving files that a warning names each."""


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
    places = work.opened.places
    report = PairReport(verb, places[End.A].shown, places[End.B].shown, options.wish.both, options.dry_run)
    report.trash = work.stamp()
    try:
        work.look(options.wanted, both=options.wish.both)
        steps, agreed = _planned(work, report, options)
        _gate(work, verb, steps, options)
        if options.dry_run:
            _foretell(report, work, steps, options)
        else:
            _agree(work, agreed)
            _execute(work, report, steps, agreed, options)
    except (S3syncError, KeyboardInterrupt) as error:
        report.elapsed_s = time.monotonic() - started
        if isinstance(error, S3syncError) and (report.copied or report.deleted):
            error.report = report
        raise
    report.elapsed_s = time.monotonic() - started
    return report


def _planned(work: Work, report: PairReport, options: PairOptions) -> tuple[SpilledList[Step], SpilledList[Alike]]:
    """The steps, and what both hold alike; what is left alone, or cannot be done, is in the report."""
    for seen in work.seen.values():
        report.failed += seen.problems
    if not work.seen[End.A].files and not options.wish.both:
        _refuse_nothing(work, options)
    steps, agreed = SpilledList(Step), SpilledList(Alike)
    taken = [work.seen[end].files for end in End]

    def keep_name(path: str) -> str:
        user = work.user or "a"
        return free_conflict_name(path, user, work.now, lambda name: any(name in files for files in taken))

    for line in plan(work.decisions(report.failed.append), options.wish, keep_name):
        if isinstance(line, Step):
            steps.append(line)
        elif isinstance(line, Left):
            report.left.append(line)
        elif isinstance(line, Clash):
            report.conflicts.append(line)
        else:
            agreed.append(line)
            if line.entry is not None:
                report.alike += 1
                report.alike_bytes += line.entry.size
    steps = _holdable(work, report, steps)
    _warn_of_arrivals(work, report, steps)
    return steps, agreed


def _warn_of_arrivals(work: Work, report: PairReport, steps: SpilledList[Step]) -> None:
    """Say which of the files that come from a store into a folder programs obey because of their names."""
    count = 0
    for step in steps:
        comes = step.do is not Do.DELETE and isinstance(work.opened.places[step.to], Folder)
        if comes and isinstance(work.opened.places[step.to.other], Bucket) and (reason := obeyed_reason(step.path)):
            count += 1
            if count <= MOST_NAMED:
                report.warnings.append(f"look at {step.path} before you work in that folder: {reason}")
    if count > MOST_NAMED:
        report.warnings.append(
            f"{count - MOST_NAMED} more files that programs obey arrive: see the list of what is copied"
        )


def _refuse_nothing(work: Work, options: PairOptions) -> None:
    """Raise where a store has nothing at A: it has no folders, so that nothing tells it from a misspelled one."""
    place = work.opened.places[End.A]
    if isinstance(place, Bucket) and work.complete and not options.wish.delete and not work.seen[End.A].problems:
        raise NotFound(
            f"there is nothing at {place.shown}",
            why="no object's name begins so, or none that was asked for",
            hint="look at the spelling, and at the filters",
        )


def _holdable(work: Work, report: PairReport, steps: SpilledList[Step]) -> SpilledList[Step]:
    """The steps whose names the place can hold that changes; the others fail, each with the reason."""
    folders = {end for end, place in work.opened.places.items() if isinstance(place, Folder)}
    if not folders or not steps:
        return steps
    blind = {end for end in folders if _ignores_case(work.opened.places[end])}
    clashing = {end: _twins(work, steps, end) for end in blind}
    kept = SpilledList(Step)
    for step in steps:
        ends = {step.to} if step.do is not Do.DELETE else set()
        reason = next((refused_here(step.path) for end in ends & folders if refused_here(step.path)), None)
        other = next((clashing[end][step.path] for end in ends & blind if step.path in clashing[end]), None)
        if reason is None and other is not None:
            reason = f"the disk takes {other!r} and this name for one"
        if reason is None:
            kept.append(step)
        else:
            report.failed.append(
                Problem(step.path, f"cannot be copied: {reason}", "rename it, and run the command again")
            )
    return kept


def _ignores_case(place: object) -> bool:
    return isinstance(place, Folder) and ignores_case(place.root)


def _twins(work: Work, steps: SpilledList[Step], end: End) -> dict[str, str]:
    comes = (step.path for step in steps if step.do is not Do.DELETE and step.to is end)
    names = {*work.seen[end].files, *comes}
    return twins(sorted((without_case(path), path) for path in names))


def _gate(work: Work, verb: str, steps: SpilledList[Step], options: PairOptions) -> None:
    weighed = {}
    for end in End:
        deletions = sum(step.do is Do.DELETE and step.to is end for step in steps)
        weighed[end] = Weighed(deletions, len(work.seen[end].files), len(work.seen[end.other].files))
    shown = {end: place.shown for end, place in work.opened.places.items()}
    command = f"s3sync {verb} ... --delete"
    gate(weighed, shown, command=command, complete=work.complete, max_delete=options.max_delete)


def _foretell(report: PairReport, work: Work, steps: SpilledList[Step], options: PairOptions) -> None:
    for step in steps:
        if step.do is Do.DELETE:
            report.deleted.append(Gone(step.path, step.size or _size(step), step.to, in_trash=True))
            continue
        ends = (step.to,) if step.do is Do.COPY else (End.A,)
        for end in ends:
            report.copied.append(
                Copied(step.path, step.size, end, 0, step.replaced is not None, _is_newer(work, step.path, end))
            )
    if options.move:
        for path, found in work.seen[End.A].files.items():
            report.deleted.append(Gone(path, found.size, End.A, in_trash=False))


def _size(step: Step) -> int:
    return step.replaced.size if step.replaced is not None else 0


def _is_newer(work: Work, path: str, end: End) -> bool:
    """True if what is replaced at a place has a later time than what replaces it."""
    old, new = work.seen[end].files.get(path), work.seen[end.other].files.get(path)
    return old is not None and new is not None and (old.mtime_ns or 0) > (new.mtime_ns or 0)


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

    def note(self, done: Done) -> None:
        self._held[done.path] = None if done.now is None else Entry(done.now.size, done.md5)

    def save(self, *, now: bool = True) -> None:
        if not now and time.monotonic() - self._at < SAVE_EVERY_S:
            return
        for knows in self._work.knows.values():
            knows.save()
        self._work.memory.pair.save(base=self._held)
        self._held, self._at = {}, time.monotonic()


def _execute(
    work: Work, report: PairReport, steps: SpilledList[Step], agreed: SpilledList[Alike], options: PairOptions
) -> None:
    work.progress.expect(Kind.UPLOAD, *_expected(steps))
    saver = _Saver(work)
    verified: dict[str, str | None] = {}
    with work.mover(report.trash, report.warnings.append) as (mover, pool):
        try:
            for deletes in (False, True):
                turn = (step for step in steps if (step.do is Do.DELETE) is deletes)
                for step, result in pool.map(mover.carry_out, turn, lambda step: step.size):
                    try:
                        done = result.result()
                    except S3syncError as error:
                        _failed(report, step.path, error)
                        continue
                    for one in done:
                        saver.note(one)
                        verified[one.path] = one.md5
                        _happened(report, work, one)
                    saver.save(now=False)
            saver.save()
            if options.move:
                held = [line.path for line in agreed if line.entry is not None]
                for path, proof in pool.map(lambda path: _proof(work, path), held):
                    try:
                        verified[path] = proof.result()
                    except S3syncError as error:
                        _failed(report, path, error)
                _take_away(work, report, mover, pool, verified)
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
    newer = done.replaced and _is_newer(work, done.path, done.at)
    report.copied.append(Copied(done.path, done.size, done.at, done.moved, done.replaced, newer))


def _proof(work: Work, path: str) -> str | None:
    """MD5 of a file that B held before this run, where the bytes themselves prove that it is A's.

    Raises `ChecksumMismatch` where they do not: what somebody said of B's file takes A's away for nobody.
    """
    same, known = surely_same(path, work.seen[End.A].files[path], work.seen[End.B].files[path], work.knows)
    if not same:
        raise ChecksumMismatch(
            f"{path} stays where it is: {work.opened.places[End.B].shown} has another file under its name",
            why="that one says to be the same, and its bytes are others",
            hint="nothing was deleted; look at both, and run the command again",
        )
    return known


def _take_away(work: Work, report: PairReport, mover: Mover, pool: Pool, verified: Mapping[str, str | None]) -> None:
    """Delete A's files that B holds by this run's own account, and nothing else.

    What both agreed on is forgotten first: a file that A lacks from then on was moved, and is deleted nowhere for it.
    """
    paths = [path for path in work.seen[End.A].files if path in verified]
    for some in batched(paths, limits.now.files_before_save):
        work.memory.pair.save(base=dict.fromkeys(some))
    for path, result in pool.map(lambda path: mover.take_away(path, verified[path]), paths):
        try:
            _happened(report, work, result.result())
        except S3syncError as error:
            _failed(report, path, error)
