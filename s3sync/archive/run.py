"""A run: each unit of a set is sent if it is not in the store yet, verified, and removed here if that is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.blocks import BLOCK, Blocks, results_of
from s3sync.archive.carrier import Carrier
from s3sync.archive.chain import is_rest
from s3sync.archive.indexes import RowBook, read_rows
from s3sync.archive.last_copies import refuse_loss, refuse_own_copy, refuse_unnamed_loss, verify_before_deletion
from s3sync.archive.remove_local import remove_local, would_remove
from s3sync.archive.run_report import Options, RunReport, UnitReport, UnitState
from s3sync.archive.send import forget, is_archived, send_unit
from s3sync.archive.speed import ACTION, LEAST_BYTES, Stopwatch, sent_in
from s3sync.archive.split import send_split
from s3sync.archive.verify import Proof
from s3sync.archive.volumes import Portion, is_complete, known_archives, known_indexes, merged, portions_of
from s3sync.archive.walk import light_of
from s3sync.archive.work import Working
from s3sync.core.archive.values import ArchiveSet, DeleteLocal, Index, Kind, Pack, Unit
from s3sync.core.quantities import counted, files_text
from s3sync.core.times import format_time, moment
from s3sync.core.typed import typed
from s3sync.errors import ENDS_THE_RUN, Halt, S3syncError
from s3sync.transfer.pool import Result

Told = Callable[[UnitReport], None]


def plan(carrier: Carrier | None, rules: ArchiveSet, units: Iterable[Unit], options: Options, told: Told) -> RunReport:
    """Say what a run would do. Reads the indexes; changes nothing. Without a carrier there is no store yet."""
    report = RunReport(rules.name, rules.store, True)
    rows = RowBook(carrier.store, rules.name) if carrier is not None and rules.pack is Pack.NONE else None
    for unit in _chosen(units, options):
        if options.limit is not None and len(report.of(UnitState.PLANNED)) >= options.limit:
            break
        try:
            known = known_indexes(carrier, rules, unit, rows) if carrier is not None else ()
            state = _state(rules, unit, known, options)
            if state is UnitState.PLANNED:
                refuse_loss(known, unit)
                if options.force and carrier is not None:
                    refuse_unnamed_loss(carrier, rules, unit, known, lambda index: False)
            found = _report(unit, state, stored=merged(known).size if state is UnitState.KNOWN else 0)
            if deletes(rules, options) and state is not UnitState.CHANGED and unit.refused is None:
                found = replace(found, removed=would_remove(rules, unit))
            if unit.refused is not None:
                found = replace(found, state=UnitState.FAILED, error=f"it cannot be archived: {unit.refused}")
        except ENDS_THE_RUN:
            raise
        except S3syncError as error:
            found = _failed(unit, error)
        _add(report, found, options, told)
    return report


def run(work: Working, units: Iterable[Unit], options: Options, told: Told) -> RunReport:
    """Send the units. An error of one does not stop the others, one of the line or the credentials does.

    What was done until then is in the error's `report`.
    """
    report = RunReport(work.rules.name, work.carrier.store.url, False)
    rows = RowBook(work.carrier.store, work.rules.name) if work.rules.pack is Pack.NONE else None
    blocks, watch = Blocks(_chosen(units, options), work.rules), Stopwatch()
    try:
        while True:
            left = BLOCK if options.limit is None else options.limit - len(report.of(UnitState.SENT))
            block = blocks.take(left)
            if not block:
                break
            for found in _block(work, block, options, rows, watch):
                _add(report, found, options, told)
    except ENDS_THE_RUN as error:
        error.report = report
        raise
    sent = sum(one.bytes_sent for one in report.units)
    if sent >= LEAST_BYTES:
        work.note(ACTION, "", "", sent, detail=sent_in(watch.seconds))
    work.catalogue.take_statistics(format_time(work.now())[:10])
    return report


def _block(
    work: Working, units: list[Unit], options: Options, rows: RowBook | None, watch: Stopwatch
) -> Iterator[UnitReport]:
    """Send some units, write their rows, and only then do with each what comes after.

    An error that ends the run is raised when all is done for those that were sent.
    """

    def send(unit: Unit) -> _Staged:
        return _stage(work, unit, options, rows)

    with watch.running():
        done = results_of(work.carrier.pool, work.rules, send, units)
    written = rows.flush() if rows is not None else []
    if written:
        work.journal.note_made(written)
    for index in written:
        forget(work.journal, index)
    is_read = rows is not None and deletes(work.rules, options)
    fresh = read_rows(work.carrier.store, work.rules.name) if is_read else None
    ended = [result.error for result in done.values() if isinstance(result.error, ENDS_THE_RUN)]
    with work.catalogue.transaction():  # one for all: with one for each, small units wait for the disk most of the time
        noted = [
            (unit, result, _noted(work, unit, result))
            for unit in units
            if (result := done.get(unit.id)) is not None and not isinstance(result.error, ENDS_THE_RUN)
        ]
    for unit, result, found in noted:
        try:
            yield _finished(work, unit, result, options, found, fresh)
        except ENDS_THE_RUN as error:
            ended.append(error)
        except S3syncError as error:
            work.note("archive", unit.id, unit.key, unit.size, "failed", str(error))
            yield _failed(unit, error)
    if ended:
        raise ended[-1]


class _Staged(Struct, frozen=True):
    """Unit that was sent, or was there already."""

    state: UnitState
    known: tuple[Index, ...]
    bytes_sent: int = 0


def _stage(work: Working, unit: Unit, options: Options, rows: RowBook | None) -> _Staged:
    known = known_indexes(work.carrier, work.rules, unit, rows)
    if not known and not options.force and _is_rest(work, unit):
        return _Staged(UnitState.KNOWN, ())
    state = _state(work.rules, unit, known, options)
    if state is not UnitState.PLANNED:
        return _Staged(state, known)
    refuse_loss(known, unit)
    if options.force:
        refuse_unnamed_loss(work.carrier, work.rules, unit, known, work.journal.is_made)
    return _Staged(UnitState.SENT, *_sent(work, unit, known, options, rows))


def _is_rest(work: Working, unit: Unit) -> bool:
    """True for light files that stayed here when the rest was archived further on, in a chain of sets."""
    light = light_of(work.rules)
    return is_rest(work.catalogue, unit, (one.path for one in unit.sources if light(one.path)))


def _noted(work: Working, unit: Unit, result: Result[_Staged]) -> UnitReport:
    """Write into the catalogue what became of a unit, and say it."""
    if isinstance(error := result.error, S3syncError):
        work.note("archive", unit.id, unit.key, unit.size, "failed", str(error))
        return _failed(unit, error)
    staged = result.result()
    if staged.state is UnitState.CHANGED or not staged.known:
        return _report(unit, staged.state)
    for index in staged.known:
        if staged.state is UnitState.SENT or work.catalogue.archive(index.key) is None:
            work.catalogue.record(index)
    stored = merged(staged.known).size
    if staged.state is UnitState.SENT:
        work.note("archive", unit.id, unit.key, stored)
        work.sent(unit)
    return _report(unit, staged.state, stored=stored, bytes_sent=staged.bytes_sent)


def _finished(
    work: Working,
    unit: Unit,
    result: Result[_Staged],
    options: Options,
    found: UnitReport,
    fresh: Mapping[str, Index] | None,
) -> UnitReport:
    """Remove the files of a unit here, if that is wanted and all of them are archived."""
    if found.state not in (UnitState.SENT, UnitState.KNOWN) or not deletes(work.rules, options):
        return found
    known = result.result().known
    return _removed(work, unit, known, options, found, fresh) if known else found


def deletes(rules: ArchiveSet, options: Options) -> bool:
    """True if a run deletes the files here of what is archived."""
    return options.delete_local or rules.delete_local is DeleteLocal.AFTER_VERIFY


def _sent(
    work: Working, unit: Unit, known: tuple[Index, ...], options: Options, rows: RowBook | None
) -> tuple[tuple[Index, ...], int]:
    """Send the archives of a unit that are not there yet, or with `force` all."""
    portions, there = portions_of(work.rules, unit), known_archives(known)
    if not set(there) <= {portion.part.key for portion in portions}:
        raise Halt(
            f"did not send {unit.id}",
            why=f"it is archived in {counted(len(there), 'volume')} and would be {len(portions)} now, under other keys",
            hint=f"remove the old ones first: s3sync archive remove {typed(unit.id)}",
        )
    if len(portions) > 1:
        index, sent = send_split(work, unit, portions, known, replace=options.force)
    else:
        index, sent = send_unit(work.carrier, work.rules, unit, work.journal, replace=options.force, rows=rows)
    return (index,), sent


def _removed(
    work: Working,
    unit: Unit,
    known: tuple[Index, ...],
    options: Options,
    found: UnitReport,
    fresh: Mapping[str, Index] | None,
) -> UnitReport:
    """The second pass, and only then the local files. An error of it is the unit's; what was sent stays sent."""
    light = light_of(work.rules) if work.rules.keep_light else lambda path: False
    if all(light(one.path) for one in (*unit.sources, *unit.sidecars) if one.kind is not Kind.FOLDER):
        return found  # nothing is to go, so that nothing has to be proven
    proof = Proof.CHECKSUM
    refuse_own_copy(work.rules, unit, merged(known))
    for index in known:
        proven = verify_before_deletion(work, index, deep=options.deep, rows=fresh)
        proof = proven if proven is not Proof.CHECKSUM else proof
        work.catalogue.note_verified(index.key, format_time(work.now()), str(proven))
    goes = [[one for one in every if not light(one.path)] for every in (unit.sources, unit.sidecars)]
    with work.leaving(replace(unit, sources=tuple(goes[0]), sidecars=tuple(goes[1]))):
        removed = remove_local(work.rules, unit, merged(known), work.carrier.pool.check)
    if removed.files:
        work.moved_on(unit)
        work.freed(unit, removed.files)
    work.note("delete local", unit.id, unit.key, removed.size, detail=f"{files_text(removed.files)}, verified: {proof}")
    return replace(found, verified=proof, removed=removed)


def _state(rules: ArchiveSet, unit: Unit, known: tuple[Index, ...], options: Options) -> UnitState:
    if not known or options.force:
        return UnitState.PLANNED
    if is_complete(known):
        return UnitState.KNOWN if is_archived(merged(known), unit) else UnitState.CHANGED
    portions = {portion.part.key: portion for portion in portions_of(rules, unit)}
    fits = all(_is_of(archive, portions) for archive in known_archives(known).values())
    return UnitState.PLANNED if fits else UnitState.CHANGED


def _is_of(index: Index, portions: dict[str, Portion]) -> bool:
    """True if an index is of a volume as it would be sent now, so that only others are missing."""
    portion = portions.get(index.key)
    return portion is not None and index.volumes == portion.total and is_archived(index, portion.part)


def _chosen(units: Iterable[Unit], options: Options) -> Iterable[Unit]:
    for unit in units:
        if options.year is None or options.year == (unit.fields.get("year") or str(moment(unit.newest_ns).year)):
            yield unit


def _add(report: RunReport, found: UnitReport, options: Options, told: Told) -> None:
    if options.new_only and found.state in (UnitState.KNOWN, UnitState.CHANGED):
        return
    report.units.append(found)
    told(found)


def _report(unit: Unit, state: UnitState, *, stored: int = 0, bytes_sent: int = 0) -> UnitReport:
    files = sum(source.kind is Kind.FILE for source in unit.sources)
    return UnitReport(unit.id, unit.key, state, files, unit.size, stored, bytes_sent, problems=unit.problems)


def _failed(unit: Unit, error: S3syncError) -> UnitReport:
    return replace(_report(unit, UnitState.FAILED), error=str(error), hint=error.hint)
