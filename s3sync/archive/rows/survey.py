"""All rows of a table by what they share: an MD5, or the unit that they are packed into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.rows.files import Finder
from s3sync.archive.rows.table import Table, Unusable
from s3sync.core import limits
from s3sync.core.archive.rows import Row, Worker
from s3sync.errors import S3syncError
from s3sync.spill.table import SpilledDict

MOST_TYPES = 50
OTHER_TYPES = "(others)"
NO_TYPE = "(none)"
WITHOUT_MD5 = "~"


class Tally(Struct):
    """Rows of one media type, and how many of them have an address."""

    rows: int = 0
    archived: int = 0


class RowProblem(Struct, frozen=True):
    """A row that cannot be archived, and why. `row` is its id, or its place among all rows."""

    row: str
    why: str
    hint: str | None = None


class Group(Struct, frozen=True):
    """Rows of one MD5, or of one unit. `name` is that; `oldest` the first of them by `created_at`.

    `pending` are to be archived; `archived` have an address, and were left alone.
    """

    name: str
    oldest: Row
    pending: tuple[Row, ...]
    archived: tuple[Row, ...] = ()

    @property
    def md5(self) -> str:
        return self.oldest.md5


class Survey:
    """Content of a table. Reading it takes a page of rows in memory; all of them are kept, on the disk beyond that.

    `unfit`: rows that are to be archived, and cannot be.
    """

    def __init__(self) -> None:
        self.rows, self.archived, self.unfit = 0, 0, 0
        self.types: dict[str, Tally] = {}
        # as for many: rows are read in order, which the disk gives as fast
        self._by_group: SpilledDict[Row] = SpilledDict(Row, limits.now.entries_in_memory + 1)

    def take(self, row: Row, group: str | None) -> None:
        """Count a row, and remember it in its group; None: it belongs to none."""
        self.rows += 1
        self.archived += row.is_archived
        name = row.media_type if row.media_type.isprintable() and row.media_type else NO_TYPE
        if name not in self.types and len(self.types) >= MOST_TYPES:
            name = OTHER_TYPES
        tally = self.types.setdefault(name[:40], Tally())
        tally.rows += 1
        tally.archived += row.is_archived
        if group is not None:
            self._by_group[f"{group}\0{self.rows:012}"] = row

    def groups(self, worker: Worker, *, force: bool) -> Iterator[Group]:
        """The groups of a worker of which some row is to be archived: has no address, or any one with `force`."""
        for name, items in groupby(self._by_group.items(), lambda item: item[0].rpartition("\0")[0]):
            if not worker.takes(name):
                continue
            rows = [row for _, row in items]
            pending = tuple(row for row in rows if force or not row.is_archived)
            if pending:
                oldest = min(rows, key=lambda row: row.created_at)
                yield Group(name, oldest, pending, tuple(row for row in rows if row.is_archived))

    def pending(self, worker: Worker, *, force: bool) -> int:
        """Number of rows that are to be archived: those of a worker, and those that nobody can."""
        return self.unfit + sum(len(group.pending) for group in self.groups(worker, force=force))

    def every(self) -> Iterator[Row]:
        """All rows that belong to a group, those of one group after each other."""
        return iter(self._by_group.values())


def survey(
    table: Table,
    finder: Finder | None,
    *,
    by_unit: bool,
    force: bool = False,
    told: Callable[[RowProblem], None] = lambda problem: None,
    check: Callable[[], None] = lambda: None,
) -> Survey:
    """Read the whole table. Problems of rows that would have to be archived are told.

    `finder`: the MD5 of files whose row has none is read, as it may be that of another row. `by_unit`: rows are grouped
    by their unit. Raises `DatabaseError`, `ConfigError`.
    """
    found = Survey()
    for row in table.rows():
        check()
        if isinstance(row, Unusable):
            found.rows += 1
            found.unfit += 1
            told(RowProblem(f"row {row.number} of the select", row.why))
            continue
        is_wanted = force or not row.is_archived
        problem = row.problem or (
            "it names no unit, into which it would be packed" if by_unit and not row.unit else None
        )
        if problem is not None:
            found.unfit += is_wanted
            if is_wanted:
                told(RowProblem(str(row.id), problem))
            found.take(row, None)
        elif by_unit:
            found.take(row, row.unit)
        else:
            row = _with_md5(row, finder) if finder is not None and is_wanted and not row.md5 else row
            found.take(row, row.md5 or f"{WITHOUT_MD5}{row.id}")
    return found


def _with_md5(row: Row, finder: Finder) -> Row:
    """A row with the MD5 of its file, where that can be read: else whoever sends it says what is wrong."""
    source = next(finder.candidates(row), None)
    try:
        return row if source is None else replace(row, md5=finder.md5_of(source))
    except S3syncError:
        return row
