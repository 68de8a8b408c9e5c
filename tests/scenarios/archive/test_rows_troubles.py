"""Databases that go away, processes that are killed, two that want the same row, and who may say which database."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from s3sync.archive.rows import table as rows_table
from s3sync.archive.rows.sending import Sent
from s3sync.archives import Archives
from s3sync.errors import DatabaseError
from tests.kit.databases import PASSWORD, PgBouncer, Postgres
from tests.kit.people import Person
from tests.kit.servers import SeaweedFS
from tests.scenarios.archive.conftest import at_home
from tests.scenarios.archive.tables import JPEG, Table, media_set

DEADLINE_S = 60.0


@pytest.fixture
def table(david: Person, postgres: Postgres, tmp_path: Path) -> Table:
    found = Table(david, postgres)
    david.environ = {**david.environ, "DATABASE_URL": found.url}
    media_set(david, f"file://{tmp_path}/store")
    return found


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def locked(server: Postgres) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Hold a lock with which rows can be read, and not written."""
    with psycopg.connect(server.url("media")) as connection:
        connection.execute("LOCK TABLE post_media IN EXCLUSIVE MODE")
        yield connection


def waiting(server: Postgres) -> int:
    """Number of connections that wait to write."""
    return int(server.run("media", "SELECT count(*) FROM pg_locks WHERE NOT granted")[0][0])


def started(person: Person) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*person.program, "archive", "run", "--set", "media", "--json"],
        cwd=person.repo,
        env=person.env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def addresses_are_whole(table: Table, count: int) -> bool:
    found = table.addresses()
    return len(found) == count and None not in found.values()


def test_a_run_that_is_killed_between_object_and_row(
    david: Person, table: Table, postgres: Postgres, tmp_path: Path
) -> None:
    md5 = table.add(1, JPEG + b"one")
    with locked(postgres):
        process = started(david)
        until(lambda: waiting(postgres) == 1)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=DEADLINE_S)
        assert (tmp_path / "store" / "cache/2024/03" / f"{md5}.jpg").exists()
    until(lambda: waiting(postgres) == 0)
    assert table.addresses() == {1: None}
    report = david.ok("archive", "run", "--set", "media", "--json").json
    assert (report["archived"], report["objects_known"], report["bytes_sent"], report["left"]) == (1, 1, 0, 0)
    assert md5 in david.ok("archive", "find", "--md5", md5).out
    david.ok("archive", "verify")


def test_two_that_take_the_same_rows_do_no_harm(
    david: Person, table: Table, postgres: Postgres, seaweedfs: SeaweedFS, tmp_path: Path
) -> None:
    """On a real store: conditional puts make one object, guarded updates one address of it."""
    prefix = f"rows-{os.getpid()}-{tmp_path.name}"
    jan = Person("jan", tmp_path / "jan", {})
    for person in (david, jan):
        person.environ = {**seaweedfs.environment(), "DATABASE_URL": table.url, "S3SYNC_USER": person.name}
        media_set(person, f"s3://{seaweedfs.bucket}/{prefix}", f"    endpoint_url: {seaweedfs.endpoint_url}\n")
    for number in range(1, 6):
        table.add(number, JPEG + bytes([number]))
    shutil.copytree(david.repo / "cache", jan.repo / "cache")
    with locked(postgres):
        both = [started(david), started(jan)]
        until(lambda: waiting(postgres) == 2)
    reports = [process.communicate(timeout=DEADLINE_S) for process in both]
    assert [process.returncode for process in both] == [0, 0], reports
    done = [json.loads(out) for out, _ in reports]
    assert sum(one["archived"] for one in done) == 5
    assert sum(one["changed_by_others"] for one in done) == 5
    assert addresses_are_whole(table, 5)
    listed = seaweedfs.client().list_objects_v2(Bucket=seaweedfs.bucket, Prefix=f"{prefix}/cache/")
    assert listed["KeyCount"] == 5
    assert set(table.addresses().values()) == {f"s3://{seaweedfs.bucket}/{one['Key']}" for one in listed["Contents"]}


def opened(person: Person) -> Archives:
    return Archives.open(path=person.repo, environ={**at_home(person), "S3SYNC_TRUST": "1"})


def test_a_database_that_goes_away_in_the_middle(
    david: Person, table: Table, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 4):
        table.add(number, JPEG + bytes([number]))
    monkeypatch.setattr(rows_table, "WAITS_S", (0.05, 0.05))
    told: list[object] = []

    def stop(one: object) -> None:
        told.append(one)
        if isinstance(one, Sent):
            postgres.stop()

    try:
        with pytest.raises(DatabaseError, match="cannot reach") as raised:
            opened(david).run_rows(told=stop)
    finally:
        postgres.start()
    assert PASSWORD not in f"{raised.value} {raised.value.hint} {told}"
    assert raised.value.report.objects == 3
    assert (raised.value.report.done, raised.value.report.left) == (0, 3)
    assert set(table.addresses().values()) == {None}
    report = david.ok("archive", "run", "--set", "media", "--json").json
    assert (report["archived"], report["bytes_sent"], report["left"]) == (3, 0, 0)


def test_a_database_that_comes_back_is_waited_for(
    david: Person, table: Table, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.add(1, JPEG + b"one")
    monkeypatch.setattr(rows_table, "WAITS_S", (0.1,) * 100)

    def restart(one: object) -> None:
        if isinstance(one, Sent):
            postgres.stop()
            postgres.start()

    assert opened(david).run_rows(told=restart).done == 1
    assert addresses_are_whole(table, 1)


def test_a_database_that_never_answered_is_not_waited_for(david: Person, tmp_path: Path) -> None:
    media_set(david, f"file://{tmp_path}/store")
    (david.repo / "cache/media").mkdir(parents=True)
    found = david.expect(
        1, "archive", "verify", "--set", "media", env={"DATABASE_URL": "postgresql://u:pw@127.0.0.1:1/x"}
    )
    assert "cannot reach postgresql://u@127.0.0.1:1/x" in found.err
    assert "waiting:" not in found.err


def test_a_pooler_by_transactions(david: Person, table: Table, postgres: Postgres) -> None:
    if PgBouncer.program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("pgbouncer is not installed")
        pytest.skip("pgbouncer is not installed")
    for number in range(1, 31):
        table.add(number, JPEG + bytes([number]))
    with PgBouncer(postgres, "media") as pooler:
        david.environ = {**david.environ, "DATABASE_URL": pooler.url + "?pgbouncer=true"}
        for _ in range(3):
            david.ok("archive", "run", "--set", "media", "--limit", "10", "--batch-size", "3")
    assert addresses_are_whole(table, 30)


def test_no_password_is_shown(david: Person, table: Table, postgres: Postgres) -> None:
    (david.repo / "cache/media").mkdir(parents=True)
    wrong = postgres.url("nowhere")
    found = david.expect(1, "archive", "run", "--set", "media", env={"DATABASE_URL": wrong})
    assert 'database "nowhere" does not exist' in found.err
    refused = table.url.replace(":pa", ":xx")
    other = david.run("archive", "run", "--set", "media", "--debug", env={"DATABASE_URL": refused})
    assert other.code == 1
    assert "password authentication failed" in other.err
    for result in (found, other):
        assert PASSWORD not in result.err + result.out
        assert PASSWORD[3:] not in result.err + result.out


def test_a_repository_that_names_a_database_is_asked_about(david: Person, postgres: Postgres, tmp_path: Path) -> None:
    """The process's own variable is the user's word for the database, and not for the repository's statements."""
    table = Table(david, postgres)
    table.add(1, JPEG + b"one")
    media_set(david, f"file://{tmp_path}/store")
    (david.repo / ".env").write_text(f"OTHER=x\nDATABASE_URL={table.url}\n")
    asks = {"S3SYNC_TRUST": None, "DATABASE_URL": None}
    david.ok("archive", "run", "--dry-run", env={"DATABASE_URL": None})
    refused = david.expect(5, "archive", "run", env=asks)
    assert f"this repository now asks the database postgresql://media@127.0.0.1:{postgres.port}/media" in refused.err
    assert PASSWORD not in refused.err
    david.ok("trust", "--yes", env=asks)
    assert "for archives.media" in david.ok("trust", "--list", env=asks).out
    david.ok("archive", "run", env=asks)
    media_set(david, f"file://{tmp_path}/store", update="UPDATE users SET admin = :archive_url WHERE id = :id")
    assert "now asks the database" in david.expect(5, "archive", "run", env=asks).err
    assert "now asks" in david.expect(5, "archive", "run", env={**asks, "DATABASE_URL": table.url}).err


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://host/db?passfile=/tmp/x", "'passfile'"),
        ("postgresql://host/db?sslrootcert=/tmp/x", "a repository's address may not say that"),
        ("postgresql://host/db?service=x", "'service'"),
        ("postgresql+evil://host/db", "no address of a database"),
        ("sqlite:////etc/passwd", "lies outside of the repository"),
        ("sqlite:///../other.db", "lies outside of the repository"),
        ("sqlite:///b63/s3-staging/.s3sync/state.db", "is reserved for s3sync itself"),
        ("sqlite:///.S3Sync/state.db", "is reserved for s3sync itself"),
        ("sqlite:///.git/annex/keys.db", "programs of version control run"),
        ("sqlite:///sub/.GIT./index", "programs of version control run"),
        ("sqlite:///cache/linked/x.db", "programs of version control run"),
    ],
)
def test_what_a_repository_may_not_say_of_a_database(david: Person, tmp_path: Path, url: str, says: str) -> None:
    media_set(david, f"file://{tmp_path}/store")
    (david.repo / "cache").mkdir()
    (david.repo / "cache/linked").symlink_to(david.repo / ".git")
    (david.repo / ".env").write_text(f"DATABASE_URL={url}\n")
    (david.repo / "cache/media").mkdir()
    assert says in david.expect(2, "archive", "run").err


def test_a_missing_extra_says_what_to_install(david: Person, tmp_path: Path) -> None:
    media_set(david, f"file://{tmp_path}/store")
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sqlalchemy.py").write_text("raise ModuleNotFoundError(name='sqlalchemy')")
    david.environ = {**david.environ, "PYTHONPATH": str(hidden), "DATABASE_URL": "postgresql://h/db"}
    david.fresh = True
    assert "pip install 's3sync-collab[db]'" in david.expect(2, "archive", "run").err
