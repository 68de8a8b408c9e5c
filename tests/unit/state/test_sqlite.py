"""`Database`: versions, and migrations that are killed at any point."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from s3sync.errors import LocalError
from s3sync.state.sqlite import Database, Migration, run_script, version_of

V1 = "CREATE TABLE film (name TEXT PRIMARY KEY, length INTEGER);"
V2 = "CREATE TABLE film (name TEXT PRIMARY KEY, length INTEGER, year INTEGER);"
V3 = "CREATE TABLE film (name TEXT PRIMARY KEY, length INTEGER, year INTEGER);\nCREATE TABLE maker (name TEXT);"


def add_maker(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE maker (name TEXT)")
    connection.execute("INSERT INTO maker VALUES ('of ' || (SELECT count(*) FROM film))")
    connection.execute("UPDATE film SET year = 1999")


ADD_YEAR = "ALTER TABLE film ADD COLUMN year INTEGER;\nUPDATE film SET year = 1900;"
MIGRATIONS: tuple[Migration, ...] = (ADD_YEAR, add_maker)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of version 1."""
    path = tmp_path / "films.db"
    with Database(path, V1, ()) as db:
        db.execute("INSERT INTO film VALUES ('a; b', 90)")
    return path


def content(path: Path) -> tuple[int, list[str], list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        rows = connection.execute("SELECT * FROM film").fetchall()
        return version_of(connection), [row[0] for row in tables], rows


NEW = (3, ["film", "maker"], [("a; b", 90, 1999)])
MIDDLE = (2, ["film"], [("a; b", 90, 1900)])
OLD = (1, ["film"], [("a; b", 90)])


def test_step_by_step_to_the_newest_version(path: Path) -> None:
    Database(path, V3, MIGRATIONS).close()
    assert content(path) == NEW
    Database(path, V3, MIGRATIONS).close()
    assert content(path) == NEW


def test_a_new_file_is_of_the_newest_version_at_once(tmp_path: Path) -> None:
    with Database(tmp_path / "new.db", V3, MIGRATIONS) as db:
        assert db.execute("SELECT count(*) FROM maker") == [(0,)]
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        assert version_of(connection) == 3


def test_looking_migrates_a_copy_only(path: Path) -> None:
    before = path.read_bytes()
    with Database(path, V3, MIGRATIONS, read_only=True) as db:
        assert db.execute("SELECT year FROM film") == [(1999,)]
    assert path.read_bytes() == before


def test_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    Database(path, V3, MIGRATIONS).close()
    with pytest.raises(LocalError) as caught:
        Database(path, V2, MIGRATIONS[:1])
    assert "newer" in caught.value.message and "upgrade s3sync" in (caught.value.hint or "")
    assert content(path) == NEW


@pytest.mark.parametrize("step", [0, 1])
def test_f44_a_step_that_fails_leaves_what_was_before_it(path: Path, step: int) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE film SET length = 0")
        connection.execute("CREATE TABLE half (name TEXT)")
        raise RuntimeError("killed")

    broken = [*MIGRATIONS[:step], fail, *MIGRATIONS[step + 1 :]]
    with pytest.raises(RuntimeError):
        Database(path, V3, broken)
    assert content(path) == (OLD if step == 0 else MIDDLE)
    Database(path, V3, MIGRATIONS).close()
    assert content(path) == NEW


KILLED = """
import os, signal, sys
from pathlib import Path
from s3sync.state.sqlite import Database
from tests.unit.state.test_sqlite import MIGRATIONS, V3

def dying(connection):
    count = 0
    def look(statement):
        nonlocal count
        count += 1
        if count > {after}:
            os.kill(os.getpid(), signal.SIGKILL)
    connection.set_trace_callback(look)
    MIGRATIONS[1](connection)

Database(Path(sys.argv[1]), V3, (MIGRATIONS[0], dying)).close()
"""


@pytest.mark.skipif(os.name == "nt", reason="kills by signal")
@pytest.mark.parametrize("after", range(6))
def test_f44_the_second_of_two_migrations_is_killed(path: Path, after: int) -> None:
    """Before each of its three statements, before its version is set, before the commit, and after that."""
    script = KILLED.format(after=after)
    ended = subprocess.run([sys.executable, "-c", script, str(path)], cwd=Path(__file__).parents[3], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert content(path) == (MIDDLE if after < 5 else NEW)
    Database(path, V3, MIGRATIONS).close()
    assert content(path) == NEW


def test_many_that_migrate_at_once(path: Path) -> None:
    failed: list[Exception] = []
    together = threading.Barrier(6)

    def migrate() -> None:
        together.wait()
        try:
            Database(path, V3, MIGRATIONS).close()
        except LocalError as error:
            failed.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert content(path) == NEW


def damaged(good: bytes) -> bytes:
    return good[:4096] + b"\xff" * (len(good) - 4096)


def test_a_damaged_file_is_not_migrated(path: Path) -> None:
    path.write_bytes(damaged(path.read_bytes()))
    before = path.read_bytes()
    with pytest.raises(LocalError) as caught:
        Database(path, V3, MIGRATIONS, repair="mend it")
    assert caught.value.hint == "mend it"
    assert path.read_bytes() == before


def test_a_table_that_is_missing_is_damage(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE film")
    with pytest.raises(LocalError) as caught:
        Database(path, V1, ())
    assert "film" in (caught.value.why or "")


def test_a_script_stays_in_its_transaction(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        run_script(connection, "DELETE FROM film;\nINSERT INTO film VALUES ('semi;\ncolon', 1);\n\n")
        assert connection.in_transaction
        connection.execute("ROLLBACK")
        with pytest.raises(ValueError, match="not a complete statement"):
            run_script(connection, "DELETE FROM film")
    assert content(path) == OLD


def test_a_transaction_is_all_or_nothing(path: Path) -> None:
    with Database(path, V1, ()) as db:
        with pytest.raises(LocalError), db.transaction():
            db.execute("INSERT INTO film VALUES ('b', 1)")
            db.execute_many("INSERT INTO film VALUES (?, 1)", [("c",), ("a; b",)])
        assert db.execute("SELECT name FROM film") == [("a; b",)]


def test_it_closes_only_when_no_thread_is_at_it(path: Path) -> None:
    """SQLite frees what a statement under way still reads: the process died of it, after a Ctrl-C."""
    database, inside, goes_on = Database(path, V3, MIGRATIONS), threading.Event(), threading.Event()
    closed = threading.Event()

    def work() -> None:
        with database.transaction():
            inside.set()
            assert goes_on.wait(30)
            database.execute("SELECT count(*) FROM sqlite_master")

    def close() -> None:
        database.close()
        closed.set()

    worker, closer = threading.Thread(target=work), threading.Thread(target=close)
    worker.start()
    assert inside.wait(30)
    closer.start()
    assert not closed.wait(0.2)
    goes_on.set()
    for thread in (worker, closer):
        thread.join(30)
    assert closed.is_set()
    with pytest.raises(LocalError):
        database.execute("SELECT 1")


def test_what_is_hurried_is_committed_but_not_waited_for(tmp_path: Path) -> None:
    """Another connection sees it at once; the disk is waited for again behind the block, also after an error."""
    with Database(tmp_path / "some.db", "CREATE TABLE t (a INTEGER);", ()) as database:
        with database.hurried():
            assert database.execute("PRAGMA synchronous") == [(1,)]
            database.execute("INSERT INTO t VALUES (7)")
        with sqlite3.connect(tmp_path / "some.db") as other:
            assert other.execute("SELECT a FROM t").fetchall() == [(7,)]
        other.close()
        assert database.execute("PRAGMA synchronous") == [(2,)]
        with pytest.raises(LocalError), database.hurried():
            database.execute("INSERT INTO nothing VALUES (1)")
        assert database.execute("PRAGMA synchronous") == [(2,)]
