"""Statements on a database of somebody else's: they end, by instructions and by the clock."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from s3sync.archive.rows.connection import connect
from s3sync.config.databases import Database
from s3sync.errors import DatabaseError
from s3sync.state import trusted

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most}) "


@pytest.fixture
def hardened() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        trusted.harden(connection)
        yield connection


@pytest.mark.parametrize(
    "slow", ["length(hex(randomblob(4000000)))", "length(replace(hex(zeroblob(2000000 + i * 0)), '0', '11'))"]
)
def test_few_instructions_that_take_long_end_by_the_clock(
    monkeypatch: pytest.MonkeyPatch, hardened: sqlite3.Connection, slow: str
) -> None:
    """Of functions that take long, the instructions that are counted are too few to matter."""
    statement = NUMBERS.format(most=400) + f"SELECT sum({slow}) FROM n"
    monkeypatch.setattr(trusted, "MOST_S", 0.3)
    trusted.harden(hardened)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        hardened.execute(statement).fetchall()


def test_a_statement_that_takes_no_time_ends_by_its_instructions(
    monkeypatch: pytest.MonkeyPatch, hardened: sqlite3.Connection
) -> None:
    monkeypatch.setattr(trusted, "MOST_STEPS", 100)
    trusted.harden(hardened)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        hardened.execute(NUMBERS.format(most=100_000) + "SELECT count(*) FROM n").fetchall()
    assert hardened.execute("SELECT 1").fetchall() == [(1,)], "of each statement anew, once it is renewed"


def test_a_pattern_that_is_compared_for_hours_is_none(hardened: sqlite3.Connection) -> None:
    """Comparing is one instruction: nobody looks at the clock in between."""
    pattern = "%a" * 20_000 + "%b"
    with pytest.raises(sqlite3.Error, match="pattern too complex"):
        hardened.execute("SELECT hex(zeroblob(20000000)) LIKE ?", (pattern,)).fetchall()


def test_a_view_of_a_committed_database_ends_with_one_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "media.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        numbers = NUMBERS.format(most=400)
        connection.execute(f"CREATE VIEW media AS {numbers} SELECT hex(randomblob(8000000 + i * 0)) AS id FROM n")
    media = connect(Database(f"sqlite:///{file}", "a test", True, path=file))
    monkeypatch.setattr(trusted, "MOST_S", 0.3)
    with pytest.raises(DatabaseError, match="takes more than"):
        media.page("SELECT count(DISTINCT id) AS id FROM media", {}, 10)
