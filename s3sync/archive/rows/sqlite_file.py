"""A file of SQLite that others may write, as a database of rows: nothing in it runs, or takes more than its share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from s3sync.archive.rows.cells import bounded
from s3sync.archive.rows.port import AGAIN, CORRECT, Gone, Values, checked
from s3sync.config.databases import Database, masked
from s3sync.disk.errors import local_errors
from s3sync.disk.own_links import own_end
from s3sync.errors import DatabaseError
from s3sync.state import trusted
from s3sync.state.sqlite import readable

PATIENCE_S = 30
"""Seconds for which whoever writes is waited for."""
MOST_GROWTH = 256 * 1024 * 1024
"""Bytes by which a batch of addresses may make the file longer: a trigger of it may write rows without end."""


class SQLiteFile:
    """A file of SQLite. It is opened for each call: a connection that is open would hold its disk."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with self._errors():
            self._opened("ro").close()

    def _opened(self, mode: str) -> sqlite3.Connection:
        named = str(self._database.path)
        with local_errors("cannot open", named, hint="open it once with the tool that writes it"):
            path = Path(own_end(named))  # SQLite, too, takes the journal beside a link's end
            trusted.require_harmless(path)
            place = f"file:{quote(str(path))}?mode={mode}"
            if mode == "ro":  # which plays no journal back
                return self._read(place, mode)
            return trusted.in_its_folder(path, lambda: self._read(place, mode))

    def _read(self, place: str, mode: str) -> sqlite3.Connection:
        """A connection that has read from the file, and may write it with the mode `rw`: a transaction has begun."""
        connection = sqlite3.connect(place, uri=True, isolation_level=None, timeout=PATIENCE_S, check_same_thread=False)
        trusted.harden(connection)
        connection.text_factory = _text
        connection.execute(
            "PRAGMA temp_store = MEMORY"
        )  # what a view has sorted would fill the disk, and is bounded there
        if mode == "ro":
            connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
        if mode == "rw":
            connection.execute("BEGIN IMMEDIATE")
        return connection

    def page(self, sql: str, values: Values, most: int) -> list[dict[str, Any]]:
        with self._errors():
            connection = self._opened("ro")
            try:
                cursor = connection.execute(sql, dict(values))
                names = [str(column[0]).lower() for column in cursor.description or ()]
                return [dict(zip(names, map(bounded, row), strict=True)) for row in islice(cursor, most + 1)]
            finally:
                connection.close()

    def update(self, sql: str, batch: Sequence[Values], *, proves: bool) -> list[int]:
        with self._errors():
            connection = self._opened("rw")
            try:
                _bound_growth(connection)
                touched = checked(lambda values: connection.execute(sql, dict(values)).rowcount, batch, proves)
                connection.execute("COMMIT")
                return touched
            finally:
                connection.close()  # which takes back what was not committed

    def close(self) -> None:
        """Nothing is open."""

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except trusted.ERRORS as error:
            why, name = masked(readable(error), self._database), self._database.shown
            if "unable to open" in why:
                raise DatabaseError(
                    f"cannot open {name}",
                    why=f"no database is there, or it may not be written ({self._database.origin} names it)",
                    hint="correct the address, or connect the disk",
                ) from error
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
                why = f"the statement takes more than {trusted.MOST_S:.0f} s, or more steps than any of ours"
            kind = Gone if isinstance(error, sqlite3.OperationalError) and "lock" in why else DatabaseError
            raise kind(f"{name} refused", why=why, hint=AGAIN if kind is Gone else CORRECT) from error


def _text(raw: bytes) -> str:
    """A cell of text. Bytes that are none become U+FFFD: they are a matter of their row, and hold up no other."""
    return raw.decode("utf-8", "replace")


def _bound_growth(connection: sqlite3.Connection) -> None:
    pages, size = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size"))
    connection.execute(f"PRAGMA max_page_count = {pages + MOST_GROWTH // size}")
