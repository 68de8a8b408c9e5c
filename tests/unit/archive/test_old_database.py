"""An older tool's database is read as a file that anybody may have made."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from s3sync.archive import old_database as reading
from s3sync.archive.old_database import read_old_record
from s3sync.errors import LocalError, S3syncError, UsageError
from tests.unit.archive.old_tool import old_database, row

FULL = row(
    "M31_20240115",
    "backups/raw/2024/M31_20240115.tar",
    session_date="2024-01-15",
    s3_etag='"abc-5"',
    s3_version_id="v1",
    file_count=42,
    original_size_bytes=900,
    compressed_size_bytes=1000,
    archive_policy="fast",
    backup_policy="deep-archive",
    current_storage_class="DEEP_ARCHIVE",
    transition_date="2024-01-22 10:00:00.000000",
    uploaded_at="2024-01-15 23:10:11.123456",
    verified=1,
    restore_requested_at="2024-03-01 00:00:00",
    restore_expires_at="2024-03-08 00:00:00",
    restore_tier="Bulk",
    camera_name="ASI2600MM",
    telescope_name="FRA400",
    notes="clouds after 2",
)


def read(path: Path) -> reading.OldRecord:
    return read_old_record(path, "sessions", "backups/")


def test_all_that_the_tool_recorded_is_read(tmp_path: Path) -> None:
    path = old_database(
        tmp_path / "catalog.db",
        [FULL],
        [{"session_id": "M31_20240115", "s3_bucket": "vault", "s3_key": "backups/n.md", "file_size_bytes": 5}],
        [
            {"operation_type": "upload", "operation_status": "success", "session_id": "M31_20240115",
             "s3_key": "backups/raw/x.tar", "timestamp": "2024-01-15 23:10:12", "bytes_transferred": 1000},
        ],
        [{"stat_date": "2024-01-16 00:00:00", "total_archives": 1, "total_compressed_size_bytes": 1000}],
    )  # fmt: skip
    before = path.read_bytes()
    found = read(path)
    (one,) = found.archives
    assert (one.etag, one.size, one.files, one.day, one.expected_class) == (
        "abc-5",
        1000,
        42,
        "2024-01-15",
        "DEEP_ARCHIVE",
    )
    assert (one.uploaded_at, one.moved_at) == ("2024-01-15T23:10:11Z", "2024-01-22T10:00:00Z")
    assert (one.camera, one.telescope, one.notes, one.wrong) == ("ASI2600MM", "FRA400", "clouds after 2", ())
    assert [(note.key, note.size) for note in found.notes] == [("backups/n.md", 5)]
    assert [(entry.at, entry.action, entry.key, entry.outcome) for entry in found.log] == [
        ("2024-01-15T23:10:12Z", "upload", "raw/x.tar", "done")
    ]
    assert [(day.day, day.archives, day.size) for day in found.statistics] == [("2024-01-16", 1, 1000)]
    assert not found.missing and not found.refused
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["catalog.db"]


def test_columns_and_tables_that_are_missing_are_told_and_the_rest_is_read(tmp_path: Path) -> None:
    lacking = {"camera_name", "telescope_name", "s3_etag", "s3_backup_log", "s3_backup_stats"}
    path = old_database(tmp_path / "c.db", [row("M31", "backups/raw/M31.tar", notes="hazy")], without=lacking)
    found = read(path)
    assert [(one.session_id, one.notes, one.camera) for one in found.archives] == [("M31", "hazy", None)]
    assert found.missing == [
        "s3_backup_archives has no s3_etag, camera_name, telescope_name",
        "no table s3_backup_log",
        "no table s3_backup_stats",
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"s3_key": b"\x00\xff"}, "key"),
        ({"s3_key": ""}, "key"),
        ({"s3_key": "k" * 5000}, "key"),
        ({"session_id": "a\0b"}, "session_id"),
        ({"session_id": b"\x01"}, "session_id"),
    ],
)
def test_a_row_that_makes_no_sense_is_told_once_and_the_others_are_read(
    tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    path = old_database(
        tmp_path / "c.db", [{**row("bad", "backups/bad.tar"), **wrong}, row("good", "backups/good.tar")]
    )
    found = read(path)
    assert [one.session_id for one in found.archives] == ["good"]
    ((where, why),) = found.refused
    assert where == "s3_backup_archives, row 1" and said in why


@pytest.mark.parametrize(
    "wrong",
    [
        {"file_count": "many"},
        {"compressed_size_bytes": -5},
        {"compressed_size_bytes": 1e300},
        {"uploaded_at": "yesterday"},
        {"session_date": 20240115.5},
        {"s3_etag": "<script>"},
        {"notes": b"\xff\xfe"},
        {"camera_name": "x" * 100_000},
    ],
)
def test_a_detail_of_a_wrong_type_is_left_out_and_told(tmp_path: Path, wrong: dict[str, Any]) -> None:
    (one,) = read(old_database(tmp_path / "c.db", [{**row("M31", "backups/M31.tar"), **wrong}])).archives
    assert len(one.wrong) == 1 and "its " in one.wrong[0]
    assert (one.files, one.size, one.uploaded_at, one.day, one.etag, one.notes, one.camera) == (None,) * 7


def _view(path: Path) -> None:
    old_database(path, without=["s3_backup_archives"])
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE VIEW s3_backup_archives AS SELECT 'x' AS session_id, 'k' AS s3_key, 'b' AS s3_bucket")


def _virtual(path: Path) -> None:
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE VIRTUAL TABLE s3_backup_archives USING fts5(session_id, s3_key)")


def _no_key(path: Path) -> None:
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE TABLE s3_backup_archives (session_id TEXT, s3_bucket TEXT)")


def _other_tool(path: Path) -> None:
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE TABLE photos (id INTEGER)")


def _broken(path: Path) -> None:
    old_database(path, [row(f"M{n}", f"backups/{n}.tar", notes="x" * 3000) for n in range(50)])
    body = bytearray(path.read_bytes())
    body[4096 : len(body) - 4096] = b"\xa5" * (len(body) - 8192)
    path.write_bytes(body)


@pytest.mark.parametrize(
    "make",
    [
        _view,
        _virtual,
        _no_key,
        _other_tool,
        _broken,
        lambda path: path.write_bytes(b"SQLite format 3\0" + b"\x13" * 5000),
        lambda path: path.write_text("not a database at all"),
        lambda path: path.mkdir(),
        lambda path: os.mkfifo(path),
        lambda path: old_database(path).with_name(f"{path.name}-journal").write_bytes(b"\xd9\xd5\x05\xf9"),
        lambda path: None,
    ],
)  # fmt: skip
def test_what_is_no_database_of_the_tool_ends_in_one_error(tmp_path: Path, make: Callable[[Path], Any]) -> None:
    make(tmp_path / "catalog.db")
    with pytest.raises((UsageError, LocalError)) as caught:
        read(tmp_path / "catalog.db")
    error: S3syncError = caught.value
    assert error.hint and "catalog.db" in str(error)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE /*(*/ VIRTUAL TABLE s3_backup_archives USING rtree(session_id, s3_key, s3_bucket)",
        "CREATE -- (\n VIRTUAL TABLE s3_backup_archives USING fts4(session_id, s3_key, s3_bucket)",
    ],
)
def test_a_table_that_calls_itself_plain_and_is_something_else_is_not_asked(tmp_path: Path, sql: str) -> None:
    """What the schema says of a table's kind is one more word of whoever made the file."""
    path = old_database(tmp_path / "catalog.db", [row("M31", "backups/M31.tar")], around=())
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute("UPDATE sqlite_master SET sql = ?, rootpage = 0 WHERE name = 's3_backup_archives'", (sql,))
    with pytest.raises(LocalError, match="no plain table"):
        read(path)


def test_nothing_in_it_runs(tmp_path: Path) -> None:
    """Generated columns would make any amount of text of nothing."""
    path = tmp_path / "catalog.db"
    with closing(sqlite3.connect(path)) as made, made:
        made.execute(
            "CREATE TABLE s3_backup_archives (session_id TEXT, s3_key TEXT, s3_bucket TEXT,"
            " notes TEXT AS (hex(zeroblob(100000000))), file_count INTEGER AS (abs(-9223372036854775808)) STORED)"
        )
        made.execute("CREATE INDEX ix ON s3_backup_archives (session_id, s3_key, s3_bucket) WHERE s3_key > ''")
    found = read(path)
    assert found.archives == []
    assert "notes" in found.missing[0] and "file_count" in found.missing[0]


def test_it_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old_database(tmp_path / "c.db", [row(f"M{n}", f"backups/{n}.tar", notes="x" * 100) for n in range(30)])
    for name, most in (("MOST_ROWS", 20), ("MOST_TEXT", 2000), ("MOST_BYTES", 4096)):
        with monkeypatch.context() as patch, pytest.raises(LocalError):
            patch.setattr(reading, name, most)
            read(path)
    assert len(read(path).archives) == 30


def test_what_is_still_in_the_write_ahead_log_is_read_and_a_link_may_lead_there(tmp_path: Path) -> None:
    path = old_database(tmp_path / "real.db")
    (tmp_path / "link.db").symlink_to(path)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO s3_backup_archives (session_id, s3_bucket, s3_key) VALUES ('M1', 'b', 'backups/k')")
        writer.commit()
        assert [one.session_id for one in read(tmp_path / "link.db").archives] == ["M1"]
