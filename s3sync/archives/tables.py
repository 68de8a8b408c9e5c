"""Verbs on sets whose objects come from a table: run, verify, and what keeps a row's object from being removed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from s3sync.archive.work import working
from s3sync.archives.moving import Moving
from s3sync.archives.unsaid import refuse_unsaid_set
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.rows import Worker
from s3sync.core.archive.values import ArchiveSet, UnitKind
from s3sync.disk.tree import kept_folders
from s3sync.errors import Halt, S3syncError

if TYPE_CHECKING:
    from s3sync.archive.disks import NewStore
    from s3sync.archive.rows.files import Finder
    from s3sync.archive.rows.report import RowOptions, RowsReport
    from s3sync.archive.rows.survey import RowProblem, Survey
    from s3sync.archive.rows.table import Table
    from s3sync.archive.rows.verify import RowsVerified, VerifyOptions
    from s3sync.archive.work import Working

Told = Callable[[object], None]


@dataclass(frozen=True)
class _Job:
    """One run, with all that it needs but the store."""

    chosen: ArchiveSet
    table: Table
    finder: Finder
    found: Survey
    worker: Worker
    options: RowOptions
    report: RowsReport
    told: Told
    confirm_new: Callable[[NewStore], bool] | None


class Tables(Moving, frozen=True):
    """Verbs on the rows of a table."""

    @contextmanager
    def _table(self, chosen: ArchiveSet, told: Told = lambda one: None) -> Iterator[tuple[Table, str]]:
        """The table of a set, and its database in words. Raises `NotTrusted` for one that was not agreed to."""
        from s3sync.archive.rows.connection import connect
        from s3sync.archive.rows.report import Waits
        from s3sync.archive.rows.table import Table, rules_of
        from s3sync.config.databases import database_of
        from s3sync.trust import require_database

        rules_of(chosen)
        database = database_of(chosen, self.settings, self.environ)
        require_database(self.settings, chosen, database)
        store = self.settings_of(chosen).store
        table = Table(chosen, store, connect(database), waits=lambda why: told(Waits(why)))
        try:
            yield table, database.shown
        finally:
            table.close()

    def run_rows(
        self,
        *,
        set: str | None = None,
        options: RowOptions | None = None,
        worker: Worker | None = None,
        told: Told = lambda one: None,
        confirm_new: Callable[[NewStore], bool] | None = None,
    ) -> RowsReport:
        """Send the files of the rows that have no address yet, and write their addresses into the table.

        `told` hears of each object, problem and correction. `worker`: take only the share of one of several.
        `confirm_new` is asked before a folder store is made whose disk may not be connected. Raises
        `DatabaseError` where the database does not answer, with the report of what was done until then.
        """
        from s3sync.archive.rows.files import Finder
        from s3sync.archive.rows.report import RowOptions, RowsReport
        from s3sync.archive.rows.survey import survey

        chosen, options, worker = self.chosen(set), options or RowOptions(), worker or Worker()
        refuse_unsaid_set(chosen, self.settings)
        with self._table(chosen, told) as (table, shown):
            if options.force:
                table.require_old()
            finder = Finder(chosen, self.settings.root)
            report = RowsReport(chosen.name, self.settings_of(chosen).store, shown, options.dry_run)

            def hear(problem: RowProblem) -> None:
                report.add_problem(problem)
                told(problem)

            packs = chosen.unit is UnitKind.GROUP
            found = survey(table, finder, by_unit=packs, force=options.force, told=hear)
            report.rows, report.before, report.types = found.rows, found.archived, found.types
            report.worker = f"{worker.number}/{worker.of}"
            wanted = found.pending(worker, force=options.force)
            job = _Job(chosen, table, finder, found, worker, options, report, told, confirm_new)
            try:
                with kept_folders():
                    self._pack_rows(job) if packs else self._send_rows(job)
            except S3syncError as error:
                error.report = report
                raise
            finally:
                report.left = max(0, wanted - report.done - report.by_others)
            return report

    def _send_rows(self, job: _Job) -> None:
        from s3sync.archive.rows.run import RowRun, plan_rows, rounds
        from s3sync.archive.rows.sending import Sender

        options = job.options
        groups = rounds(iter(job.found.groups(job.worker, force=options.force)), options.limit, job.report)
        if options.dry_run:
            sender = Sender(job.chosen, job.table, job.finder, {}, options.force)
            for some in groups:
                plan_rows(sender, some, job.report, job.told)
            return
        with self._working(job) as work:
            run = RowRun(work, job.table, job.finder, options, job.report, job.told)
            for some in groups:
                run.run(some)
            work.catalogue.take_statistics(self.now_text()[:10])

    def _pack_rows(self, job: _Job) -> None:
        from s3sync.archive.rows.packed import Packing
        from s3sync.archive.run import plan, run
        from s3sync.archive.run_report import Options

        packing = Packing(job.chosen, job.table, job.finder, job.report, job.options.batch)
        units = packing.units(job.found.groups(job.worker, force=job.options.force))
        options = Options(limit=job.options.limit, force=job.options.force, dry_run=job.options.dry_run)
        if options.dry_run:
            plan(None, job.chosen, units, options, lambda unit: packing.done(unit, job.told))
            return
        with self._working(job) as work:
            run(work, units, options, lambda unit: packing.done(unit, job.told))

    @contextmanager
    def _working(self, job: _Job) -> Iterator[Working]:
        channel = self.channel(job.chosen)
        if scheme_of(channel.url).is_folder and not channel.is_known:
            opened, _ = self._first(channel, job.chosen, job.options.create, job.confirm_new)
        else:
            opened = self._on(channel, job.chosen)
        worker = job.worker
        share = "" if worker.of == 1 else f"worker-{worker.number}-of-{worker.of}"
        with working(opened, job.chosen, share=share) as work:
            yield work

    def verify_rows(
        self,
        *,
        set: str | None = None,
        options: VerifyOptions | None = None,
        told: Told = lambda one: None,
    ) -> RowsVerified:
        """Compare what the rows say with each other, and as `options` ask with the store and this disk.

        `told` hears of each problem, and of waits for the database.
        """
        from s3sync.archive.rows.files import Finder
        from s3sync.archive.rows.verify import VerifyOptions, verify_rows

        chosen, options = self.chosen(set), options or VerifyOptions()
        with self._table(chosen, told) as (table, shown):
            finder = Finder(chosen, self.settings.root) if options.check_local else None
            store = self._on(self.channel(chosen), chosen).store if options.check_store else None
            with kept_folders():
                return verify_rows(chosen, table, shown, finder, store, options, told)

    def refuse_pointed_at(self, chosen: ArchiveSet, keys: Iterable[str]) -> None:
        """Raise `Halt` for objects that a row's address leads to: nothing is removed while one does."""
        if chosen.rows is None:
            return
        from s3sync.archive.rows.verify import pointed_at

        with self._table(chosen) as (table, shown):
            found = pointed_at(table, frozenset(keys))
        if found:
            key, row = next(iter(found.items()))
            raise Halt(
                f"did not remove {key}" + (f" and {len(found) - 1} more" if len(found) > 1 else ""),
                why=f"the row {row} in {shown} has its address",
                hint=f"take the address out of the row first: `s3sync archive verify --set {chosen.name}` lists rows",
            )
