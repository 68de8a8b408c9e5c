"""End of what a run does with a unit: it is written down, and removed here if that is wanted. No worker does that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.indexes import RowBook, read_rows
from s3sync.archive.last_copies import refuse_own_copy, verify_before_deletion
from s3sync.archive.looks import versions_of
from s3sync.archive.remove_local import remove_local
from s3sync.archive.run_report import Options, RunReport, Told, UnitReport, UnitState
from s3sync.archive.send import forget
from s3sync.archive.verify import Proof
from s3sync.archive.volumes import merged
from s3sync.archive.walk import light_of
from s3sync.archive.work import Working
from s3sync.core.archive.values import ArchiveSet, DeleteLocal, Index, Kind, Unit
from s3sync.core.quantities import files_text
from s3sync.core.times import format_time
from s3sync.errors import ENDS_THE_RUN, ArchiveError, S3syncError
from s3sync.transfer.pool import Result


class Staged(Struct, frozen=True):
    """Unit that was sent, was there already, or (`PLANNED`) is to be sent."""

    state: UnitState
    known: tuple[Index, ...]
    bytes_sent: int = 0


Done = tuple[Unit, Result[Staged]]


def settled(work: Working, done: Sequence[Done], options: Options, rows: RowBook | None) -> Iterator[UnitReport]:
    """Write the rows of units that are done, and only then do with each what comes after.

    An error that ends the run is raised when all is done for those that were sent.
    """
    written = rows.flush() if rows is not None else []
    if written:
        work.journal.note_made(written)
    for index in written:
        forget(work.journal, index)
    is_read = rows is not None and deletes(work.rules, options)
    fresh = read_rows(work.carrier.store, work.rules.name) if is_read else None
    ended = [result.error for _, result in done if isinstance(result.error, ENDS_THE_RUN)]
    with work.catalogue.transaction():  # one for all: with one for each, small units wait for the disk most of the time
        noted = [
            (unit, result, _noted(work, unit, result))
            for unit, result in done
            if not isinstance(result.error, ENDS_THE_RUN)
        ]
    for unit, result, found in noted:
        try:
            yield _finished(work, unit, result, options, found, fresh)
        except ENDS_THE_RUN as error:
            ended.append(error)
        except S3syncError as error:
            work.note("archive", unit.id, unit.key, unit.size, "failed", str(error))
            yield failed_of(unit, error)
    if ended:
        raise ended[-1]


def _noted(work: Working, unit: Unit, result: Result[Staged]) -> UnitReport:
    """Write into the catalogue what became of a unit, and say it."""
    if isinstance(error := result.error, S3syncError):
        work.note("archive", unit.id, unit.key, unit.size, "failed", str(error))
        return failed_of(unit, error)
    staged = result.result()
    if staged.state is UnitState.CHANGED or not staged.known:
        return report_of(unit, staged.state)
    for index in staged.known:
        if staged.state is UnitState.SENT or work.catalogue.archive(index.key) is None:
            work.catalogue.record(index)
    stored = merged(staged.known).size
    if staged.state is UnitState.SENT:
        work.note("archive", unit.id, unit.key, stored)
        work.sent(unit)
    return report_of(unit, staged.state, stored=stored, bytes_sent=staged.bytes_sent)


def _finished(
    work: Working,
    unit: Unit,
    result: Result[Staged],
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
    refuse_own_copy(work, unit, merged(known))
    seen = [versions_of(work.carrier, index) for index in known]
    for index in known:
        proven = verify_before_deletion(work, index, deep=options.deep, rows=fresh)
        proof = proven if proven is not Proof.CHECKSUM else proof
        work.catalogue.note_verified(index.key, format_time(work.now()), str(proven))

    def look_again() -> None:
        if seen != [versions_of(work.carrier, index) for index in known]:
            raise _changed(work, unit)

    goes = [[one for one in every if not light(one.path)] for every in (unit.sources, unit.sidecars)]
    with work.leaving(replace(unit, sources=tuple(goes[0]), sidecars=tuple(goes[1]))):
        removed = remove_local(work.rules, unit, merged(known), work.carrier.pool.check, look_again)
    if removed.files:
        work.moved_on(unit)
        work.freed(unit, removed.files)
    work.note("delete local", unit.id, unit.key, removed.size, detail=f"{files_text(removed.files)}, verified: {proof}")
    return replace(found, verified=proof, removed=removed)


def _changed(work: Working, unit: Unit) -> ArchiveError:
    """Refusal where the archive went, or is another one, while the files here were read, which may take an hour."""
    return ArchiveError(
        f"did not delete the files of {unit.id}",
        why=f"its archive in {work.carrier.store.url} was changed or removed while they were read",
        hint="they may be the last copies; run the command again: it looks at what is archived now",
    )


def add(report: RunReport, found: UnitReport, options: Options, told: Told) -> None:
    """Take a unit into the report, and tell it, unless only new ones are wanted."""
    if options.new_only and found.state in (UnitState.KNOWN, UnitState.CHANGED):
        return
    report.units.append(found)
    told(found)


def report_of(unit: Unit, state: UnitState, *, stored: int = 0, bytes_sent: int = 0) -> UnitReport:
    """Report on a unit."""
    files = sum(source.kind is Kind.FILE for source in unit.sources)
    return UnitReport(unit.id, unit.key, state, files, unit.size, stored, bytes_sent, problems=unit.problems)


def failed_of(unit: Unit, error: S3syncError) -> UnitReport:
    """Report on a unit that was not sent."""
    return replace(report_of(unit, UnitState.FAILED), error=str(error), hint=error.hint)
