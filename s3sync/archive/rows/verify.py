"""Look at a table, its objects and its files: what each row says, and whether that is true. Nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby, islice

from msgspec import Struct, field

from s3sync.archive.rows.files import Finder
from s3sync.archive.rows.report import MOST_KEPT
from s3sync.archive.rows.sending import MD5
from s3sync.archive.rows.survey import RowProblem, Tally, survey
from s3sync.archive.rows.table import Table, Unusable
from s3sync.core.archive.rows import Row
from s3sync.core.archive.values import ArchiveSet, UnitKind
from s3sync.errors import DatabaseError, NotFound
from s3sync.spill.table import SpilledDict
from s3sync.store.port import Store

_MD5 = re.compile(r"[0-9a-f]{32}")


class VerifyOptions(Struct, frozen=True):
    """Choice of what is compared. `limit`: most rows; the totals are of all of them."""

    check_store: bool = False
    check_local: bool = False
    limit: int | None = None


class RowsVerified(Struct):
    """Comparison of a table with the truth. Counts are of rows.

    `in_store`: rows whose object is there and is the right one. `here`: rows whose file is on this disk with its MD5;
    `not_here`: archived ones whose file is not, which is no fault.
    """

    set: str
    store: str
    database: str
    rows: int = 0
    archived: int = 0
    types: dict[str, Tally] = field(default_factory=dict)
    looked_at: int = 0
    in_store: int | None = None
    here: int | None = None
    not_here: int | None = None
    shared: int = 0
    """Rows that have the object of another one."""
    failed: int = 0
    problems: list[RowProblem] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return 3 if self.failed else 0

    @property
    def share(self) -> float:
        """Archived part of all rows, 0 to 1; 1 for an empty table."""
        return self.archived / self.rows if self.rows else 1.0


class _Listed(Struct, frozen=True, array_like=True):
    size: int
    etag: str


class _Looking:
    def __init__(
        self, chosen: ArchiveSet, table: Table, finder: Finder | None, store: Store | None, report: RowsVerified,
        told: Callable[[RowProblem], None],
    ) -> None:  # fmt: skip
        self._set, self._table, self._finder, self._store = chosen, table, finder, store
        self._report, self._told = report, told
        self._packs = chosen.unit is UnitKind.GROUP
        self._listed = _listing(store, chosen.layout) if store is not None else None

    def rows_of_one(self, rows: list[Row]) -> None:
        """Look at rows that share a group."""
        urls = {row.archive_url for row in rows if row.archive_url is not None}
        if len(urls) > 1:
            self._wrong(
                rows[0], f"rows of {rows[0].md5 or rows[0].unit} have {len(urls)} addresses, and share no object"
            )
        self._report.shared += max(0, sum(row.is_archived for row in rows) - len(urls))
        seen: dict[str, str | None] = {}
        for row in rows:
            if row.archive_url is not None:
                if row.archive_url not in seen:
                    seen[row.archive_url] = self._object(row, row.archive_url)
                why = seen[row.archive_url]
                if why is not None:
                    self._wrong(row, why)
                elif self._listed is not None:
                    self._report.in_store = (self._report.in_store or 0) + 1
            if self._finder is not None:
                self._file(self._finder, row)

    def _wrong(self, row: Row, why: str) -> None:
        problem = RowProblem(str(row.id), why)
        self._report.failed += 1
        if len(self._report.problems) < MOST_KEPT:
            self._report.problems.append(problem)
        self._told(problem)

    def _object(self, row: Row, url: str) -> str | None:
        """Fault of the object of an address; None if it has none, as far as was asked."""
        key = self._table.addresses.key(url)
        if key is None:
            return f"its address leads to no object of this set: {url[:200]}"
        if self._listed is None or self._store is None:
            return None
        found = self._listed.get(key)
        if found is None:
            return f"the store has no {key}"
        if self._packs:
            return None
        if row.size >= 0 and found.size != row.size:
            return f"{key} has {found.size} bytes, and the row says {row.size}"
        if not row.md5 or found.etag == row.md5:
            return None
        if _MD5.fullmatch(found.etag):
            return f"{key} has the MD5 {found.etag}, and the row says {row.md5}"
        try:  # sent in parts, or encrypted: its ETag is none
            said = self._store.head(key).metadata.get(MD5)
        except NotFound:
            return f"the store has no {key}"
        return None if said in (None, row.md5) else f"{key} says the MD5 {said:.40}, and the row says {row.md5}"

    def _file(self, finder: Finder, row: Row) -> None:
        report, wrong = self._report, ""
        for source in finder.candidates(row):
            md5 = finder.md5_of(source) if row.md5 else ""
            if md5 == row.md5:
                report.here = (report.here or 0) + 1
                return
            wrong = wrong or f"{source.path} has the MD5 {md5}, and the row says {row.md5}"
        if wrong:
            self._wrong(row, wrong)
        elif row.is_archived:
            report.not_here = (report.not_here or 0) + 1
        else:
            self._wrong(row, f"its file is not there: looked for {finder.looked_for(row)}")


def verify_rows(
    chosen: ArchiveSet,
    table: Table,
    shown: str,
    finder: Finder | None,
    store: Store | None,
    options: VerifyOptions,
    told: Callable[[RowProblem], None],
) -> RowsVerified:
    """Compare what rows say with each other, with a listing of the store, and with the disk, as far as was asked."""
    report = RowsVerified(chosen.name, chosen.store, shown)
    if store is not None:
        report.in_store = 0
    if finder is not None:
        report.here = report.not_here = 0

    def hear(problem: RowProblem) -> None:
        report.failed += 1
        if len(report.problems) < MOST_KEPT:
            report.problems.append(problem)
        told(problem)

    found = survey(table, None, by_unit=chosen.unit is UnitKind.GROUP, told=hear)
    report.rows, report.archived, report.types = found.rows, found.archived, found.types
    looking = _Looking(chosen, table, finder, store, report, told)
    for rows in _groups(found.every(), options.limit, chosen.unit is UnitKind.GROUP):
        report.looked_at += len(rows)
        looking.rows_of_one(rows)
    return report


def _groups(rows: Iterator[Row], limit: int | None, by_unit: bool) -> Iterator[list[Row]]:
    """Rows of one group together, and no more rows than there may be."""
    left = limit
    for _, some in groupby(rows, lambda row: (row.unit if by_unit else row.md5) or f"~{row.id}"):
        found = list(islice(some, left))
        if left is not None:
            left -= len(found)
        if not found:
            return
        yield found


def _listing(store: Store, layout: str) -> SpilledDict[_Listed]:
    """Objects of the store, below what the layout begins with."""
    found: SpilledDict[_Listed] = SpilledDict(_Listed)
    begin = layout.partition("{")[0].rpartition("/")
    prefix = f"{begin[0]}/" if begin[1] else ""
    for info in store.list(prefix):
        found[info.key] = _Listed(info.size, info.etag)
    return found


def pointed_at(table: Table, keys: frozenset[str]) -> dict[str, str]:
    """Keys, of these, that a row's address leads to, each with the id of such a row."""
    found: dict[str, str] = {}
    for row in table.rows():
        if isinstance(row, Unusable):
            raise DatabaseError(
                f"a row of archives.{table.set} cannot be read, so that it is not known what it points at",
                why=f"row {row.number} of the select: {row.why}",
                hint="correct the row, or the select",
            )
        key = table.addresses.key(row.archive_url) if row.archive_url else None
        if key in keys:
            found.setdefault(key, str(row.id))
    return found
