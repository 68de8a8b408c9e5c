"""A damaged database of which SQLite repeats bytes that are no text: one error that says the way out, each time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from s3sync.archive.rows.connection import connect
from s3sync.config.databases import Database
from s3sync.errors import DatabaseError
from tests.kit.people import Person, pair
from tests.scenarios.archive.conftest import put, settings
from tests.unit.archive.old_tool import old_database


def spoil(path: Path) -> None:
    """Make the text of its first table one at which SQLite quotes a byte that no text has."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for ending in ("-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    whole = path.read_bytes()
    at = whole.index(b"CREATE TABLE") + len(b"CREATE TABLE")
    path.write_bytes(whole[:at] + b" \xf6 \xff" + whole[at + 4 :])
    with closing(sqlite3.connect(path)) as connection, pytest.raises(UnicodeDecodeError):
        connection.execute("SELECT * FROM sqlite_master").fetchall()


def test_a_memory_is_mended_and_a_catalogue_made_anew(tmp_path: Path) -> None:
    david, _ = pair(tmp_path, (tmp_path / "store").as_uri(), {})
    set_ = (
        f"archives:\n  nights:\n    store: file://{tmp_path}/vault\n    source: raw/*\n    layout: '{{year}}/{{id}}'\n"
    )
    settings(david, f"store: {(tmp_path / 'store').as_uri()}\n{set_}")
    put(david.repo, "raw/m42/a.fits", b"light")
    david.write("a.txt", "a")
    david.ok("up")
    david.ok("archive", "run", cwd=david.repo)
    spoil(david.staging / ".s3sync/state.db")
    assert "s3sync doctor --fix" in david.expect(1, "status").err
    david.ok("doctor", "--fix")
    assert david.states() == {"a.txt": "in_sync"}
    (catalogue,) = (david.root / "home").rglob("archive/*.db")
    spoil(catalogue)
    assert "catalogue rebuild --anew" in david.expect(1, "archive", "list", cwd=david.repo).err
    david.ok("archive", "catalogue", "rebuild", "--anew", cwd=david.repo)
    assert "m42" in david.ok("archive", "list", cwd=david.repo).out


def test_that_of_another_tool_is_refused(tmp_path: Path) -> None:
    david = Person("david", tmp_path / "david")
    settings(
        david, f"archives:\n  nights:\n    store: file://{tmp_path}/vault\n    source: raw/*\n    layout: '{{id}}'\n"
    )
    old = old_database(tmp_path / "catalog.db")
    spoil(old)
    refused = david.expect(1, "archive", "adopt", "--from", str(old), "--set", "nights", cwd=david.repo)
    assert "what it says of its tables is no text" in refused.err
    with pytest.raises(DatabaseError, match="refused"):
        connect(Database("it", "a test", True, path=old))
