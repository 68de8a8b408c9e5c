"""Units of a table: the files of all rows that name one unit are packed into one archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from s3sync.archive.rows.files import Finder
from s3sync.archive.rows.report import RowsReport
from s3sync.archive.rows.survey import Group, RowProblem
from s3sync.archive.rows.table import Table, Write
from s3sync.archive.run_report import UnitReport, UnitState
from s3sync.archive.walk import in_order
from s3sync.core.archive.layout import LayoutError, key_for, parse_layout
from s3sync.core.archive.rows import Row, fields_of
from s3sync.core.archive.values import ArchiveSet, Source, Unit
from s3sync.core.batches import batched
from s3sync.core.folder_names import segment_reason
from s3sync.errors import DatabaseError, OtherContent, S3syncError


class Packing:
    """Makes units of groups, and gives the rows of each unit its address when its archive is in the store."""

    def __init__(self, chosen: ArchiveSet, table: Table, finder: Finder, report: RowsReport, batch: int) -> None:
        self._set, self._table, self._finder, self._report, self._batch = chosen, table, finder, report, batch
        self._layout = parse_layout(chosen.layout)
        self._rows: dict[str, tuple[Row, ...]] = {}

    def units(self, groups: Iterator[Group]) -> Iterator[Unit]:
        """One unit for each group. One of whose rows a file is missing, or is another one, is refused as a whole."""
        for group in groups:
            self._rows[group.name] = group.pending
            yield self._unit(group)

    def _unit(self, group: Group) -> Unit:
        name = group.name
        found: dict[str, Source] = {}
        fields = fields_of(group.oldest, "", "", self._table.zone)
        fields = {key: value for key, value in fields.items() if not key.startswith("no ") and key != "md5"}
        unit = Unit(name, self._set.name, self._finder.base, "", (), fields=fields)
        reason = segment_reason(name)
        if reason is not None:
            return _refused(unit, f"its name cannot be one of a file: {reason}")
        try:
            key = key_for(self._set, self._layout, fields)
            for row in (*group.archived, *group.pending):
                source = self._file(row)
                found[source.path] = source
        except (LayoutError, S3syncError) as error:
            return _refused(unit, str(error))
        return Unit(name, self._set.name, self._finder.base, key, in_order(list(found.values())), fields=fields)

    def _file(self, row: Row) -> Source:
        other: OtherContent | None = None
        for source in self._finder.candidates(row):
            md5 = self._finder.md5_of(source) if row.md5 else ""
            if md5 == row.md5:
                return source
            other = OtherContent(
                f"{source.path} is not the file that the row {row.id} says",
                why=f"its MD5 is {md5}, and the row says {row.md5}",
            )
        raise other or OtherContent(
            f"the file of the row {row.id} is not there", why=f"looked for {self._finder.looked_for(row)}"
        )

    def done(self, unit: UnitReport, told: Callable[[object], None]) -> None:
        """Write the addresses of a unit's rows, if its archive is in the store; else tell of each row."""
        rows = self._rows.pop(unit.unit, ())
        report = self._report
        if unit.state in (UnitState.FAILED, UnitState.CHANGED):
            changed = "its unit is archived without it; --force replaces the archive"
            for row in rows:
                problem = RowProblem(str(row.id), unit.error or changed, unit.hint)
                report.add_problem(problem)
            told(unit)
            return
        report.objects += 1
        report.size += unit.size
        report.bytes_sent += unit.bytes_sent
        report.known += unit.state is UnitState.KNOWN
        url = self._table.addresses.of(unit.key)
        if unit.state is UnitState.PLANNED:
            report.done += len(rows)
        else:
            self._write(rows, unit, url, told)
        told(unit)

    def _write(self, rows: tuple[Row, ...], unit: UnitReport, url: str, told: Callable[[object], None]) -> None:
        for some in batched(rows, self._batch):
            writes = [Write(row.id, url, row.md5, row.archive_url) for row in some]
            for row, outcome in zip(some, self._table.write(writes), strict=True):
                if isinstance(outcome, DatabaseError):
                    problem = RowProblem(str(row.id), str(outcome), outcome.hint)
                    self._report.add_problem(problem)
                    told(problem)
                elif outcome:
                    self._report.done += 1
                    self._report.add_archived(str(row.id), unit.key, url)
                else:
                    self._report.by_others += 1


def _refused(unit: Unit, reason: str) -> Unit:
    from msgspec import structs

    return structs.replace(unit, refused=reason)
