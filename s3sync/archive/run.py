"""A run: each unit of a set is sent if it is not in the store yet, verified, and removed here if that is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec.structs import replace

from s3sync.archive.ahead import ahead_of
from s3sync.archive.blocks import BLOCK, Blocks, results_of
from s3sync.archive.carrier import Carrier
from s3sync.archive.deciding import chosen_of, decided, refuse_other_version, state_of
from s3sync.archive.indexes import RowBook
from s3sync.archive.last_copies import refuse_loss, refuse_unnamed_loss
from s3sync.archive.putting import Putting
from s3sync.archive.remove_local import would_remove
from s3sync.archive.run_report import Options, RunReport, Told, UnitReport, UnitState
from s3sync.archive.settling import Staged, add, deletes, failed_of, report_of, settled
from s3sync.archive.speed import ACTION, LEAST_BYTES, Stopwatch, sent_in
from s3sync.archive.split import put_unit
from s3sync.archive.volumes import known_indexes, merged
from s3sync.archive.work import Working
from s3sync.config.archive_classes import unused
from s3sync.core.archive.values import ArchiveSet, Index, Pack, Unit
from s3sync.core.times import format_time
from s3sync.errors import ENDS_THE_RUN, S3syncError


def plan(
    carrier: Carrier | None,
    rules: ArchiveSet,
    units: Iterable[Unit],
    options: Options,
    told: Told,
    is_made: Callable[[Index], bool] = lambda index: False,
) -> RunReport:
    """Say what a run would do. Reads the indexes; changes nothing. Without a carrier there is no store yet.

    `is_made`: true if this computer sent what an index is of.
    """
    report = RunReport(rules.name, rules.store, True, unused=unused(rules))
    rows = RowBook(carrier.store, rules.name) if carrier is not None and rules.pack is Pack.NONE else None
    for unit in chosen_of(units, options):
        if options.limit is not None and len(report.of(UnitState.PLANNED)) >= options.limit:
            break
        try:
            known = known_indexes(carrier, rules, unit, rows) if carrier is not None else ()
            state = state_of(rules, unit, known, options)
            if state is UnitState.PLANNED:
                refuse_loss(known, unit)
                if options.force and carrier is not None:
                    refuse_unnamed_loss(carrier, rules, unit, known, lambda index: False)
                    refuse_other_version(unit, known, is_made)
            found = report_of(unit, state, stored=merged(known).size if state is UnitState.KNOWN else 0)
            if deletes(rules, options) and state is not UnitState.CHANGED and unit.refused is None:
                found = replace(found, removed=would_remove(rules, unit))
            if unit.refused is not None and state is UnitState.PLANNED:
                found = replace(found, state=UnitState.FAILED, error=f"it cannot be archived: {unit.refused}")
        except ENDS_THE_RUN:
            raise
        except S3syncError as error:
            found = failed_of(unit, error)
        add(report, found, options, told)
    return report


def run(work: Working, units: Iterable[Unit], options: Options, told: Told) -> RunReport:
    """Send the units. An error of one does not stop the others, one of the line or the credentials does.

    What was done until then is in the error's `report`.
    """
    report = RunReport(work.rules.name, work.carrier.store.url, False, unused=unused(work.rules))
    rows = RowBook(work.carrier.store, work.rules.name) if work.rules.pack is Pack.NONE else None
    blocks, watch = Blocks(chosen_of(units, options), work.rules), Stopwatch()
    try:
        while True:
            left = BLOCK if options.limit is None else options.limit - len(report.of(UnitState.SENT))
            block = blocks.take(left)
            if not block:
                break
            for found in _block(work, block, options, rows, watch):
                add(report, found, options, told)
    except ENDS_THE_RUN as error:
        error.report = report
        raise
    return closed(work, report, watch)


def closed(work: Working, report: RunReport, watch: Stopwatch) -> RunReport:
    """The report, after what is noted of a whole run."""
    sent = sum(one.bytes_sent for one in report.units)
    if sent >= LEAST_BYTES:
        work.note(ACTION, "", "", sent, detail=sent_in(watch.seconds))
    work.catalogue.take_statistics(format_time(work.now())[:10])
    return report


def _block(
    work: Working, units: list[Unit], options: Options, rows: RowBook | None, watch: Stopwatch
) -> Iterator[UnitReport]:
    """Send some units, and settle them."""

    def send(unit: Unit) -> Staged:
        return _stage(work, unit, options, rows)

    with watch.running():
        done = results_of(work.carrier.pool, work.rules, send, units)
    yield from settled(work, [(unit, done[unit.id]) for unit in units if unit.id in done], options, rows)


def _stage(work: Working, unit: Unit, options: Options, rows: RowBook | None) -> Staged:
    staged = decided(work, unit, options, rows)
    if staged.state is not UnitState.PLANNED:
        return staged
    tells = work.catalogue
    with ahead_of(work.catalogue, work.rules, unit) as ahead:
        putting = Putting(
            work.carrier, work.rules, work.journal, work.journal.is_made, tells.record, tells.forget, ahead
        )
        put = put_unit(putting, unit, staged.known, replace=options.force, rows=rows)
    return Staged(UnitState.SENT, (put.index,), put.bytes_sent)
