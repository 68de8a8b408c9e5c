"""A run on a table: groups of rows are sent side by side, and each batch of rows then gets its addresses at once.

The order for each row is: the object, the catalogue, the row. Killed in between, the next run finds the object by its
MD5 and writes the address; two runs on one row put one object and write one address.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from s3sync.archive.indexes import add_rows, read_digests
from s3sync.archive.rows.files import Finder
from s3sync.archive.rows.report import RowOptions, RowsReport
from s3sync.archive.rows.sending import Planned, Sender, Sent
from s3sync.archive.rows.survey import Group, RowProblem
from s3sync.archive.rows.table import Table, Write
from s3sync.archive.work import Working
from s3sync.core.archive.rows import Row
from s3sync.core.archive.values import SINGLE_FORMAT, Index, Pack
from s3sync.core.times import parse_time
from s3sync.errors import ENDS_THE_RUN, DatabaseError, S3syncError
from s3sync.transfer.pool import Result

FLUSH_ROWS, FLUSH_SHARE = 2000, 4
"""Lines of the index in the store that are written together: at least so many, and a quarter of those there are, as
the file is written as a whole."""

Told = Callable[[object], None]
"""Hears of each `Sent`, `RowProblem` and `Planned` as it comes."""


def rounds(groups: Iterator[Group], most: int | None, report: RowsReport) -> Iterator[Iterator[Group]]:
    """Groups in rounds, each taken before the next: for rows that failed as many others come, while there are some.

    Else as many rows that always fail as are wanted would keep all behind them from their turn.
    """
    if most is None:
        yield groups
        return
    while most > 0:
        before = report.failed
        yield limited(groups, most)
        most = report.failed - before


def limited(groups: Iterator[Group], most: int) -> Iterator[Group]:
    """Groups with as many pending rows together as there may be. Takes no more of them."""
    left = most
    while left > 0 and (group := next(groups, None)) is not None:
        if len(group.pending) > left:
            group = Group(group.name, group.oldest, group.pending[:left], group.archived)
        left -= len(group.pending)
        yield group


def plan_rows(sender: Sender, groups: Iterator[Group], report: RowsReport, told: Told) -> None:
    """Say what a run would send. Looks at the files; asks no store, writes nothing."""
    for group in groups:
        try:
            plan = sender.first(group)
        except S3syncError as error:
            _fail(report, group, error, told)
            continue
        _count(report, plan, plan.source.size)
        report.done += len(group.pending)
        for row in group.pending:
            report.add_archived(str(row.id), plan.key, plan.url)
        told(plan)


class RowRun:
    """One run: what was sent waits until its batch of rows is full."""

    def __init__(
        self, work: Working, table: Table, finder: Finder, options: RowOptions, report: RowsReport, told: Told
    ) -> None:
        self._work, self._table, self._options, self._report, self._told = work, table, options, report, told
        work.catalogue.hold_less()  # 10,000 rows are archived as fast, and 29 MB are free for the index
        self._indexed = read_digests(work.carrier.store, work.rules.name)
        mine = work.catalogue.digests(work.rules.name)
        # what only the catalogue has, a run that was killed did not come to write
        missing = (_of_catalogue(work, key) for key in mine.keys() - self._indexed.keys())
        self._unflushed = [index for index in missing if index is not None]
        self._sender = Sender(work.rules, table, finder, mine | self._indexed, options.force)
        self._waiting: list[tuple[Sent, Row]] = []
        self._sent: list[Sent] = []

    def run(self, groups: Iterator[Group]) -> None:
        """Send the groups. An error of one does not stop the others; what would hit all others does, with the report.

        Raises `DatabaseError` for a database that is gone, `Halt` for an update without guard, and `ENDS_THE_RUN`.
        """
        pool, began = self._work.carrier.pool, time.monotonic()

        def begin(group: Group, done: Callable[[Result[Sent]], None]) -> None:
            done(Result.of(lambda one: self._sender.send(self._work.carrier, self._work.journal, one), group))

        ended: S3syncError | None = None
        try:
            for group, result in pool.each(begin, groups, lambda group: max(0, group.oldest.size), ENDS_THE_RUN):
                if isinstance(result.error, ENDS_THE_RUN):
                    ended = result.error
                elif isinstance(result.error, S3syncError):
                    _fail(self._report, group, result.error, self._told)
                else:
                    self._take(result.result())
            self._settle(everything=True)
            if ended is not None:
                raise ended
        except S3syncError as error:
            error.report = self._report
            raise
        finally:
            self._flush()
            self._report.elapsed_s += time.monotonic() - began

    def _take(self, sent: Sent) -> None:
        self._sent.append(sent)
        _count(self._report, sent.plan, sent.plan.source.size)
        self._report.known += sent.index is None or not sent.bytes_sent
        self._report.bytes_sent += sent.bytes_sent
        self._waiting += [(sent, row) for row in sent.group.pending]
        if len(self._waiting) >= self._options.batch:
            self._settle()

    def _settle(self, *, everything: bool = False) -> None:
        """Note what was sent, then write full batches of addresses, or all."""
        self._note()
        batch = self._options.batch
        while self._waiting and (everything or len(self._waiting) >= batch):
            some, self._waiting = self._waiting[:batch], self._waiting[batch:]
            self._write(some)

    def _note(self) -> None:
        with self._work.catalogue.transaction():
            for sent in self._sent:
                self._told(sent)
                if sent.index is not None:
                    self._work.catalogue.record(sent.index)
                    self._work.note("archive", sent.index.unit, sent.index.key, sent.index.size)
                    self._unflushed.append(sent.index)
        self._sent = []
        if len(self._unflushed) >= max(FLUSH_ROWS, len(self._indexed) // FLUSH_SHARE):
            self._flush()

    def _write(self, some: list[tuple[Sent, Row]]) -> None:
        writes = [Write(row.id, sent.plan.url, sent.md5, row.archive_url) for sent, row in some]
        for (sent, row), outcome in zip(some, self._table.write(writes), strict=True):
            if isinstance(outcome, DatabaseError):
                problem = RowProblem(str(row.id), str(outcome), outcome.hint)
                self._report.add_problem(problem)
                self._told(problem)
            elif outcome:
                self._report.done += 1
                self._report.add_archived(str(row.id), sent.plan.key, sent.plan.url)
            else:
                self._report.by_others += 1

    def _flush(self) -> None:
        """Add what was sent to the index in the store, and to this computer's own record."""
        if self._unflushed:
            add_rows(self._work.carrier.store, self._work.rules.name, self._unflushed)
            self._work.journal.note_made(self._unflushed)
            self._indexed |= {index.key: index.md5 for index in self._unflushed}
            self._unflushed = []


def _of_catalogue(work: Working, key: str) -> Index | None:
    """Index of an object that the catalogue of this computer has; None where it has none by now."""
    archived = work.catalogue.archive(key)
    if archived is None or archived.pack is not Pack.NONE:
        return None
    return Index(
        SINGLE_FORMAT,
        archived.unit,
        archived.set,
        archived.key,
        Pack.NONE,
        tuple(work.catalogue.members(archived.key)),
        archived.size,
        archived.original_size,
        parse_time(archived.uploaded_at) or work.now(),
        archived.created_by,
        md5=archived.md5,
        etag=archived.etag,
        storage_class=archived.storage_class,
        tags=dict(archived.tags),
        fields=dict(archived.fields),
    )


def _count(report: RowsReport, plan: Planned, size: int) -> None:
    report.objects += 1
    report.size += size
    if plan.corrected is not None:
        report.add_corrected(plan.corrected)


def _fail(report: RowsReport, group: Group, error: S3syncError, told: Told) -> None:
    for row in group.pending:
        problem = RowProblem(str(row.id), str(error), error.hint)
        report.add_problem(problem)
        told(problem)
