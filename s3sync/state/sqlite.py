"""A SQLite file that outlives crashes and versions: write-ahead log, integrity check, migrations, translated errors."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

from s3sync.disk.errors import local_errors
from s3sync.errors import DiskFull, LocalError
from s3sync.state import trusted

PATIENCE_S = 30.0
"""Time to wait for another process that is writing."""
UPGRADE = "upgrade s3sync: docs/upgrade-and-remove.md says how"
_ROWS_AT_ONCE = 10_000
_LEAST_ROOM = 64 * 1024
"""Bytes below which a disk is taken for full: a `-shm` file begins with half of them."""
_IN_THE_WAY = "move it away, and run the command again: without it s3sync asks before it overwrites or deletes anything"
DOCTOR = "run `s3sync doctor`: it looks at the disk, the folder and the file"

Migration: TypeAlias = "str | Callable[[sqlite3.Connection], None]"
"""One step from a version to the next: a script, or a function. It runs in a transaction that it must not end."""


class Database:
    """One file with a schema. Its version is one more than the number of migrations.

    `schema` is the script for the newest version, without transaction or version. `migrations[n]` leads from version
    `n + 1` to `n + 2`. Each is committed together with the version's number, so a process that is killed leaves one
    version or the next. With `read_only` nothing on the disk changes, and what is written is forgotten on `close`.
    Raises `LocalError`, `DiskFull`; a file of a newer version is refused and left alone. `repair` is the hint for a
    damaged file. `look_through` False: without a look at all pages first, for large files that can be made anew.
    `blank`, with `read_only`: as if there were no file.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        migrations: Sequence[Migration],
        *,
        read_only: bool = False,
        repair: str = DOCTOR,
        look_through: bool = True,
        blank: bool = False,
    ) -> None:
        self.path, self.read_only = path, read_only
        self._blank = blank
        self._look_through = look_through
        self._schema, self._migrations, self._repair = schema, migrations, repair
        self._lock = threading.RLock()
        self._is_early = False
        self._budget = trusted.Budget()
        with self._errors(), local_errors("cannot use", path, hint=_IN_THE_WAY):
            self._connection = self._copy() if read_only else self._open()

    def _open(self) -> sqlite3.Connection:
        trusted.require_plain(self.path, create=True)
        connection = trusted.opened(self.path, self._connected)
        try:
            trusted.require_plain(self.path)
            connection.execute("PRAGMA synchronous = FULL")
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connected(self) -> sqlite3.Connection:
        """A connection that has opened whatever it opens by a path: SQLite looks for a journal at the first read."""
        connection = connect(self.path)
        try:
            self._budget = trusted.harden(connection)
            _switch_to_wal(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _copy(self) -> sqlite3.Connection:
        """A dry run works on a copy: even opening a WAL database for reading writes files beside it."""
        connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # it has no name on the disk
        if not self._blank and os.path.lexists(self.path):
            with trusted.private_copy(self.path) as copy:
                source = sqlite3.connect(copy)
                source.backup(connection)
                source.close()
        self._budget = trusted.harden(connection)
        self._prepare(connection)
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        newest = len(self._migrations) + 1
        version = version_of(connection)
        if version > newest:
            why = f"its version is {version}, and this one reads up to {newest}"
            raise LocalError(f"{self.path} was written by a newer s3sync", why=why, hint=UPGRADE)
        trusted.refuse_foreign_schema(connection)
        if self._look_through:
            _refuse_damaged(connection)
        self._budget.renew()
        if version < newest:
            bring_up(connection, self._schema, self._migrations)
        trusted.refuse_other_tables(connection, self._schema)

    def execute(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement, durable when it returns (inside `transaction`, when that ends), and give its rows."""
        with self._lock, self._errors():
            self._budget.renew()
            return self._connection.execute(sql, values).fetchall()

    def execute_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run one statement for each row of values, all in one transaction."""
        with self.transaction(), self._errors():
            for number in range(0, len(rows), _ROWS_AT_ONCE):
                self._budget.renew()
                self._connection.executemany(sql, rows[number : number + _ROWS_AT_ONCE])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; other threads wait. Inside another transaction it is part of that one."""
        with self._within("BEGIN IMMEDIATE"):
            yield

    @contextmanager
    def aside(self) -> Iterator[None]:
        """A transaction in which only temporary tables are written: no other process waits for it."""
        with self._within("BEGIN"):
            yield

    @contextmanager
    def _within(self, begin: str) -> Iterator[None]:
        with self._lock, self._errors():
            is_early, self._is_early = self._is_early, False
            if self._connection.in_transaction and not is_early:
                yield
                return
            with _begun(self._connection, None if is_early else begin):
                yield

    @contextmanager
    def early(self) -> Iterator[None]:
        """The beginning of what the next `transaction` goes on with, and ends: until then other processes wait.

        It is undone by an error in the block, by `undo_early`, by `close`, and when the process ends.
        """
        with self._lock, self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            self._is_early = True
            try:
                yield
            except BaseException:
                self.undo_early()
                raise

    def undo_early(self) -> None:
        """Undo what was begun early, unless a transaction went on with it."""
        with self._lock, self._errors():
            if self._is_early:
                self._is_early = False
                self._connection.execute("ROLLBACK")

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Write without waiting for the disk: it outlives the process, and a power failure only with what comes after.

        For what is told often and could be done again.
        """
        with self._lock, self._errors():
            self._connection.execute("PRAGMA synchronous = NORMAL")
            try:
                yield
            finally:
                self._connection.execute("PRAGMA synchronous = FULL")

    @contextmanager
    def rows_of(self, table: str) -> Iterator[None]:
        """Around what makes values of rows: a row that no s3sync wrote is damage, whoever wrote it."""
        try:
            yield
        except (ValueError, TypeError, RecursionError) as error:
            why = f"a row of its table {table} makes no sense"
            raise LocalError(f"cannot use {self.path}", why=why, hint=self._repair) from error

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except trusted.ERRORS as error:
            if _wants_room(error, self.path):
                raise DiskFull(
                    f"cannot write {self.path}", why="the disk is full", hint="make room, run again"
                ) from error
            hint = self._repair if _is_damage(error) else DOCTOR
            raise LocalError(f"cannot use {self.path}", why=readable(error), hint=hint) from error

    def close(self) -> None:
        """Returns when no thread uses it any more: SQLite frees what a statement under way still reads.

        After Ctrl-C the workers are not waited for, so one of them may be at it. Afterwards they get `LocalError`.
        """
        with self._lock:
            self._is_early = False
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def connect(path: Path) -> sqlite3.Connection:
    """Open a database file for reading and writing, as every database of ours is opened."""
    return sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False)


def version_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def run_script(connection: sqlite3.Connection, script: str) -> None:
    """Run several statements in the transaction that is open, which `executescript` would end."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if statement.strip() and sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
    if statement.strip():
        raise ValueError(f"not a complete statement: {statement.strip()}")


def bring_up(connection: sqlite3.Connection, schema: str, migrations: Sequence[Migration]) -> None:
    """Make a new database, or lead an older one step by step to the newest version.

    Several processes may try at once: the version is read again inside each transaction.
    """
    newest = len(migrations) + 1
    while (version := version_of(connection)) < newest:
        with _begun(connection, "BEGIN IMMEDIATE"):
            if version_of(connection) != version:
                continue
            if version == 0:
                run_script(connection, schema)
                connection.execute(f"PRAGMA user_version = {newest}")
                continue
            step = migrations[version - 1]
            if isinstance(step, str):
                run_script(connection, step)
            else:
                step(connection)
            connection.execute(f"PRAGMA user_version = {version + 1}")


@contextmanager
def _begun(connection: sqlite3.Connection, begin: str | None) -> Iterator[None]:
    """A transaction; None: it is open already."""
    if begin is not None:
        connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _refuse_damaged(connection: sqlite3.Connection) -> None:
    """Look through all pages before anything is done, and not only when one is needed (20,000 files: 7 ms)."""
    said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if said != "ok":
        raise sqlite3.DatabaseError(said)


def _is_damage(error: Exception) -> bool:
    """True if the file itself is wrong, and not the way to it: a lock, the disk, a right."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def _wants_room(error: Exception, path: Path) -> bool:
    """True if there is no room for what is to be written. Of the file that readers and writers share (`-shm`) SQLite
    says only that it could not be made longer, in the words of a disk that is broken."""
    if "full" in str(error):
        return True
    if getattr(error, "sqlite_errorcode", 0) & 0xFF not in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return False
    import shutil  # no command needs it that goes well

    try:
        return shutil.disk_usage(path.parent).free < _LEAST_ROOM
    except OSError:
        return False


def readable(said: object) -> str:
    """SQLite's message about a damage, or an error of `trusted.ERRORS`, on one line."""
    if isinstance(said, UnicodeDecodeError):
        return "what it says of its tables is no text"
    return " ".join(str(said).replace("*** in database main ***", "").split())


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """SQLite does not wait by itself when several processes switch a new database at once."""
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.01)
