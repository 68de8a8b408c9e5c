"""A table that others write, or whose address they commit: each row speaks for itself, and none of it is waited for."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.archive.rows import sqlite_file
from s3sync.archive.rows import table as tables
from s3sync.archive.rows.connection import connect
from s3sync.archive.rows.port import Connection
from s3sync.config.databases import Database, database_of
from s3sync.config.settings import load_settings
from s3sync.core.archive.rows import fields_of, parse_row
from s3sync.core.archive.values import ArchiveSet, Pack, RowRules, UnitKind
from s3sync.errors import ConfigError, S3syncError
from s3sync.state import trusted
from tests.kit.journals import plant_journal

SELECT = "SELECT id, archive_url FROM media WHERE id > :last ORDER BY id LIMIT :limit"
UPDATE = "UPDATE media SET archive_url = :archive_url WHERE id = :id"
PATIENCE_S = 20
root_only = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give links away")


def media(path: Path, *more: str) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE media (id INTEGER PRIMARY KEY, archive_url TEXT)")
        connection.execute("INSERT INTO media VALUES (1, NULL)")
        for sql in more:
            connection.execute(sql)
    return path


def opened(path: Path) -> Connection:
    return connect(Database(f"sqlite:///{path}", "a test", True, path=path))


def set_of(select: str = SELECT, url: str | None = None) -> ArchiveSet:
    rules = RowRules(select, UPDATE, url, None, 0)
    return ArchiveSet(
        name="media", source="cache", unit=UnitKind.FILE, store="s3://b/x", layout="{md5}.{ext}", rows=rules,
        pack=Pack.NONE, confined=True,
    )  # fmt: skip


# -- the file of a database


@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_in_place_of_a_database_is_not_waited_for(tmp_path: Path, ending: str, linked: bool) -> None:
    there = media(tmp_path / "media.db")
    if not ending:
        there.unlink()
    os.mkfifo(f"{there}{ending}")
    path = tmp_path / "link.db" if linked else there
    if linked:
        path.symlink_to(there)
    said: list[str] = []

    def ask() -> None:
        try:
            opened(path).page("SELECT id FROM media", {}, 10)
        except S3syncError as error:
            said.append(str(error))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(PATIENCE_S)
    if asking.is_alive():
        with suppress(OSError):
            os.close(os.open(f"{there}{ending}", os.O_WRONLY | os.O_NONBLOCK))  # lets it go
    assert len(said) == 1 and "named pipe" in said[0]


def test_the_journal_beside_a_links_end_deletes_no_other_file(tmp_path: Path) -> None:
    canary, link = tmp_path / "canary", tmp_path / "media.db"
    (tmp_path / "data").mkdir()
    there = media(tmp_path / "data/real.db")
    canary.write_text("canary")
    link.symlink_to("data/real.db")
    found = opened(link)
    assert found.page("SELECT id FROM media", {}, 10) == [{"id": 1}]
    plant_journal(there, str(canary))
    with pytest.raises(S3syncError, match="cannot open"):
        found.update(UPDATE, [{"id": 1, "archive_url": "u"}], proves=False)
    assert canary.read_text() == "canary"


@root_only
@pytest.mark.parametrize("whole", [False, True])
def test_f49_no_link_of_another_user_leads_to_a_database(tmp_path: Path, whole: bool) -> None:
    """Nor does one that is there when the rows are to get their addresses: each page and batch opens the file anew."""
    for name in ("private", "shared"):
        (tmp_path / name).mkdir()
        media(tmp_path / name / "media.db")
    found = opened(tmp_path / "shared/media.db")
    place = tmp_path / "shared" if whole else tmp_path / "shared/media.db"
    place.rename(tmp_path / "away")
    place.symlink_to(tmp_path / "private" / ("" if whole else "media.db"))
    assert opened(tmp_path / "shared/media.db").page("SELECT id FROM media", {}, 10), "one of the user's own"
    os.lchown(place, 12345, 12345)
    for ask in (
        lambda: opened(tmp_path / "shared/media.db"),
        lambda: found.page(SELECT, {"last": 0, "limit": 10}, 10),
        lambda: found.update(UPDATE, [{"id": 1, "archive_url": "u"}], proves=False),
    ):
        with pytest.raises(S3syncError, match=r"cannot open .*link of another user"):
            ask()
    with closing(sqlite3.connect(tmp_path / "private/media.db")) as private:
        assert private.execute("SELECT * FROM media").fetchall() == [(1, None)]


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_f49_nor_one_that_comes_after_the_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("private", "nas/team"):
        (tmp_path / name / "shared").mkdir(parents=True)
        media(tmp_path / name / "shared/media.db")
    (tmp_path / "nas").chmod(0o777)
    found, check = opened(tmp_path / "nas/team/shared/media.db"), trusted.require_harmless

    def too_early(path: Path) -> None:
        check(path)
        (tmp_path / "nas/team").rename(tmp_path / "away")
        (tmp_path / "nas/team").symlink_to(tmp_path / "private")

    monkeypatch.setattr(trusted, "require_harmless", too_early)
    with pytest.raises(S3syncError, match=r"cannot open .*link"):
        found.update(UPDATE, [{"id": 1, "archive_url": "u"}], proves=False)
    with closing(sqlite3.connect(tmp_path / "private/shared/media.db")) as private:
        assert private.execute("SELECT * FROM media").fetchall() == [(1, None)]


def test_a_file_beside_it_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    canary, there = tmp_path / "canary", media(tmp_path / "media.db")
    canary.write_bytes(b"canary" * 1000)
    with closing(sqlite3.connect(there)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    for ending in ("-wal", "-shm"):
        Path(f"{there}{ending}").unlink(missing_ok=True)
        Path(f"{there}{ending}").symlink_to(canary)
        with pytest.raises(S3syncError, match="cannot open"):
            opened(there)
        Path(f"{there}{ending}").unlink()
    assert canary.read_bytes() == b"canary" * 1000


# -- what it answers


def test_a_page_of_huge_cells_is_not_held(tmp_path: Path) -> None:
    large = media(tmp_path / "media.db", "CREATE VIEW large AS SELECT id, zeroblob(2000000) AS path FROM media")
    numbers = "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c LIMIT 20)"
    ask = f"{numbers} SELECT n AS id, hex(path) AS path, path AS md5 FROM c, large"
    found = opened(large).page(ask, {}, 100)
    assert len(found) == 20 and {(len(row["path"]), len(row["md5"])) for row in found} == {(4097, 4097)}


def test_rows_without_end_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = (
        "CREATE VIEW endless AS WITH RECURSIVE c(id) AS (VALUES (1) UNION ALL SELECT id + 1 FROM c) SELECT id FROM c"
    )
    path = media(tmp_path / "media.db", endless)
    monkeypatch.setattr(tables, "MOST_ROWS", 5000)
    select = "SELECT id FROM endless WHERE id > :last ORDER BY id LIMIT :limit".replace(" ORDER BY id", "")
    found = tables.Table(set_of(select), "s3://b/x", opened(path))
    with pytest.raises(ConfigError, match="more than 5,000 rows"):
        for number, _ in enumerate(found.rows()):
            assert number < 5000


def test_a_text_that_is_none_is_a_matter_of_its_row(tmp_path: Path) -> None:
    path = media(tmp_path / "media.db", "INSERT INTO media VALUES (2, CAST(x'2fff80' AS TEXT))")
    found = opened(path).page(SELECT, {"last": 0, "limit": 10}, 10)
    assert found == [{"id": 1, "archive_url": None}, {"id": 2, "archive_url": "/\ufffd\ufffd"}]


SORTED = """
import resource, sys
from pathlib import Path
from s3sync.archive.rows.connection import connect
from s3sync.config.databases import Database

resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
path = Path(sys.argv[1])
media = connect(Database("it", "a test", True, path=path))
print(len(media.page("SELECT id, path FROM large ORDER BY id DESC LIMIT 30", {}, 30)))
"""


@pytest.mark.skipif(os.name != "posix", reason="the size of files is bounded by POSIX")
def test_what_a_view_has_sorted_fills_no_disk(tmp_path: Path) -> None:
    """Its rows may be 60 MB each, and a page of them goes into a temporary file: none of this process may be large."""
    rows = "WITH RECURSIVE c(id) AS (VALUES (1) UNION ALL SELECT id + 1 FROM c LIMIT 40)"
    path = media(tmp_path / "media.db", f"CREATE VIEW large AS {rows} SELECT id, zeroblob(2000000) AS path FROM c")
    done = subprocess.run([sys.executable, "-c", SORTED, str(path)], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("30", "")


def test_a_trigger_fills_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c LIMIT 40) SELECT zeroblob(1000000) FROM c"
    trigger = f"CREATE TRIGGER more AFTER UPDATE ON media BEGIN INSERT INTO other {rows}; END"
    path = media(tmp_path / "media.db", "CREATE TABLE other (more)", trigger)
    monkeypatch.setattr(sqlite_file, "MOST_GROWTH", 4_000_000)
    write = {"id": 1, "archive_url": "u", "old": None}
    with pytest.raises(S3syncError, match="refused"):
        opened(path).update(UPDATE, [write], proves=False)
    assert path.stat().st_size < 5_000_000
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER more")
    assert opened(path).update(UPDATE, [write], proves=False) == [1]


def test_rows_of_much_text_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty million of them would be a terabyte on this disk."""
    rows = "WITH RECURSIVE c(id) AS (VALUES (1) UNION ALL SELECT id + 1 FROM c LIMIT 100)"
    wide = f"CREATE VIEW wide AS {rows} SELECT id, hex(zeroblob(2000)) AS path FROM c"
    path = media(tmp_path / "media.db", wide)
    monkeypatch.setattr(tables, "MOST_KEPT", 40_000)
    select = "SELECT id, path FROM wide WHERE id > :last ORDER BY id LIMIT :limit"
    taken = 0
    with pytest.raises(ConfigError, match=r"more than 40\.0 KB of text"):
        for _ in tables.Table(set_of(select), "s3://b/x", opened(path)).rows():
            taken += 1
    assert taken == 10


ZONES = ("UTC", "America/New_York", "Asia/Tokyo", "Pacific/Kiritimati")
TIMES = st.one_of(
    st.datetimes().map(lambda when: when.isoformat() + "+00:00"), st.datetimes(), st.dates(), st.floats(),
    st.integers(-(10**13), 10**13), st.sampled_from(["0001-01-01", "9999-12-31T23:59:59+00:00", "infinity"]),
)  # fmt: skip


@given(TIMES, st.sampled_from(ZONES))
def test_a_time_that_is_taken_has_a_day_in_the_zone_of_its_set(said: Any, name: str) -> None:
    zone = ZoneInfo(name)
    row = parse_row({"id": 1, "md5": "0" * 32, "created_at": said}, zone)
    assert row.problem is not None or fields_of(row, row.md5, "jpg", zone)["year"].isdigit()


# -- its address


def asked(url: str, environ: Mapping[str, str], tmp_path: Path) -> Database:
    settings = load_settings(tmp_path, flags={}, environ={"HOME": str(tmp_path), **environ})
    return database_of(set_of(url=url), settings, environ)


@pytest.mark.parametrize(
    ("mine", "theirs", "counts"),
    [
        ({"PGSSLMODE": "verify-full"}, "sslmode=require", {"sslmode": "verify-full"}),
        ({"PGSSLMODE": "verify-ca"}, "sslmode=disable", {"sslmode": "verify-ca"}),
        ({"PGSSLMODE": "prefer"}, "sslmode=verify-full", {"sslmode": "verify-full"}),
        ({"PGSSLMODE": "verify-full"}, "sslmode=verify-nothing", {"sslmode": "verify-full"}),
        ({"PGCHANNELBINDING": "require"}, "channel_binding=disable", {"channel_binding": "require"}),
        ({"PGGSSENCMODE": "require"}, "gssencmode=prefer", {"gssencmode": "require"}),
        ({}, "sslmode=require", {"sslmode": "require"}),
        ({"PGSSLMODE": "verify-full"}, "connect_timeout=9", {"sslmode": None, "connect_timeout": "9"}),
    ],
)
def test_a_repository_takes_no_protection_back(
    mine: dict[str, str], theirs: str, counts: dict[str, str | None], tmp_path: Path
) -> None:
    found = asked(f"postgresql://host/db?{theirs}", mine, tmp_path).said
    assert {name: found.get(name) for name in counts} == counts
    own = asked("DATABASE_URL", {**mine, "DATABASE_URL": f"postgresql://host/db?{theirs}"}, tmp_path)
    name, _, value = theirs.partition("=")
    assert own.said[name] == value, "what the user says himself is his"


def test_what_counts_before_a_service_of_mine_is_shown(tmp_path: Path) -> None:
    found = asked("postgresql://host/db?sslmode=prefer&channel_binding=disable", {"PGSERVICE": "prod"}, tmp_path)
    assert found.shown == "postgresql://host/db?sslmode=prefer&channel_binding=disable&service=prod"


@pytest.mark.parametrize(
    "name", ["PGSERVICEFILE", "PGSYSCONFDIR", "PGPASSFILE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLCRL", "PGSSLCRLDIR"]
)
def test_no_path_of_mine_for_postgresql_begins_in_a_clone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its library takes one without its beginning from the current folder, where a stranger says whom to log in to."""
    database = Database("postgresql://host/db", "a test", False, said={"host": "127.0.0.1", "port": "1"})
    monkeypatch.setenv(name, "pg/mine")
    with pytest.raises(ConfigError, match="pg/mine"):
        connect(database)
    monkeypatch.setenv(name, "system" if name == "PGSSLROOTCERT" else "/etc/pg/mine")
    connect(database).close()


@pytest.mark.parametrize("seconds", ["0", "-1", "99999", "1e9", "x", "61"])
def test_a_repository_has_nobody_wait_for_a_connection(seconds: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="connect_timeout"):
        asked(f"postgresql://host/db?connect_timeout={seconds}", {}, tmp_path)
