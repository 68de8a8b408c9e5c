"""Opening a database, and PostgreSQL: whatever its server answers, or does not, ends in time.

This module alone knows SQLAlchemy and psycopg. PostgreSQL needs the extra `db`, SQLite none. No transaction is open
between two calls, so that transaction poolers work, too: nothing is prepared on the server (`prepare_threshold=None`,
psycopg.org/psycopg3/docs/advanced/prepare.html).
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

from s3sync.archive.rows.cells import bounded, take_as_text
from s3sync.archive.rows.port import AGAIN, CORRECT, Connection, Gone, Lied, Values, checked
from s3sync.archive.rows.sqlite_file import SQLiteFile
from s3sync.archive.rows.strangers import may_be_a_stranger
from s3sync.aside import within
from s3sync.config.databases import Database, masked
from s3sync.core.archive.sql import binds_of, without_binds_in_strings
from s3sync.disk.whole_paths import OF_LIBPQ, require_whole
from s3sync.errors import ConfigError, DatabaseError, S3syncError

CONNECT_S, STATEMENT_S = 10, 120
"""Seconds that a connection may take, and one statement."""
CANCEL_S = 2.0
"""Seconds in which a server may take note that a query is given up."""
GRACE_S = 30
"""Seconds after which a server is not waited for that has not ended a page or a batch by itself: what SQLAlchemy asks
first of a new connection, and the end of the transaction, are parts of it."""
_KNOWS_METHODS = 160000
"""First version of libpq that can refuse a way to log in (`require_auth`)."""
_IN_CLEAR = (
    "say how the line is protected, as ?sslmode=require, or in your own variable that it may: ?require_auth=password"
)
_ANOTHERS = "another user of this computer has that port: is your own server, or the tunnel to it, running?"


def connect(database: Database) -> Connection:
    """Open a database. Raises `DatabaseError`, and `ConfigError` where the extra is missing."""
    return SQLiteFile(database) if database.path is not None else _Postgres(database)


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
    with suppress(Exception), socket.fromfd(driver.pgconn.socket, socket.AF_INET, socket.SOCK_STREAM) as line:
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


class _Line:
    """The connection there is, and the end of one that keeps no limit of its own, or is no PostgreSQL: it would be
    waited for for ever, also by what SQLAlchemy asks it before a statement, or after."""

    def __init__(self) -> None:
        self._driver: Any = None
        self._timer: threading.Timer | None = None

    def begins(self, driver: Any) -> None:
        """A new connection, which has its time from now on."""
        self._driver = driver
        self._arm()

    @contextmanager
    def ends(self) -> Iterator[None]:
        """End the connection when a block takes longer than a server's own limit lets it."""
        if self._driver is not None:
            self._arm()
        try:
            yield
        finally:
            self._disarm()
            if self._driver is not None and self._driver.over is not None:
                self._driver.over.cancel()

    def _arm(self) -> None:
        self._disarm()
        self._timer = _shut_after(STATEMENT_S + GRACE_S, self._driver)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


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
            self._in_clear = _IN_CLEAR
            if may_be_a_stranger(database.said, os.environ):
                said["require_auth"], self._in_clear = "!password", _ANOTHERS
            if psycopg.pq.version() < _KNOWS_METHODS:
                said.pop("require_auth", None)
            try:
                driver = within(STATEMENT_S + GRACE_S, lambda: abandoning.connect(**said, prepare_threshold=None))
            except TimeoutError:  # a server says how often its password is hashed, which is not waited for by libpq
                raise psycopg.OperationalError("logging in to it takes too long") from None
            self._line.begins(driver)
            take_as_text(psycopg, driver)
            return driver

        for library in ("psycopg", "sqlalchemy"):  # what they log has words of the server, and is no error of ours
            logging.getLogger(library).addHandler(logging.NullHandler())
        self._library, self._driver, self._line = sqlalchemy, psycopg, _Line()
        self._engine = sqlalchemy.create_engine(
            "postgresql+psycopg://", creator=begun, pool_size=1, max_overflow=0, hide_parameters=True,
            use_native_hstore=False,  # the server says which type that is, and could call texts so
        )  # fmt: skip
        self._in_clear = _IN_CLEAR
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
        with self._errors(), self._line.ends(), self._engine.connect() as connection:
            connection.exec_driver_sql(begin)
            said = {name: values[name] for name in binds}
            driver = connection.connection.driver_connection
            rows = _some(driver, str(statement.compile(self._engine)), said, most + 1)
            if len(rows) > most:
                connection.invalidate()  # what else it sends is not waited for
            return rows

    def update(self, sql: str, batch: Sequence[Values], *, proves: bool) -> list[int]:
        statement, binds = self._statement(sql)
        with self._errors(), self._line.ends(), self._engine.begin() as connection:
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{STATEMENT_S}s'")

            def run(values: Values) -> int:
                return int(connection.execute(statement, {name: values[name] for name in binds}).rowcount)

            if proves:
                return checked(run, batch, proves)
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
        except (S3syncError, Lied):
            raise
        except Exception as error:  # noqa: BLE001 - made of an answer, by the driver or SQLAlchemy
            self._engine.dispose()
            why = f"its answer makes no sense: {masked(str(error), self._database)[:200]}"
            raise DatabaseError(f"{self._database.shown} refused", why=why, hint=AGAIN) from None

    def _told(self, error: BaseException, *, lost: bool) -> DatabaseError:
        lines = [line.strip() for line in masked(str(error), self._database).splitlines() if line.strip()]
        why = "; ".join(lines[:3])[:500] or type(error).__name__
        state = getattr(error, "sqlstate", None)
        if state is None and isinstance(error, (self._driver.DataError, self._driver.ProgrammingError)):
            return DatabaseError(f"{self._database.shown} refused", why=why, hint=CORRECT)
        if state is None or lost or (state[:2] in ("08", "57", "53") and state != "57014"):
            with suppress(Exception):
                self._engine.dispose()
            refused = any(word in why for word in ("password", "authentication", "does not exist", "no pg_hba"))
            kind, hint = DatabaseError if refused else Gone, self._in_clear if "requested a cleartext" in why else AGAIN
            return kind(f"cannot reach {self._database.shown}", why=why, hint=hint)
        if state == "25006":
            return DatabaseError(
                f"{self._database.shown} refused",
                why=f"the `select` would change something: {why}",
                hint="a select only reads; what a row gets is in `update`",
            )
        return DatabaseError(f"{self._database.shown} refused", why=why, hint=CORRECT)
