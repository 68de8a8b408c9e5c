"""A SQLite file in a place that others can write: only a plain file of our own, with our tables and nothing else in it.

SQLite opens files by path and through links, and a database can hold what runs: triggers, views, generated columns.
So the file and what belongs to it are looked at before they are opened and again after, and the schema is compared with
ours before anything of it is used.
"""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from s3sync.disk.confined import alone_in, others_may_swap
from s3sync.disk.durable import write_all
from s3sync.disk.errors import Refused
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.temporary import private_base

T = TypeVar("T")

MOST_BYTES = 16 * 1024**3
"""A million files take about 300 MB."""
MOST_ROW_BYTES = 64 * 1024 * 1024
"""The digests of the parts of the largest possible object take 330 kB."""
STEP, MOST_STEPS = 1_000, 3_000_000
"""Instructions of SQLite between two looks, and looks, that one statement may take: a check of a million files takes a
few dozen million instructions."""
MOST_S = 120.0
"""Seconds that one statement may take: an instruction may be a function that takes long."""
MOST_PATTERN = 1_000
"""Characters of a pattern of LIKE or GLOB: comparing is one instruction, whose time is that of the text and the pattern
multiplied."""
_JOURNAL = "-journal"
_BESIDE = ("-wal", "-shm", _JOURNAL)
_ENDS_WITH_A_NAME = bytes.fromhex("d9d505f920a163d7")
"""Last bytes of a journal that names another one: SQLite deletes that file when it plays the journal back
(sqlite.org/atomiccommit.html, section 5.0). No database of ours has one.
"""
ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""Errors of a database: what SQLite says of a damaged one repeats its bytes, and Python fails at what is no text."""
_RUNS = re.compile(r"\b(VIRTUAL|GENERATED|AS|CHECK|REFERENCES|COLLATE|TRIGGER|VIEW)\b|DEFAULT\s*\(", re.IGNORECASE)
_COMMENT = re.compile(r"--|/\*")
"""Ours have none, and a quote in one hides what follows from whoever leaves strings out."""
_CHUNK = 1 << 20


def require_plain(path: Path, *, create: bool = False) -> None:
    """Raise `Refused` unless the database and the files beside it are regular, ours and without a second name.

    `create`: make an empty one, for us alone, where none is; one that others may read is closed to them. Then it also
    raises `OSError` when the database cannot be written.
    """
    with GuardedFolder.open(path.parent) as folder:
        _require_plain_in(folder, path.name, create=create)


def opened(path: Path, connect: Callable[[], T]) -> T:
    """Open a database of ours by `connect`. Where somebody else can swap its folder, or one above it, that reaches the
    files of this folder alone, which are looked at once more.
    """
    if not others_may_swap(path.parent):
        return connect()
    with GuardedFolder.open(path.parent, private=True) as folder:
        _require_plain_in(folder, path.name)
        return _confined(folder, connect)


def in_its_folder(path: Path, connect: Callable[[], T]) -> T:
    """Open a database in a folder that others may write, by `connect`: it reaches the files there, and no others.

    A journal that somebody puts there meanwhile would have SQLite delete any file of the user's.
    """
    if not others_may_swap(path):
        return connect()
    with GuardedFolder.open(path.parent, shared=True, straight=True) as folder:
        return _confined(folder, connect)


def _confined(folder: GuardedFolder, connect: Callable[[], T]) -> T:
    with closing(sqlite3.connect(":memory:")) as first:
        first.execute("SELECT random()")  # for which SQLite reads the system's random bytes, once
    return alone_in(folder, connect)


def _require_plain_in(folder: GuardedFolder, name: str, *, create: bool = False) -> None:
    for ending in _BESIDE:
        folder.check(name + ending, max_bytes=MOST_BYTES, alone=True)
    _require_own_journal(folder, name)
    if not create:
        folder.check(name, max_bytes=MOST_BYTES, alone=True)
        return
    descriptor = folder.open_write(name, create=0o600)
    try:
        if os.name == "posix" and os.fstat(descriptor).st_mode & 0o077:
            with suppress(OSError):
                os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def require_harmless(path: Path) -> None:
    """Raise `Refused` where a database, or a file beside it, is no plain file, for which SQLite would wait, or where
    the journal names another file, which SQLite would delete.

    `path` is without links: SQLite follows them, and takes the journal beside the file that they lead to.
    """
    with GuardedFolder.open(path.parent, shared=True, straight=True) as folder:
        for name in (path.name, *(path.name + ending for ending in _BESIDE)):
            folder.check(name)
        _require_own_journal(folder, path.name)


def _require_own_journal(folder: GuardedFolder, name: str) -> None:
    journal = name + _JOURNAL
    try:
        descriptor = folder.open_read(journal)
    except FileNotFoundError:  # as always, and where another run was just done with it
        return
    try:
        end = os.lseek(descriptor, 0, os.SEEK_END)
        os.lseek(descriptor, max(0, end - len(_ENDS_WITH_A_NAME)), os.SEEK_SET)
        names_another = os.read(descriptor, len(_ENDS_WITH_A_NAME)) == _ENDS_WITH_A_NAME
    finally:
        os.close(descriptor)
    if names_another:
        raise Refused(errno.EPERM, "it names another file, which opening the database would delete", journal)


def harden(connection: sqlite3.Connection) -> Budget:
    """Have a connection take nothing from the file but rows, of bounded size and in bounded time."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_ROW_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, MOST_PATTERN)
    if hasattr(connection, "setconfig"):  # Python 3.12
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)  # type: ignore[attr-defined,unused-ignore]
    budget = Budget()
    connection.set_progress_handler(budget.spend, STEP)
    return budget


class Budget:
    """Rest of the instructions and of the time that a statement may take."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """For the next statement."""
        self._left, self._ends = MOST_STEPS, time.monotonic() + MOST_S

    def spend(self) -> int:
        self._left -= 1
        return int(self._left < 0 or time.monotonic() > self._ends)


def refuse_foreign_schema(connection: sqlite3.Connection) -> None:
    """Raise `sqlite3.DatabaseError` when the file holds anything but plain tables: nothing of it may run."""
    for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master"):
        plain = kind == "table" and isinstance(sql, str) and is_plain_table(sql)
        plain = plain and not _COMMENT.search(sql) and not _RUNS.search(_without_strings(sql))
        automatic = kind == "index" and sql is None and str(name).startswith("sqlite_autoindex_")
        if not (plain or automatic):
            raise sqlite3.DatabaseError(f"it holds what s3sync does not make: {kind} {_shown(name)}")


def is_plain_table(sql: str) -> bool:
    """True if the schema's text makes neither a view nor a virtual table: SQLite itself writes this beginning.

    Another one, with a comment in it, would hide the word that says what it is.
    """
    return sql.startswith("CREATE TABLE ")


def refuse_other_tables(connection: sqlite3.Connection, schema: str) -> None:
    """Raise `sqlite3.DatabaseError` unless the tables are those of a schema, column by column."""
    found, wanted = tables(connection), tables_of(schema)
    missing = [name for name in wanted if name not in found]
    if missing:
        raise sqlite3.DatabaseError(f"no such table: {', '.join(missing)}")
    other = [_shown(name) for name in found if name not in wanted]
    wrong = [name for name in wanted if found[name] != wanted[name]]
    if other or wrong:
        raise sqlite3.DatabaseError(f"a table is not one of s3sync: {', '.join([*other, *wrong])}")


def tables(connection: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every table with its columns: name, type, not null, default, place in the key, whether hidden."""
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {
        name: [row[1:] for row in connection.execute("SELECT * FROM pragma_table_xinfo(?)", (name,))] for name in names
    }


@lru_cache(8)
def tables_of(schema: str) -> dict[str, list[tuple[Any, ...]]]:
    """The tables that a schema makes."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(schema)
        return tables(fresh)


def _without_strings(sql: str) -> str:
    return re.sub(r"'[^']*'", "''", sql)


def _shown(name: object) -> str:
    return ascii(str(name)[:40])


@contextmanager
def private_copy(path: Path, *, shared: bool = False, max_bytes: int = MOST_BYTES) -> Iterator[Path]:
    """A throw-away copy of a database and its write-ahead log, so that reading it leaves no trace beside it.

    `shared`: it may belong to another user. Raises `OSError`, and of it `Refused` for what is no plain file of our own,
    or is larger than `max_bytes`.
    """
    with tempfile.TemporaryDirectory(prefix="s3sync-", dir=private_base()) as name:
        with GuardedFolder.open(path.parent, shared=shared) as source, GuardedFolder.open(name) as target:
            _copy(source, path.name, target, max_bytes)
            with suppress(FileNotFoundError):
                _copy(source, f"{path.name}-wal", target, max_bytes)
        yield Path(name, path.name)


def _copy(source: GuardedFolder, name: str, target: GuardedFolder, max_bytes: int) -> None:
    reader = source.open_read(name, max_bytes=max_bytes, alone=not source.shared)
    try:
        writer = target.create(name)
        try:
            left = max_bytes
            while left > 0 and (chunk := os.read(reader, _CHUNK)):
                write_all(writer, chunk)
                left -= len(chunk)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


__all__ = [
    "ERRORS",
    "Budget",
    "Refused",
    "harden",
    "in_its_folder",
    "is_plain_table",
    "opened",
    "private_copy",
    "refuse_foreign_schema",
    "refuse_other_tables",
    "require_harmless",
    "require_plain",
    "tables",
    "tables_of",
]
