"""state.db: what this computer remembers of a project. SQLite in WAL mode, so that a crash leaves the last commit.

Deleting it loses no user's byte: without a base, every difference is a question and no file is ever deleted.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from msgspec import Struct

from s3sync.core.entries import Entry
from s3sync.errors import DiskFull, LocalError
from s3sync.local.errors import local_errors

FILE = "state.db"
VERSION = 1
PATIENCE_S = 30.0
"""How long to wait for another process that is writing."""
ROWS_AT_ONCE = 1_000
"""Rows of a table that are read together."""

REPAIR = "s3sync doctor --fix: it moves the file aside and keeps what is certain; no file of yours is touched"

SCHEMA = """
CREATE TABLE base (path TEXT PRIMARY KEY, size INTEGER NOT NULL, md5 TEXT, etag TEXT) WITHOUT ROWID;
CREATE TABLE digest (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, inode INTEGER NOT NULL,
    xxh3 TEXT, md5 TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE parts (
    path TEXT PRIMARY KEY, etag TEXT NOT NULL, part_size INTEGER NOT NULL, xxh3 TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE transfer (
    path TEXT NOT NULL, way TEXT NOT NULL, key TEXT NOT NULL, token TEXT NOT NULL, fingerprint TEXT NOT NULL,
    size INTEGER NOT NULL, part_size INTEGER NOT NULL, digests TEXT NOT NULL, started_at TEXT NOT NULL,
    PRIMARY KEY (path, way)
) WITHOUT ROWID;
CREATE TABLE transferred (
    path TEXT NOT NULL, way TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (path, way, number)
) WITHOUT ROWID;
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


TABLES = ("base", "digest", "parts", "transfer", "transferred", "fact")


class CachedDigest(Struct, frozen=True, gc=False):
    """Digests of a file as it was when its directory entry said this. `xxh3` is None if only MD5 is known."""

    size: int
    mtime_ns: int
    inode: int
    xxh3: str | None
    md5: str


class StateDB:
    """Open with `StateDB(folder)`; with `read_only` nothing on the disk changes, and changes are forgotten."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.path = folder / FILE
        self._lock = threading.RLock()
        with self._errors(), local_errors("cannot read", self.path):
            self._connection = self._copy() if read_only else self._open()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False)
        _switch_to_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")
        self._prepare(connection)
        return connection

    def _copy(self) -> sqlite3.Connection:
        """A dry run works on a copy: even opening a WAL database for reading writes files beside it."""
        connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # it has no name on the disk
        if self.path.exists():
            with tempfile_copy(self.path) as copy:
                source = sqlite3.connect(copy)
                source.backup(connection)
                source.close()
        self._prepare(connection)
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            try:
                connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT;")
            except sqlite3.OperationalError:
                connection.rollback()
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                if version == 0:
                    raise
        if version > VERSION:
            raise LocalError(
                f"{self.path} was written by a newer s3sync", hint="upgrade s3sync: pip install --upgrade s3sync-collab"
            )
        _refuse_damaged(connection)

    def execute(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement, durable when it returns (inside `transaction`, when that ends), and give its rows."""
        with self._lock, self._errors():
            return self._connection.execute(sql, values).fetchall()

    def load_base(self) -> dict[str, Entry]:
        return dict(self.each_base())

    def load_digests(self) -> dict[str, CachedDigest]:
        return dict(self.each_digest())

    def count(self, table: str) -> int:
        return int(self.execute(f"SELECT count(*) FROM {table}")[0][0])

    def each_base(self) -> Iterator[tuple[str, Entry]]:
        """The whole base in the order of its paths, not held in memory together."""
        return ((row[0], Entry(*row[1:])) for row in self._rows("path, size, md5, etag", "base"))

    def each_digest(self) -> Iterator[tuple[str, CachedDigest]]:
        """The whole digest cache, likewise."""
        columns = "path, size, mtime_ns, inode, xxh3, md5"
        return ((row[0], CachedDigest(*row[1:])) for row in self._rows(columns, "digest"))

    def _rows(self, columns: str, table: str) -> Iterator[tuple[Any, ...]]:
        after = ""
        while rows := self.execute(
            f"SELECT {columns} FROM {table} WHERE path > ? ORDER BY path LIMIT {ROWS_AT_ONCE}", after
        ):
            yield from rows
            after = rows[-1][0]

    def save(
        self,
        *,
        base: Mapping[str, Entry | None] | None = None,
        digests: Mapping[str, CachedDigest] | None = None,
        forget_digests: Iterable[str] = (),
    ) -> None:
        """One transaction: base entries set or, when None, dropped; digests set or forgotten."""
        base, digests = base or {}, digests or {}
        with self._errors(), self.transaction():
            self._connection.executemany(
                "INSERT OR REPLACE INTO base VALUES (?, ?, ?, ?)",
                [(path, e.size, e.md5, e.etag) for path, e in base.items() if e is not None],
            )
            self._connection.executemany(
                "DELETE FROM base WHERE path = ?", [(path,) for path, e in base.items() if e is None]
            )
            self._connection.executemany("DELETE FROM digest WHERE path = ?", [(path,) for path in forget_digests])
            self._connection.executemany(
                "INSERT OR REPLACE INTO digest VALUES (?, ?, ?, ?, ?, ?)",
                [(path, d.size, d.mtime_ns, d.inode, d.xxh3, d.md5) for path, d in digests.items()],
            )

    def fact(self, name: str) -> str | None:
        """Something that was found out once, as whether a store honours conditions."""
        rows = self.execute("SELECT value FROM fact WHERE name = ?", name)
        return rows[0][0] if rows else None

    def remember(self, name: str, value: str) -> None:
        self.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", name, value)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; other threads wait. Inside another transaction it is part of that one."""
        with self._lock, self._errors():
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if "full" in str(error):
                raise DiskFull(
                    f"cannot write {self.path}", why="the disk is full", hint="make room, run again"
                ) from error
            hint = REPAIR if _is_damage(error) else "run `s3sync doctor`: it looks at the disk, the folder and the file"
            raise LocalError(f"cannot use {self.path}", why=readable(str(error)), hint=hint) from error

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _refuse_damaged(connection: sqlite3.Connection) -> None:
    """Look through all pages before anything is done, and not only when one is needed (20,000 files: 7 ms)."""
    said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if said != "ok":
        raise sqlite3.DatabaseError(said)
    known = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    missing = [name for name in TABLES if name not in known]
    if missing:
        raise sqlite3.DatabaseError(f"no such table: {', '.join(missing)}")


def _is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is wrong, and not the way to it: a lock, the disk, a right."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def readable(said: str) -> str:
    """What SQLite says of a damage, on one line."""
    return " ".join(said.replace("*** in database main ***", "").split())


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


@contextmanager
def tempfile_copy(path: Path) -> Iterator[Path]:
    """A throw-away copy of a database and its write-ahead log, so that reading it leaves no trace beside it."""
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory(prefix="s3sync-") as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        log = path.with_name(path.name + "-wal")
        if log.exists():
            shutil.copyfile(log, copy.with_name(log.name))
        yield copy
