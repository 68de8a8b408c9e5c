"""Is state.db sound, what of a damaged one can be believed, and a new one in its place. Nothing is ever deleted.

SQLite keeps no checksums: of a damaged file, a page that can be read may still be an old one. So a table is believed
as a whole when it stands undamaged in a file whose log was written back, and otherwise no row by itself.
"""

from __future__ import annotations

import re
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from s3sync.core.entries import Entry
from s3sync.core.names import refuse_reason
from s3sync.core.unfinished import Unfinished
from s3sync.disk.durable import sync_folder
from s3sync.local.errors import local_errors
from s3sync.state.db import FILE, SCHEMA, VERSION, CachedDigest, StateDB, readable, tempfile_copy
from s3sync.state.transfers import Transfers

_MD5 = re.compile("[0-9a-f]{32}")
_STILL_TRIES = 5
_BASE = "path, size, md5, etag FROM base"
Row = tuple[Any, ...]


class Examined(Struct, frozen=True):
    """What was found. `damage` None is a sound database, or none yet (`exists` False).

    `newer`: written by a newer s3sync, which is no damage and nothing to repair.
    """

    exists: bool = True
    damage: str | None = None
    newer: bool = False
    base: int = 0
    transfers: int = 0


class Salvaged(Struct):
    """What could be read of a damaged database. `base_is_whole`: every entry is there, and none is an old one.

    `facts` None: not one of them is sure.
    """

    base: dict[str, Entry] = field(default_factory=dict)
    base_is_whole: bool = False
    facts: dict[str, str] | None = None
    transfers: list[tuple[Unfinished, dict[int, str]]] = field(default_factory=list)


def sqlite_version() -> str:
    return sqlite3.sqlite_version


def examine(folder: Path) -> Examined:
    """Look at the database in a state folder, without changing anything. Raises `LocalError` when it cannot be read."""
    if not (folder / FILE).exists():
        return Examined(exists=False)
    with _still_copy(folder / FILE) as copy, closing(sqlite3.connect(copy)) as connection:
        try:
            return _examine(connection)
        except sqlite3.Error as error:
            return Examined(damage=str(error))


def _examine(connection: sqlite3.Connection) -> Examined:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        return Examined(newer=True)
    said = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
    if said != ["ok"]:
        return Examined(damage=readable("; ".join(said)))
    tables = _tables(connection)
    if version == 0 and not tables:
        return Examined()
    if version != VERSION:
        return Examined(damage=f"it has tables, and says that its version is {version}")
    wrong = [name for name, columns in _expected().items() if tables.get(name) != columns]
    if wrong:
        return Examined(damage=f"a table is missing or not what it should be: {', '.join(wrong)}")
    base, senseless = _read_base(connection)
    if senseless:
        return Examined(damage=f"{senseless} entries of the base make no sense")
    try:
        transfers = Transfers(_Reading(connection)).all()  # type: ignore[arg-type]
    except (ValueError, TypeError) as error:
        return Examined(damage=f"an unfinished transfer cannot be read: {error}")
    return Examined(base=len(base), transfers=len(transfers))


def salvage(folder: Path) -> Salvaged:
    """Whatever can still be read of a damaged database."""
    found = Salvaged()
    if not (folder / FILE).exists():
        return found
    log = folder / f"{FILE}-wal"
    written_back = not log.exists() or log.stat().st_size == 0
    with _still_copy(folder / FILE) as copy, closing(sqlite3.connect(copy)) as connection:
        with suppress(sqlite3.Error):
            found.base, senseless = _read_base(connection)
            found.base_is_whole = written_back and not senseless and _is_sound(connection, "base")
        if written_back and _is_sound(connection, "fact"):
            with suppress(sqlite3.Error):
                found.facts = dict(connection.execute("SELECT name, value FROM fact"))
        if _is_sound(connection, "transfer") and _is_sound(connection, "transferred"):
            with suppress(sqlite3.Error, ValueError, TypeError):
                known = Transfers(_Reading(connection))  # type: ignore[arg-type]
                found.transfers = [(item, known.parts_done(item.path, item.way)) for item in known.all()]
    return found


def rebuild(
    folder: Path,
    stamp: str,
    base: Mapping[str, Entry],
    digests: Mapping[str, CachedDigest],
    facts: Mapping[str, str],
    transfers: Iterable[tuple[Unfinished, dict[int, str]]],
) -> Path:
    """Put a new database in the place of a damaged one, and give the name that the damaged one has now.

    The caller holds the project's lock. After a crash at any point the damaged file is still there, under one of its
    names, and either it, none or the new one is `state.db`; none is an empty memory, which deletes nothing.
    """
    work = folder / f"state.rebuild-{uuid.uuid4().hex}"
    with local_errors("cannot write", work):
        work.mkdir()
    try:
        with StateDB(work) as fresh:
            fresh.save(base=base, digests=digests)
            for name, value in facts.items():
                fresh.remember(name, value)
            ledger = Transfers(fresh)
            for item, done in transfers:
                ledger.begin(item)
                for number, digest in done.items():
                    ledger.part_done(item.path, item.way, number, digest)
        with local_errors("cannot write", folder / FILE):
            aside = _move_aside(folder, stamp)
            (work / FILE).rename(folder / FILE)
            sync_folder(folder)
    finally:
        for left in (*work.iterdir(), work):
            with suppress(OSError):
                left.rmdir() if left == work else left.unlink()
    return aside


def _move_aside(folder: Path, stamp: str) -> Path:
    """The database first: a log without its database is thrown away by SQLite, and never taken for another's."""
    number = 1
    aside = folder / f"state.corrupt-{stamp}.db"
    while aside.exists():
        number += 1
        aside = folder / f"state.corrupt-{stamp}.{number}.db"
    for ending in ("", "-wal"):
        old = folder / f"{FILE}{ending}"
        if old.exists():
            old.rename(aside.with_name(aside.name + ending))
    (folder / f"{FILE}-shm").unlink(missing_ok=True)
    sync_folder(folder)
    return aside


@contextmanager
def _still_copy(path: Path) -> Iterator[Path]:
    """A copy that no writer changed while it was made: half of a change would look like damage."""
    with local_errors("cannot read", path):
        for attempt in range(_STILL_TRIES):
            before = _stamps(path)
            with tempfile_copy(path) as copy:
                if _stamps(path) == before or attempt == _STILL_TRIES - 1:
                    yield copy
                    return


def _stamps(path: Path) -> list[tuple[int, int] | None]:
    found: list[tuple[int, int] | None] = []
    for file in (path, path.with_name(f"{path.name}-wal")):
        try:
            status = file.stat()
            found.append((status.st_size, status.st_mtime_ns))
        except FileNotFoundError:
            found.append(None)
    return found


class _Reading:
    """As much of a `StateDB` as reading needs, over a connection that may break at any row."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, *values: object) -> list[Row]:
        return self._connection.execute(sql, values).fetchall()


def _expected() -> dict[str, list[str]]:
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(SCHEMA)
        return _tables(fresh)


def _tables(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Every table with its columns."""
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')] for name in names}


def _is_sound(connection: sqlite3.Connection, table: str) -> bool:
    try:
        checked = connection.execute(f"PRAGMA integrity_check('{table}')").fetchall()
    except sqlite3.Error:
        return False
    return checked == [("ok",)]


def _read_base(connection: sqlite3.Connection) -> tuple[dict[str, Entry], int]:
    """The base from both ends as far as it can be read, and how many of its rows no s3sync could have written."""
    rows: dict[Any, Row] = {}
    for order in ("ASC", "DESC"):
        cursor = _quietly(lambda order=order: connection.execute(f"SELECT {_BASE} ORDER BY path {order}"))  # type: ignore[misc]
        while cursor is not None and (row := _quietly(cursor.fetchone)):
            rows[row[0]] = row
    sound = {row[0]: Entry(*row[1:4]) for row in rows.values() if _is_entry(row)}
    return sound, len(rows) - len(sound)


def _quietly(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except (sqlite3.Error, UnicodeDecodeError):
        return None


def _is_entry(row: Row) -> bool:
    path, size, md5, etag = row
    return (
        isinstance(path, str)
        and refuse_reason(path) is None
        and isinstance(size, int)
        and size >= 0
        and (md5 is None or (isinstance(md5, str) and _MD5.fullmatch(md5) is not None))
        and (etag is None or isinstance(etag, str))
    )
