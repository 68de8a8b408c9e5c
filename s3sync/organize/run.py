"""Runs of `organize`: plan, ask, copy, and with `moves` take away what arrived. Nothing is ever overwritten."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from s3sync.core.organizing import Layout
from s3sync.core.outcome import Problem
from s3sync.core.pairs import End
from s3sync.errors import ENDS_THE_RUN, S3syncError, declined
from s3sync.organize.journal import Former, Head, Journal, Line, new_journal, unfinished
from s3sync.organize.planning import Plan, plan, refuse_another_name
from s3sync.organize.report import Named, OrganizeReport
from s3sync.pairs.absent import missing, refuse_nothing
from s3sync.pairs.filters import Wanted
from s3sync.pairs.foretelling import Refusals
from s3sync.pairs.held import IN_THE_WAY, lost_by_b, require_arrived
from s3sync.pairs.leaving import forget
from s3sync.pairs.locked import is_locked, locked_at
from s3sync.pairs.moving import Done, Mover
from s3sync.pairs.work import Work
from s3sync.spill.sequence import SpilledList
from s3sync.transfer.pool import Pool
from s3sync.transfer.progress import Work as Kind


class OrganizeOptions(Struct, frozen=True):
    """`moves`: the source's file goes once the target holds it. `confirm` is asked before anything is written."""

    layout: Layout
    wanted: Wanted
    head: Head
    moves: bool = False
    dry_run: bool = False
    confirm: Callable[[OrganizeReport], bool] = lambda report: True


def run_organize(work: Work, options: OrganizeOptions, environ: Mapping[str, str]) -> OrganizeReport:
    """Run to the end. Raises `Halt` on collisions and where nobody agreed, `StoreError`, ... with the report so far."""
    started = time.monotonic()
    places = work.opened.places
    report = OrganizeReport(
        places[End.A].shown, places[End.B].shown, options.layout.text, options.moves, options.dry_run
    )
    work.look(options.wanted, both=False)
    refuse_nothing(work)
    report.failed += missing(work, at=(End.A,))
    found = plan(work, options.layout, report)
    if not options.moves:
        report.alike += len(found.held)
        found.held.clear()
    if options.moves:
        _leave_locked(work, report, found)
    if options.moves and (found.copies or found.held):
        refuse_another_name(work, marks=not options.dry_run)
    if options.dry_run:
        _foretell(work, report, found)
    for step in (*found.copies, *(step for step, _ in found.held)):
        report.named.append(replace(step, gone=options.moves))
    former = Former() if options.dry_run else unfinished(environ, options.head)
    if not options.dry_run and (report.named or former.runs):
        if report.named and not options.confirm(report):
            raise declined("nothing was renamed")
        _carry_out(work, report, found, options, environ, former)
    report.elapsed_s = time.monotonic() - started
    return report


def _leave_locked(work: Work, report: OrganizeReport, found: Plan) -> None:
    """Drop what would take a file away from the source that others have locked there."""
    locks = locked_at(work, End.A) if found.copies or found.held else {}
    for path in sorted(locks.keys() & {*(step.old for step in found.copies), *(step.old for step, _ in found.held)}):
        report.failed.append(is_locked(path, locks[path]))
    if locks:
        found.copies = SpilledList(Named, (step for step in found.copies if step.old not in locks))
        found.held = [(step, known) for step, known in found.held if step.old not in locks]


def _foretell(work: Work, report: OrganizeReport, found: Plan) -> None:
    """Take out of the plan what a run would be refused."""
    refusals, kept = Refusals(work, {End.A: {step.old for step in found.copies}}), SpilledList(Named)
    for step in found.copies:
        reason = refusals.unreadable(step.old, End.A) or refusals.no_room((End.B,), step.size_bytes)
        if reason is None:
            kept.append(step)
        else:
            report.failed.append(Problem(step.old, f"cannot be copied: {reason}", "it stays where it is"))
    found.copies = kept


def _carry_out(
    work: Work,
    report: OrganizeReport,
    found: Plan,
    options: OrganizeOptions,
    environ: Mapping[str, str],
    former: Former,
) -> None:
    """Do what is planned, under the name of a new run, which takes over what former ones did of it."""
    run, refused = work.stamp(), len(report.failed)
    report.run = run if report.named else None
    report.named = SpilledList(Named)
    held = [(*_held(work, step, known), former.lines.get((step.old, step.new))) for step, known in found.held]
    again = {(step.old, step.new) for step in (*found.copies, *(step for step, _ in found.held))}
    lines = chain(
        (line for line in former.lines.values() if line.names not in again),
        (_line(work, step, done, held=line is None or line.held) for step, done, line in held),
    )
    planned = (Line(step.old, step.new, step.size_bytes, "", "", None, noted=False) for step in found.copies)
    try:
        with new_journal(environ, run, options.head, lines, planned, former) as journal:
            _execute(work, report, found, options, journal, run, [(step, done) for step, done, _ in held])
            journal.is_whole = len(report.failed) == refused
    except S3syncError as error:
        error.report = None
        raise


def _execute(
    work: Work,
    report: OrganizeReport,
    found: Plan,
    options: OrganizeOptions,
    journal: Journal,
    run: str,
    arrived: list[tuple[Named, Done]],
) -> None:
    """Copy, and take away what `arrived` before or now."""
    steps, sent = found.copies, list[Done]()
    work.progress.expect(Kind.UPLOAD, len(steps), sum(step.size_bytes for step in steps))
    with work.mover(run, report.warnings.append) as (mover, pool):
        for step, result in pool.map(lambda one: mover.copy_as(one.old, one.new), steps, lambda one: one.size_bytes):
            try:
                done = result.result()
            except S3syncError as error:
                _failed(report, step.old, error)
                continue
            journal.note(_line(work, step, done))
            if options.moves and done.now is not None:
                work.seen[End.B].files[step.new] = done.now
            arrived.append((step, done))
            sent.append(done)
        journal.sync()
        for knows in work.knows.values():
            knows.save()
        if options.moves:
            forget(work, End.A, (step.old for step, _ in arrived), stay=True)
        gone = _take_away(work, report, mover, pool, arrived, sent) if options.moves else set()
        for step, done in arrived:
            report.named.append(replace(step, moved_bytes=done.moved, gone=step.old in gone))
        if not report.named:
            report.run = None


def _take_away(
    work: Work,
    report: OrganizeReport,
    mover: Mover,
    pool: Pool,
    arrived: list[tuple[Named, Done]],
    sent: list[Done],
) -> set[str]:
    """Delete the source's files that this run itself copied, each only if it is still the one that was copied, and the
    target holds it still. Those that were `sent` now nobody has read there."""
    gone: set[str] = set()
    lost = _not_arrived(mover, pool, sent)
    lost |= lost_by_b(work, pool, [step.new for step, _ in arrived if step.new not in lost])
    for step, _ in arrived:
        if step.new in lost:
            _failed(report, step.old, lost[step.new])
    going = [one for one in arrived if one[0].new not in lost]
    for (step, _), result in pool.map(lambda one: mover.take_away(one[0].old, one[1].md5, one[0].new), going):
        try:
            result.result()
            gone.add(step.old)
        except S3syncError as error:
            _failed(report, step.old, error)
    return gone


def _not_arrived(mover: Mover, pool: Pool, sent: list[Done]) -> dict[str, S3syncError]:
    """What the target holds otherwise than it was sent; why, by name. In one store nothing is read: whoever could put
    other bytes there can replace both files."""
    lost: dict[str, S3syncError] = {}

    def read(done: Done) -> None:
        assert done.now is not None
        require_arrived(mover, done.path, done.now, done.md5, IN_THE_WAY)

    for done, result in pool.map(read, [] if mover.in_one_store else sent):
        try:
            result.result()
        except ENDS_THE_RUN:
            raise
        except S3syncError as error:
            lost[done.path] = error
    return lost


def _held(work: Work, step: Named, known: str | None) -> tuple[Named, Done]:
    """A file that stands under its new path already, as if it had been copied now: a run before was killed."""
    return step, Done(step.new, End.B, work.seen[End.B].files[step.new], step.size_bytes, known)


def _line(work: Work, step: Named, done: Done, *, held: bool = False) -> Line:
    old, new = work.seen[End.A].files[step.old], done.now
    assert new is not None
    return Line(step.old, step.new, step.size_bytes, old.etag, new.etag, done.md5, held)


def _failed(report: OrganizeReport, path: str, error: S3syncError) -> None:
    if isinstance(error, ENDS_THE_RUN):
        raise error
    report.failed.append(Problem(path, str(error), error.hint or "nothing was overwritten; run the command again"))
