"""Is state.db sound, what of a damaged one can be believed, and a new one in its place. Nothing is ever deleted.

SQLite keeps no checksums: of a damaged file, a page that can be read may still be an old one. So a table is believed
as a whole when it stands undamaged in a file whose log was written back, and otherwise no row by itself.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from s3sync.core.entries import Entry
from s3sync.core.names import refuse_reason
from s3sync.core.unfinished import Unfinished
from s3sync.disk.errors import local_errors
from s3sync.local.room import OURS
from s3sync.state import trusted
from s3sync.state.journal import DECIDED, DID, STOPPED, Decided, Done, Stopped
from s3sync.state.memory import FILE
from s3sync.state.own import Owner
from s3sync.state.places import StorePlace
from s3sync.state.schema import (
    DIGEST_COLUMNS,
    MIGRATIONS,
    PARTS_COLUMNS,
    SCHEMA,
    TRANSFER_COLUMNS,
    V1_BASE_OF,
    VERSION,
    digest_row,
    fact_row,
    intent_row,
    is_place,
    known_intent_row,
    part_row,
    parts_row,
    place_row,
    transfer_row,
)
from s3sync.state.sqlite import bring_up, readable

_MD5 = re.compile("[0-9a-f]{32}")
_STILL_TRIES = 5
Row = tuple[Any, ...]
_JOURNAL: dict[str, type[Struct]] = {DID: Done, DECIDED: Decided, STOPPED: Stopped}


def _intent_or_journal_row(row: Row) -> object:
    """The journal of the last run is kept beside the intents."""
    kind = _JOURNAL.get(row[1])
    return known_intent_row(row) if kind is None else intent_row(row, kind)


_OTHER_ROWS: tuple[tuple[str, str, Callable[[Row], object]], ...] = (
    ("digest", DIGEST_COLUMNS, digest_row),
    ("parts", PARTS_COLUMNS, parts_row),
    ("intent", "value, kind", _intent_or_journal_row),
    ("fact", "value", fact_row),
    ("place", "id, url, endpoint, store_id, used_at, 0, 0", partial(place_row, here=0)),
)


class Examined(Struct, frozen=True):
    """Result of an examination. `damage` None is a sound database, or none yet (`exists` False).

    `newer`: written by a newer s3sync, which is no damage and nothing to repair.
    """

    exists: bool = True
    damage: str | None = None
    newer: bool = False
    base: int = 0
    transfers: int = 0


class PlaceMemory(Struct):
    """Memory of one place. `is_whole`: every entry of the base is there, and none is an old one.

    `unproven`: the base is one of version 1.
    """

    place: StorePlace
    base: dict[str, Entry] = field(default_factory=dict)
    is_whole: bool = False
    unproven: bool = False
    transfers: list[tuple[Unfinished, dict[int, str]]] = field(default_factory=list)


def sqlite_version() -> str:
    return sqlite3.sqlite_version


def examine(folder: Path) -> Examined:
    """Look at the database in a state folder, without changing anything. Raises `LocalError` when it cannot be read."""
    if not os.path.lexists(folder / FILE):
        return Examined(exists=False)
    with _still_copy(folder / FILE) as copy, closing(sqlite3.connect(copy)) as connection:
        try:
            trusted.harden(connection)
            trusted.refuse_foreign_schema(connection)
            return _examine(connection)
        except trusted.ERRORS as error:
            return Examined(damage=readable(error))


def _examine(connection: sqlite3.Connection) -> Examined:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        return Examined(newer=True)
    said = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
    if said != ["ok"]:
        return Examined(damage=readable("; ".join(said)))
    if version == 0 and not trusted.tables(connection):
        return Examined()
    if not 0 < version <= VERSION:
        return Examined(damage=f"it has tables, and says that its version is {version}")
    try:
        bring_up(connection, SCHEMA, MIGRATIONS)  # of the copy: the file itself is migrated when it is used
    except trusted.ERRORS as error:
        return Examined(damage=f"its version {version} cannot be brought up to date: {readable(error)}")
    trusted.refuse_other_tables(connection, SCHEMA)
    base, senseless = _read_base(connection, "SELECT path, size, md5, etag, place FROM base ORDER BY place")
    if senseless:
        return Examined(damage=f"{senseless} entries of the base make no sense")
    try:
        transfers = _transfers(connection, "1")
    except (ValueError, TypeError) as error:
        return Examined(damage=f"an unfinished transfer cannot be read: {error}")
    for table, columns, decode in _OTHER_ROWS:
        try:
            for row in connection.execute(f"SELECT {columns} FROM {table}"):
                decode(row)
        except (ValueError, TypeError, RecursionError):
            return Examined(damage=f"a row of its table {table} makes no sense")
    return Examined(base=len({path for path, _ in base}), transfers=len(transfers))


def salvage(folder: Path, owner: Owner) -> list[PlaceMemory]:
    """Whatever can still be read of a damaged database of the owner's, for each place that is surely known by name."""
    if not os.path.lexists(folder / FILE):
        return []
    log = folder / f"{FILE}-wal"
    written_back = not log.exists() or log.stat().st_size == 0
    with _still_copy(folder / FILE) as copy, closing(sqlite3.connect(copy)) as connection:
        try:
            trusted.harden(connection)
            trusted.refuse_foreign_schema(connection)
            known = trusted.tables(connection)
            source = _OF_VERSION[2 if "place" in known else 1]  # the version number may be what is wrong
            if not written_back or not _is_sound(connection, source.place_table):
                return []
            rows = [row for row in connection.execute(source.places).fetchall() if is_place(*row[1:5])]
            rows = [row for row in rows if owner.owns_open(connection, StorePlace(*row[1:4]))]
        except trusted.ERRORS:
            return []
        return [_salvage_place(connection, source, row) for row in rows]


def _salvage_place(connection: sqlite3.Connection, source: _Source, row: Row) -> PlaceMemory:
    number, memory = row[0], PlaceMemory(StorePlace(*row[1:5]), unproven=bool(row[5]))
    with suppress(*trusted.ERRORS):
        entries, senseless = _read_base(connection, source.base.format(place=number))
        memory.base = {path: entry for (path, _), entry in entries.items()}
        memory.is_whole = not senseless and _is_sound(connection, "base")
    if _is_sound(connection, "transfer") and _is_sound(connection, "transferred"):
        with suppress(sqlite3.Error, ValueError, TypeError):
            memory.transfers = _transfers(connection, source.transfers_where.format(place=number))
    return memory


@contextmanager
def _still_copy(path: Path) -> Iterator[Path]:
    """A copy that no writer changed while it was made: half of a change would look like damage."""
    with local_errors("cannot read", path, hint=OURS):
        for attempt in range(_STILL_TRIES):
            before = _stamps(path)
            with trusted.private_copy(path) as copy:
                if _stamps(path) == before or attempt == _STILL_TRIES - 1:
                    yield copy
                    return


def _stamps(path: Path) -> list[tuple[int, int] | None]:
    found: list[tuple[int, int] | None] = []
    for file in (path, path.with_name(f"{path.name}-wal")):
        try:
            status = file.lstat()
            found.append((status.st_size, status.st_mtime_ns))
        except FileNotFoundError:
            found.append(None)
    return found


class _Source(Struct, frozen=True):
    """How a version's file is read. `{place}` in a query is a place's id."""

    place_table: str
    places: str
    base: str
    transfers_where: str


_OF_VERSION = {
    1: _Source(
        "fact",
        f"SELECT 1, value, '', '', value, 1 FROM fact WHERE name = '{V1_BASE_OF}' AND value NOT LIKE '%****%'",
        "SELECT path, size, md5, etag, 1 FROM base ORDER BY path",
        "1",
    ),
    2: _Source(
        "place",
        "SELECT id, url, endpoint, store_id, v1_name, unproven FROM place",
        "SELECT path, size, md5, etag, place FROM base WHERE place = {place} ORDER BY path",
        "place = {place}",
    ),
}


def _transfers(connection: sqlite3.Connection, where: str) -> list[tuple[Unfinished, dict[int, str]]]:
    """The unfinished transfers that a condition picks, with the parts that are done."""
    found = []
    for row in connection.execute(f"SELECT {TRANSFER_COLUMNS}, 0 FROM transfer WHERE {where}").fetchall():
        done = connection.execute(
            f"SELECT number, digest FROM transferred WHERE {where} AND path = ? AND way = ?", row[:2]
        )
        found.append((transfer_row(row), dict(map(part_row, done.fetchall()))))
    return found


def _is_sound(connection: sqlite3.Connection, table: str) -> bool:
    try:
        checked = connection.execute(f"PRAGMA integrity_check('{table}')").fetchall()
    except trusted.ERRORS:
        return False
    return checked == [("ok",)]


def _read_base(connection: sqlite3.Connection, query: str) -> tuple[dict[tuple[str, int], Entry], int]:
    """The base from both ends as far as it can be read, and how many of its rows no s3sync could have written."""
    rows: dict[Any, Row] = {}
    for order in ("ASC", "DESC"):
        cursor = _quietly(lambda order=order: connection.execute(f"{query} {order}"))  # type: ignore[misc]
        while cursor is not None and (row := _quietly(cursor.fetchone)):
            rows[row[0], row[4]] = row
    sound = {(row[0], row[4]): Entry(*row[1:4]) for row in rows.values() if _is_entry(row)}
    return sound, len(rows) - len(sound)


def _quietly(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except trusted.ERRORS:
        return None


def _is_entry(row: Row) -> bool:
    path, size, md5, etag, place = row
    return (
        isinstance(path, str)
        and refuse_reason(path) is None
        and isinstance(size, int)
        and size >= 0
        and (md5 is None or (isinstance(md5, str) and _MD5.fullmatch(md5) is not None))
        and (etag is None or isinstance(etag, str))
        and isinstance(place, int)
    )
