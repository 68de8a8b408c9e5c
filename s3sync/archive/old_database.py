"""An older tool's database, read as a file that anybody may have made: from a private copy, plain tables alone."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from msgspec import Struct, field

from s3sync.core.archive import old_records
from s3sync.core.archive.old_records import OldArchive, OldNote, Row, RowError
from s3sync.core.archive.records import LogEntry, Statistic
from s3sync.disk.errors import local_errors
from s3sync.errors import LocalError, UsageError
from s3sync.state import trusted
from s3sync.state.sqlite import readable

T = TypeVar("T")

MOST_BYTES = 4 * 1024**3
"""Size of a database that is copied to be read."""
MOST_ROWS = 1_000_000
"""Rows of one table."""
MOST_TEXT = 256 * 1024 * 1024
"""Characters of all rows together, which are in memory."""
_AT_ONCE = 1000
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ}
_HINT = "name the database of the tool that made the archives, such as catalog.db"


class OldRecord(Struct):
    """Content of an older tool's database, as far as it makes sense. `refused`: rows that do not, each with why."""

    name: str
    archives: list[OldArchive] = field(default_factory=list)
    notes: list[OldNote] = field(default_factory=list)
    log: list[LogEntry] = field(default_factory=list)
    statistics: list[Statistic] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Tables and columns that are not there, in words."""


def read_old_record(path: Path, set_name: str, root: str) -> OldRecord:
    """Read the tables of an older tool. `root`: the prefix of the set's store in its bucket.

    The file is opened for reading alone, and nothing in it runs: no trigger, view, virtual or generated column. Raises
    `UsageError` for what is no such database, `LocalError` for one that cannot be read.
    """
    record = OldRecord(path.name)
    with _opened(path) as connection:
        reading = _Tables(connection, record)
        record.archives = reading.rows(old_records.ARCHIVES, old_records.archive_of)
        record.notes = reading.rows(old_records.NOTES, old_records.note_of)
        record.log = reading.rows(old_records.LOG, lambda row: old_records.log_of(row, set_name, root))
        record.statistics = reading.rows(old_records.STATISTICS, lambda row: old_records.statistic_of(row, set_name))
    return record


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    path = Path(os.path.realpath(path))  # whoever names a link means what it leads to
    if not os.path.lexists(path):
        raise UsageError(f"there is no database {path}", hint=_HINT)
    try:
        with local_errors("cannot read", path, hint=_HINT):
            _refuse_interrupted(path)
            with (
                trusted.private_copy(path, shared=True, max_bytes=MOST_BYTES) as copy,
                closing(sqlite3.connect(copy, isolation_level=None)) as connection,
            ):
                trusted.harden(connection)
                connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
                yield connection
    except trusted.ERRORS as error:
        raise LocalError(f"cannot read {path}", why=readable(error), hint=f"{_HINT}; it was not changed") from error


def _refuse_interrupted(path: Path) -> None:
    """A rollback journal beside it can name other files, and is left to the tool that wrote it."""
    journal = Path(f"{path}-journal")
    if os.path.lexists(journal) and journal.lstat().st_size:
        raise LocalError(
            f"cannot read {path}",
            why="the tool that writes it is at work, or was interrupted",
            hint="let it finish, or open the database with it once",
        )


class _Tables:
    """Tables of a database, read one after the other."""

    def __init__(self, connection: sqlite3.Connection, record: OldRecord) -> None:
        self._connection, self._record, self._left = connection, record, MOST_TEXT
        self._plain: dict[str, str | None] = {
            str(name): str(sql) if isinstance(sql, str) else None
            for name, sql in connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        }
        if old_records.ARCHIVES not in self._plain:
            raise UsageError(
                f"{record.name} has no table {old_records.ARCHIVES}",
                why="it is the database of another tool" if self._plain else "there is no table in it",
                hint=_HINT,
            )

    def rows(self, table: str, make: Callable[[Row], T]) -> list[T]:
        """Values of a table's rows; those that make no sense are noted with the reason."""
        chosen = self._columns(table)
        if chosen is None:
            return []
        found: list[T] = []
        for number, row in enumerate(self._read(table, chosen), 1):
            if number > MOST_ROWS:
                raise LocalError(f"cannot read {self._record.name}", why=f"{table} has more than {MOST_ROWS:,} rows")
            try:
                found.append(make(row))
            except RowError as error:
                self._record.refused.append((f"{table}, row {number}", str(error)))
        return found

    def _columns(self, table: str) -> dict[str, str] | None:
        """Columns that are read, by our names for them; None for a table that is not there or lacks what it needs."""
        if table not in self._plain:
            self._record.missing.append(f"no table {table}")
            return None
        if not trusted.is_plain_table(self._plain[table] or ""):
            raise LocalError(f"cannot read {self._record.name}", why=f"{table} is no plain table", hint=_HINT)
        columns = self._connection.execute("SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", (table,))
        there = {str(name) for (name,) in columns}
        known = old_records.COLUMNS[table]
        chosen = {name: next((one for one in may if one in there), "") for name, may in known.items()}
        lacking = [known[name][0] for name, column in chosen.items() if not column]
        needed = [known[name][0] for name in old_records.REQUIRED[table] if not chosen[name]]
        if needed and table == old_records.ARCHIVES:
            raise UsageError(f"{table} in {self._record.name} has no {' and no '.join(needed)}", hint=_HINT)
        if lacking:
            self._record.missing.append(f"{table} has no {', '.join(lacking)}")
        return None if needed else {name: column for name, column in chosen.items() if column}

    def _read(self, table: str, chosen: dict[str, str]) -> Iterator[Row]:
        self._connection.set_authorizer(
            lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
        )
        columns = ", ".join(f'"{column}"' for column in chosen.values())
        rows = self._connection.execute(f'SELECT {columns} FROM "{table}" NOT INDEXED LIMIT {MOST_ROWS + 1}')
        while some := rows.fetchmany(_AT_ONCE):
            for row in some:
                self._left -= sum(len(value) for value in row if isinstance(value, str | bytes))
                if self._left < 0:
                    raise LocalError(f"cannot read {self._record.name}", why="there is more text in it than fits")
                yield dict(zip(chosen, row, strict=True))
        self._connection.set_authorizer(None)
