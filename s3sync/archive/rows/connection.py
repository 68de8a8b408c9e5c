"""Databases behind one port: pages of rows in transactions that read only, and batches of guarded updates.

This module alone knows SQLAlchemy, psycopg and what SQLite needs for a file that others may write. PostgreSQL needs the
extra `db`, SQLite none. No transaction is open between two calls, so that transaction poolers work, too: nothing is
prepared on the server (`prepare_threshold=None`, psycopg.org/psycopg3/docs/advanced/prepare.html).
"""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeAlias
from urllib.parse import quote

from s3sync.archive.rows.cells import bounded, take_as_text
from s3sync.config.databases import Database, masked
from s3sync.core.archive.sql import binds_of, without_binds_in_strings
from s3sync.disk.errors import local_errors
from s3sync.disk.whole_paths import OF_LIBPQ, require_whole
from s3sync.errors import ConfigError, DatabaseError
from s3sync.state import trusted

CONNECT_S, STATEMENT_S, PATIENCE_S = 10, 120, 30
"""Seconds that a connection may take, one statement of PostgreSQL, and the wait for whoever writes in SQLite."""
CANCEL_S = 2.0
"""Seconds in which a server may take note that a query is given up."""
GRACE_S = 30
"""Seconds after which a server is not waited for that has not ended a page or a batch by itself."""
Values: TypeAlias = Mapping[str, object]
_CORRECT = "correct the statement in the settings, or the table"
_HINT = "nothing is lost: run the command again when it answers; what was sent is not sent again"


class Gone(DatabaseError):
    """The connection broke, or could not be made: another try may help."""


class Lied(Exception):
    """An update touched another number of rows than it may; nothing of its batch holds. `at`: which one it was.

    `again`: it found a row that it had written just before.
    """

    def __init__(self, at: int, touched: int, *, again: bool = False) -> None:
        super().__init__(touched)
        self.at, self.touched, self.again = at, touched, again


class Connection(Protocol):
    """One database. Every method raises `DatabaseError`, and of it `Gone`."""

    def page(self, sql: str, values: Values, most: int) -> list[dict[str, Any]]:
        """Rows of a query that may change nothing, by the names of their columns; no more than `most` + 1."""

    def update(self, sql: str, batch: Sequence[Values], *, proves: bool) -> list[int]:
        """Number of rows that each of these updates touched, all in one transaction.

        `proves`: the first is tried twice, and must find nothing the second time. Raises `Lied` for one that touches
        more than one row, or one that it has written already; then nothing of the batch holds.
        """

    def close(self) -> None: ...


def connect(database: Database) -> Connection:
    """Open a database. Raises `DatabaseError`, and `ConfigError` where the extra is missing."""
    return _SQLite(database) if database.path is not None else _Postgres(database)


def _checked(run: Any, batch: Sequence[Values], proves: bool) -> list[int]:
    touched: list[int] = []
    for number, values in enumerate(batch):
        count = run(values)
        if count not in (0, 1):
            raise Lied(number, count)
        if proves and count and values["archive_url"] != values["old"]:
            if run(values):
                raise Lied(number, count, again=True)
            proves = False
        touched.append(count)
    return touched


class _SQLite:
    """A file of SQLite. It is opened for each call: a connection that is open would hold its disk."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with self._errors():
            self._opened("ro").close()

    def _opened(self, mode: str) -> sqlite3.Connection:
        path = Path(os.path.realpath(str(self._database.path)))  # SQLite, too, takes the journal beside a link's end
        with local_errors("cannot open", path, hint="open it once with the tool that writes it"):
            trusted.require_harmless(path)
        place = f"file:{quote(str(path))}?mode={mode}"
        connection = sqlite3.connect(place, uri=True, isolation_level=None, timeout=PATIENCE_S)
        trusted.harden(connection)
        if mode == "ro":
            connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
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
                connection.execute("BEGIN IMMEDIATE")
                touched = _checked(lambda values: connection.execute(sql, dict(values)).rowcount, batch, proves)
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
        except sqlite3.Error as error:
            why, name = masked(str(error), self._database), self._database.shown
            if "unable to open" in why:
                raise DatabaseError(
                    f"cannot open {name}",
                    why=f"no database is there, or it may not be written ({self._database.origin} names it)",
                    hint="correct the address, or connect the disk",
                ) from error
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
                why = f"the statement takes more than {trusted.MOST_S:.0f} s, or more steps than any of ours"
            kind = Gone if isinstance(error, sqlite3.OperationalError) and "lock" in why else DatabaseError
            raise kind(f"{name} refused", why=why, hint=_HINT if kind is Gone else _CORRECT) from error


def _abandoning(library: Any) -> Any:
    """Class of connections on which a query that is given up is over soon. psycopg asks the server to end it, and
    reads on until it has: a row that makes no sense, and then others without end, would be read for ever."""

    class Abandoning(library.Connection):  # type: ignore[misc]
        over: threading.Timer | None = None

        def _try_cancel(self, *, timeout: float = 5.0) -> None:
            super()._try_cancel(timeout=min(timeout, CANCEL_S))
            self.over = _shut_after(CANCEL_S, self)

    return Abandoning


def _shut(driver: Any) -> None:
    with suppress(OSError), socket.fromfd(driver.pgconn.socket, socket.AF_INET, socket.SOCK_STREAM) as line:
        line.shutdown(socket.SHUT_RDWR)


def _shut_after(seconds: float, driver: Any) -> threading.Timer:
    timer = threading.Timer(seconds, _shut, (driver,))
    timer.daemon = True
    timer.start()
    return timer


def _some(driver: Any, sql: str, values: Values, most: int) -> list[dict[str, Any]]:
    """The first rows of a query, each as it comes: libpq holds all that a server sends, whatever was asked for.

    https://www.postgresql.org/docs/current/libpq-single-row-mode.html. With `most` rows the connection is closed.
    """
    found: list[dict[str, Any]] = []
    cursor = driver.cursor()
    with closing(cursor.stream(sql, values)) as rows:
        for row in rows:
            cells = zip(cursor.description, map(bounded, row), strict=True)
            found.append({str(column[0]).lower(): cell for column, cell in cells})
            if len(found) >= most:
                driver.close()
                break
    return found


@contextmanager
def _ends(driver: Any) -> Iterator[None]:
    """End the connection when a block takes longer than a server's own limit lets it: one that keeps none, or is no
    PostgreSQL, would be waited for for ever."""
    timer = _shut_after(STATEMENT_S + GRACE_S, driver)
    try:
        yield
    finally:
        for one in (timer, driver.over):
            if one is not None:
                one.cancel()


class _Postgres:
    """A database of PostgreSQL by SQLAlchemy and psycopg, on one connection that is made again when it broke."""

    def __init__(self, database: Database) -> None:
        self._database = database
        require_whole(OF_LIBPQ, os.environ)
        try:
            import psycopg
            import sqlalchemy
        except ImportError as error:
            raise ConfigError(
                f"PostgreSQL needs {error.name or 'more packages'}",
                why="s3sync is installed without the extra `db`",
                hint="pip install 's3sync-collab[db]'",
            ) from error

        abandoning = _abandoning(psycopg)

        def begun() -> Any:
            said = {"connect_timeout": str(CONNECT_S), "application_name": "s3sync", **database.said}
            driver = abandoning.connect(**said, prepare_threshold=None)
            take_as_text(psycopg, driver)
            return driver

        self._library, self._driver = sqlalchemy, psycopg
        self._engine = sqlalchemy.create_engine(
            "postgresql+psycopg://", creator=begun, pool_size=1, max_overflow=0, hide_parameters=True
        )
        self._made: dict[str, tuple[Any, frozenset[str]]] = {}

    def _statement(self, sql: str) -> tuple[Any, frozenset[str]]:
        if sql not in self._made:
            plain = without_binds_in_strings(sql.rstrip().rstrip(";"))
            self._made[sql] = self._library.text(plain), binds_of(sql)
        return self._made[sql]

    def page(self, sql: str, values: Values, most: int) -> list[dict[str, Any]]:
        statement, binds = self._statement(sql)
        begin = "SET TRANSACTION READ ONLY; SET LOCAL datestyle = 'ISO'; "
        begin += f"SET LOCAL statement_timeout = '{STATEMENT_S}s'"
        with self._errors(), self._engine.connect() as connection:
            driver = connection.connection.driver_connection
            with _ends(driver):
                connection.exec_driver_sql(begin)
                said = {name: values[name] for name in binds}
                rows = _some(driver, str(statement.compile(self._engine)), said, most + 1)
            if len(rows) > most:
                connection.invalidate()  # what else it sends is not waited for
            return rows

    def update(self, sql: str, batch: Sequence[Values], *, proves: bool) -> list[int]:
        statement, binds = self._statement(sql)
        with (
            self._errors(),
            self._engine.begin() as connection,
            _ends(connection.connection.driver_connection),
        ):
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{STATEMENT_S}s'")

            def run(values: Values) -> int:
                return int(connection.execute(statement, {name: values[name] for name in binds}).rowcount)

            if proves:
                return _checked(run, batch, proves)
            driver = connection.connection.driver_connection
            touched = self._together(driver, str(statement.compile(self._engine)), binds, batch)
            for number, count in enumerate(touched):
                if count not in (0, 1):
                    raise Lied(number, count)
            return touched

    def _together(self, driver: Any, sql: str, binds: frozenset[str], batch: Sequence[Values]) -> list[int]:
        """Run the updates in one round trip (libpq's pipeline mode), and count what each of them touched."""
        cursors = [driver.cursor() for _ in batch]
        with driver.pipeline():
            for cursor, values in zip(cursors, batch, strict=True):
                cursor.execute(sql, {name: values[name] for name in binds})
        return [int(cursor.rowcount) for cursor in cursors]

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self._library.exc.DBAPIError as error:
            raise self._told(error.orig or error, lost=error.connection_invalidated) from None
        except (self._driver.Error, self._library.exc.SQLAlchemyError) as error:
            raise self._told(error, lost=False) from None
        except (ValueError, TypeError, ArithmeticError, RuntimeError) as error:  # made of an answer, by the driver
            self._engine.dispose()
            why = f"its answer makes no sense: {masked(str(error), self._database)[:200]}"
            raise DatabaseError(f"{self._database.shown} refused", why=why, hint=_HINT) from None

    def _told(self, error: BaseException, *, lost: bool) -> DatabaseError:
        lines = [line.strip() for line in masked(str(error), self._database).splitlines() if line.strip()]
        why = "; ".join(lines[:3])[:500] or type(error).__name__
        state = getattr(error, "sqlstate", None)
        if state is None and isinstance(error, (self._driver.DataError, self._driver.ProgrammingError)):
            return DatabaseError(f"{self._database.shown} refused", why=why, hint=_CORRECT)
        if state is None or lost or (state[:2] in ("08", "57", "53") and state != "57014"):
            with suppress(Exception):
                self._engine.dispose()
            refused = any(word in why for word in ("password", "authentication", "does not exist", "no pg_hba"))
            kind = DatabaseError if refused else Gone
            return kind(f"cannot reach {self._database.shown}", why=why, hint=_HINT)
        if state == "25006":
            return DatabaseError(
                f"{self._database.shown} refused",
                why=f"the `select` would change something: {why}",
                hint="a select only reads; what a row gets is in `update`",
            )
        return DatabaseError(f"{self._database.shown} refused", why=why, hint=_CORRECT)
