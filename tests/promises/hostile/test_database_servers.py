"""Whoever answers as a PostgreSQL: none has the password in clear from whoever is in between, holds a command for ever,
or says a word on the screen past our own errors."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from s3sync.archive.rows import connection as rows_connection
from s3sync.archive.rows import strangers
from s3sync.archive.rows.connection import connect
from s3sync.config.databases import Database, database_of
from s3sync.config.settings import load_settings
from s3sync.errors import ConfigError, DatabaseError
from tests.kit.false_postgres import FalsePostgres
from tests.kit.people import Person
from tests.promises.hostile.test_tables_of_others import PATIENCE_S, SELECT, set_of
from tests.scenarios.archive.tables import media_set

SECRET = "hunter2-secret"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_that_falls_silent_around_a_statement_is_given_up(when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_connection, "STATEMENT_S", 1)
    monkeypatch.setattr(rows_connection, "GRACE_S", 0)
    refused: list[str] = []
    with FalsePostgres(f"silent {when}") as server:
        said = {"host": "127.0.0.1", "port": str(server.port), "user": "me", "dbname": "db"}

        def ask() -> None:
            try:
                connect(Database("it", "a test", False, said=said)).page(SELECT, {"last": 0, "limit": 10}, 10)
            except DatabaseError as error:
                refused.append(error.message)

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(PATIENCE_S)
    assert refused == ["cannot reach it"]


def test_a_login_that_a_server_makes_dear_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how often the password is hashed, which took twenty minutes of a processor.

    The thread that hashes is waited for in the end: it would break Python's own end, which no command waits for.
    """
    monkeypatch.setattr(rows_connection, "STATEMENT_S", 0)
    monkeypatch.setattr(rows_connection, "GRACE_S", 0.1)
    with FalsePostgres("hashes") as server:
        said = {"host": "127.0.0.1", "port": str(server.port), "user": "me", "dbname": "db", "password": SECRET}
        with pytest.raises(DatabaseError, match="cannot reach it") as refused:
            connect(Database("it", "a test", False, said=said)).page(SELECT, {"last": 0, "limit": 10}, 10)
    assert refused.value.why == "logging in to it takes too long"
    for thread in threading.enumerate():
        if thread.name == "s3sync-within":
            thread.join()


@pytest.mark.parametrize("does", ["no version", "other types"])
def test_what_a_server_says_of_itself_is_one_error_or_nothing(does: str, tmp_path: Path) -> None:
    with FalsePostgres(does) as server:
        said = {"host": "127.0.0.1", "port": str(server.port), "user": "me", "dbname": "db"}
        media = connect(Database("it", "a test", False, said=said))
        try:
            assert media.page(SELECT, {"last": 0, "limit": 10}, 10) == [{"id": '"a"=>"1"'}]
        except DatabaseError as error:
            assert does == "no version" and "makes no sense" in str(error)


def run(tmp_path: Path, does: str, host: str, more: str = "") -> tuple[str, list[bytes]]:
    david = Person("david", tmp_path / "david", {"PGHOSTADDR": "127.0.0.1"} if host != "127.0.0.1" else {})
    media_set(david, f"file://{tmp_path}/store")
    (david.repo / "cache/media").mkdir(parents=True)
    with FalsePostgres(does) as server:
        url = f"postgresql://me:{SECRET}@{host}:{server.port}/db{more}"
        done = david.run("archive", "run", env={"DATABASE_URL": url})
    assert SECRET not in done.err + done.out and "Traceback" not in done.err
    assert done.code == 1 or server.passwords
    return done.err, server.passwords


def test_no_server_is_told_the_password_in_clear(tmp_path: Path) -> None:
    """Whoever is in between says that he knows no encryption, and then asks for it."""
    err, told = run(tmp_path, "clear", "db.example")
    assert told == [] and "requested a cleartext password" in err and "hint: say how the line is protected" in err


@pytest.mark.parametrize(("host", "more"), [("db.example", "?require_auth=password"), ("127.0.0.1", "")])
def test_whoever_says_so_himself_is_asked_for_it_and_so_is_this_computer(host: str, more: str, tmp_path: Path) -> None:
    assert run(tmp_path, "clear", host, more)[1] == [SECRET.encode()]


@pytest.mark.skipif(sys.platform != "linux", reason="no other system tells whose a port is")
def test_another_person_of_this_computer_is_not_told_it_in_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He has the port of a tunnel that is not up, or the other one of the two addresses that localhost has."""
    with FalsePostgres("clear") as server:
        said = {"host": "127.0.0.1", "port": str(server.port), "user": "me", "dbname": "db", "password": SECRET}
        table = tmp_path / "tcp"
        monkeypatch.setattr(strangers, "TABLES", (str(tmp_path / "none"), str(table)))
        for user, told in ((os.geteuid() + 1000, 0), (os.geteuid(), 1), (0, 1), (113, 1)):
            table.write_text(
                f"sl\n0: 01:{server.port + 1:04X} 0:0 0A 0 0 0 7777\n1: 01:{server.port:04X} 0:0 0A 0 0 0 {user}\n"
            )
            refused = ""
            try:
                connect(Database("it", "a test", False, said=said)).page(SELECT, {"last": 0, "limit": 10}, 10)
            except DatabaseError as error:
                refused = str(error)
                assert "another user of this computer has that port" in (error.hint or "")
            assert ("requested a cleartext" in refused) is (told == 0), refused
            assert len(server.passwords) == told, user
            server.passwords.clear()


@pytest.mark.parametrize(
    ("said", "environ"),
    [
        ({"host": "db.example"}, {}),
        ({"host": "/run/postgresql"}, {}),
        ({"host": "localhost", "sslmode": "verify-full"}, {}),
        ({"host": "localhost"}, {"PGSSLMODE": "verify-ca"}),
        ({"host": "localhost", "require_auth": "password"}, {}),
        ({"host": "localhost"}, {"PGREQUIREAUTH": "password"}),
        ({"host": "localhost"}, {"PGSERVICE": "mine"}),
        ({"host": "localhost"}, {"PGHOSTADDR": "203.0.113.7"}),
        ({"host": "localhost", "port": "5433"}, {}),
        ({"host": "localhost", "port": "no port"}, {}),
    ],
)
def test_where_no_stranger_answers(
    said: Mapping[str, str], environ: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "tcp"
    table.write_text(f"sl\n0: 01:1538 0:0 0A 0 0 0 {os.geteuid() + 1000}\n")
    monkeypatch.setattr(strangers, "TABLES", (str(table),))
    for host in ("localhost", "127.0.0.9", "db.example,::1"):
        assert strangers.may_be_a_stranger({"host": host}, {})
    assert not strangers.may_be_a_stranger(said, environ)


@pytest.mark.parametrize(
    ("environ", "host", "more", "refuses"),
    [
        ({}, "db.example", "", True),
        ({}, "db.example", "?sslmode=prefer", True),
        ({"PGSSLMODE": "allow"}, "db.example", "", True),
        ({}, "localhost,db.example", "", True),
        ({"PGHOSTADDR": "203.0.113.7"}, "localhost", "", True),
        ({"PGHOST": "db.example"}, "", "", True),
        ({}, "db.example", "?sslmode=require", False),
        ({"PGSSLMODE": "verify-full"}, "db.example", "", False),
        ({"PGREQUIREAUTH": "password"}, "db.example", "", False),
        ({"PGSERVICE": "mine"}, "db.example", "", False),
        ({}, "", "", False),
        ({}, "localhost,127.0.0.9", "", False),
    ],
)
def test_which_lines_may_be_overheard(
    environ: Mapping[str, str], host: str, more: str, refuses: bool, tmp_path: Path
) -> None:
    environ = {"HOME": str(tmp_path), **environ, "DATABASE_URL": f"postgresql://me:x@{host}/db{more}"}
    settings = load_settings(tmp_path, flags={}, environ=environ)
    assert (
        database_of(set_of(url="DATABASE_URL"), settings, environ).said.get("require_auth") == "!password"
    ) is refuses


def test_a_repository_chooses_no_way_to_log_in(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, flags={}, environ={"HOME": str(tmp_path)})
    with pytest.raises(ConfigError, match="require_auth"):
        database_of(set_of(url="postgresql://host/db?require_auth=password"), settings, {})


@pytest.mark.parametrize(("login", "refuses"), [("", True), ("me@", True), ("me:own@", False)])
def test_a_repository_has_no_password_of_the_user_said_in_clear(login: str, refuses: bool, tmp_path: Path) -> None:
    """Its server may well have a certificate: it is the one that the repository names."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".env").write_text(f"DATABASE_URL=postgresql://{login}db.example/db?sslmode=require\n")
    settings = load_settings(tmp_path, flags={}, environ={"HOME": str(tmp_path)})
    found = database_of(set_of(url="DATABASE_URL"), settings, {"PGPASSWORD": "mine"})
    assert (found.said.get("require_auth") == "!password") is refuses


def test_what_libraries_log_of_a_server_is_not_said(tmp_path: Path) -> None:
    err, _ = run(tmp_path, "copy", "127.0.0.1")
    assert [line.split(":")[0].strip() for line in err.splitlines()] == ["error", "why", "hint"], err
