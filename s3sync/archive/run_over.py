"""A run whose units are sent by workers. All but the sending is done here: what is decided, noted, and deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from msgspec import Struct

from s3sync.archive.blocks import BLOCK
from s3sync.archive.cluster import Spread, spread
from s3sync.archive.deciding import chosen_of, decided
from s3sync.archive.indexes import RowBook
from s3sync.archive.run import closed
from s3sync.archive.run_report import Options, RunReport, Told, UnitState
from s3sync.archive.send import refuse_unsendable
from s3sync.archive.settling import Done, Staged, add, settled
from s3sync.archive.speed import Stopwatch
from s3sync.archive.work import Working
from s3sync.archive.workers.failure import error_of, failed
from s3sync.archive.workers.packing import Packed, PackTask, pack_one, pack_task
from s3sync.archive.workers.place import Where
from s3sync.archive.workers.sight import Unseen, refusal, sight_of
from s3sync.config.archive_classes import unused
from s3sync.core.archive.values import Pack, Unit
from s3sync.errors import S3syncError, SourceChanged
from s3sync.transfer.pool import Result

MOST_NAMES, NAMES_AHEAD = 500_000, 50_000
"""Files of units that are under way, and that are looked at together, by which memory is bounded. One unit may have
more."""


class Workers(Struct, frozen=True):
    """Workers, and the store as they open it."""

    over: Spread
    where: Where


def run_over(work: Working, units: Iterable[Unit], options: Options, told: Told, workers: Workers) -> RunReport:
    """Send the units by workers. An error of one does not stop the others; one that ends the run has its `report`.

    Raises `ArchiveError` for a worker that does not see the disk, and for a cluster that is gone. What was done until
    then is noted.
    """
    run, watch = _Run(work, units, options, told, workers), Stopwatch()
    try:
        with watch.running():
            run.go()
    except BaseException as error:
        with suppress(S3syncError):
            run.settle()
        if isinstance(error, S3syncError):
            error.report = run.report
        raise
    return closed(work, run.report, watch)


class _Run:
    """The units of a run: those that are to come, that are under way, and that wait to be written down."""

    def __init__(self, work: Working, units: Iterable[Unit], options: Options, told: Told, workers: Workers) -> None:
        self.work, self.options, self.told, self.workers = work, options, told, workers
        self.report = RunReport(work.rules.name, work.carrier.store.url, False, unused=unused(work.rules))
        self.source, self.has_ended = chosen_of(units, options), False
        self.rows = RowBook(work.carrier.store, work.rules.name) if work.rules.pack is Pack.NONE else None
        self.under_way, self.waiting = 0, list[Done]()

    def go(self) -> None:
        """Send all that there is, or as many as are wanted: for each that fails another one is begun."""
        while not self.has_ended and self._left() > 0:
            for task, found in spread(
                self.workers.over,
                pack_one,
                self._tasks(),
                weight=lambda task: len(task.unit.sources),
                most=MOST_NAMES,
            ):
                self.work.carrier.pool.check()
                self.under_way -= 1
                self._take(task.unit, self._staged(task, found))
            self.settle()

    def settle(self) -> None:
        """Write down what is done, and do with it what comes after."""
        done, self.waiting = self.waiting, []
        for found in settled(self.work, done, self.options, self.rows):
            add(self.report, found, self.options, self.told)

    def _left(self) -> int:
        """Number of units that may be begun now, at most a block."""
        most, begun = self.options.limit, self.under_way + len(self.waiting)
        return BLOCK if most is None else min(BLOCK, most - len(self.report.of(UnitState.SENT)) - begun)

    def _tasks(self) -> Iterator[PackTask]:
        while (left := self._left()) > 0:
            block = self._block(left)
            if not block:
                self.has_ended = True
                return
            for unit, result in list(self.work.carrier.pool.map(self._begun, block)):
                found = None if result.error is not None else result.result()
                if isinstance(found, PackTask):
                    self.under_way += 1
                    yield found
                else:
                    self._take(unit, Result(found, result.error))

    def _block(self, most: int) -> list[Unit]:
        """The next units, that are looked at side by side: fewer where they are large."""
        block, names = list[Unit](), 0
        while len(block) < most and names < NAMES_AHEAD:
            unit = next(self.source, None)
            if unit is None:
                break
            block.append(unit)
            names += len(unit.sources)
        return block

    def _begun(self, unit: Unit) -> Staged | PackTask:
        """The task of sending a unit; the unit as it stands, where there is nothing to send."""
        work = self.work
        staged = decided(work, unit, self.options, self.rows)
        if staged.state is not UnitState.PLANNED:
            return staged
        refuse_unsendable(work.rules, unit)
        force, where = self.options.force, self.workers.where
        return pack_task(where, work.rules, unit, staged.known, work.journal.is_made, replace_=force)

    def _take(self, unit: Unit, result: Result[Staged]) -> None:
        self.waiting.append((unit, result))
        if self.rows is None or len(self.waiting) >= BLOCK:
            self.settle()

    def _staged(self, task: PackTask, found: Packed | Unseen | BaseException) -> Result[Staged]:
        """What became of a unit. Raises `ArchiveError` where its worker does not see the disk."""
        if isinstance(found, BaseException):
            return Result(None, failed(task.unit.id, found))
        if isinstance(found, Unseen):
            return self._unseen(task, found)
        for key in found.outdated:
            self.work.catalogue.forget(key)
        if found.written is not None:
            self.work.catalogue.record(found.written)
        if found.failure is not None:
            return Result(None, error_of(found.failure))
        put = found.put
        assert put is not None
        if self.rows is not None:
            self.rows.put(put.index)
        elif put.is_own:
            self.work.journal.note_made([put.index])
        return Result(Staged(UnitState.SENT, (put.index,), put.bytes_sent), None)

    def _unseen(self, task: PackTask, found: Unseen) -> Result[Staged]:
        """A unit that changed since it was found is its own failure; one that did not is not on the worker's disk."""
        try:
            same = sight_of(task.unit.root, task.unit.sources) == task.sight
        except S3syncError as error:
            return Result(None, error)
        if same:
            raise refusal(found)
        return Result(None, SourceChanged(f"{task.unit.id} changed while it was archived", hint="run it again"))
