"""A server that goes on and on, or says nothing more: neither fills memory nor holds a command."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from s3sync.archive.rows import connection as rows_connection
from s3sync.archive.rows.connection import connect
from s3sync.archive.rows.port import Gone
from s3sync.config.databases import Database
from s3sync.errors import DatabaseError
from tests.kit.databases import PASSWORD, Postgres
from tests.kit.people import Person
from tests.scenarios.archive.tables import JPEG, Table, media_set

MOST_SENT = 4 << 30
"""Bytes of a flood after which the server gives up: more than a command may hold."""


class Between:
    """Whoever sits in between. Passes everything on until a row comes that has `mark` in it, which it sends for ever;
    or it says nothing more."""

    def __init__(self, port: int, mark: bytes, *, silent: bool, instead: bytes, once: bool) -> None:
        self._to, self._mark, self._silent, self._instead, self._once = port, mark, silent, instead, once
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.sent = self._listener.getsockname()[1], 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                for target, ends in ((self._up, (client, server)), (self._down, (server, client))):
                    threading.Thread(target=target, args=ends, daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _down(self, server: socket.socket, client: socket.socket) -> None:
        stream = server.makefile("rb")
        with suppress(OSError, struct.error), client:
            while head := stream.read(5):
                body = stream.read(struct.unpack("!I", head[1:])[0] - 4)
                marked, body = self._mark in body, body.replace(self._mark, self._instead or self._mark)
                if not (self._instead and self._once) and head[:1] == b"D" and marked:
                    self._go_on(client, (head + body) * 1000)
                    return
                client.sendall(head + body)
            client.shutdown(socket.SHUT_RDWR)

    def _go_on(self, client: socket.socket, rows: bytes) -> None:
        while self._silent:
            if not client.recv(65536):
                return
        while self.sent < MOST_SENT:
            client.sendall(rows)
            self.sent += len(rows)

    def close(self) -> None:
        self._listener.close()


@contextmanager
def between(
    postgres: Postgres, mark: bytes, *, silent: bool = False, instead: bytes = b"", once: bool = True
) -> Iterator[Between]:
    found = Between(postgres.port, mark, silent=silent, instead=instead, once=once)
    try:
        yield found
    finally:
        found.close()


def test_rows_without_end_are_not_waited_for(david: Person, postgres: Postgres, tmp_path: Path) -> None:
    table = Table(david, postgres)
    table.add(1, JPEG + b"one")
    media_set(david, f"file://{tmp_path}/store")
    with between(postgres, b"jpg") as flood:
        url = table.url.replace(f":{postgres.port}", f":{flood.port}") + "?sslmode=disable"
        refused = david.expect(2, "archive", "run", env={"DATABASE_URL": url})
        assert "more rows than :limit says" in refused.err and PASSWORD not in refused.err
        assert 0 < flood.sent < 256 << 20
    david.ok("archive", "run", env={"DATABASE_URL": table.url})


@pytest.mark.parametrize("does", ["reads", "writes"])
def test_a_server_that_says_nothing_more_is_given_up(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch, does: str
) -> None:
    monkeypatch.setattr(rows_connection, "STATEMENT_S", 1)
    monkeypatch.setattr(rows_connection, "GRACE_S", 0)
    said = {"host": "127.0.0.1", "user": "media", "password": PASSWORD, "dbname": "postgres", "sslmode": "disable"}
    with between(postgres, b"mark", silent=True) as silence:
        media = connect(Database("it", "a test", False, said={**said, "port": str(silence.port)}))
        with pytest.raises(DatabaseError, match="cannot reach it"):
            if does == "reads":
                media.page("SELECT 'mark' AS id", {}, 10)
            else:
                media.update("SELECT 'mark' AS id WHERE :id = 1", [{"id": 1}], proves=False)
        media.close()


@pytest.mark.parametrize(
    ("select", "mark", "instead"),
    [
        ("SELECT 'mark' AS id", b"mark", b"\xff\xfe\xff\xfe"),
        ("SELECT 4711 AS id", b"4711", b"47x1"),
        ("SELECT UUID '00000000-0000-0000-0000-000000004711' AS id", b"000000004711", b"0000000047x1"),
        ("SELECT 1 AS mark", b"mark\0", b"\xff\xfe\xff\xfe\0"),
    ],
)
def test_an_answer_that_makes_no_sense_is_one_error(
    postgres: Postgres, select: str, mark: bytes, instead: bytes
) -> None:
    said = {"host": "127.0.0.1", "user": "media", "password": PASSWORD, "dbname": "postgres", "sslmode": "disable"}
    with between(postgres, mark, instead=instead) as liar:
        media = connect(Database("it", "a test", False, said={**said, "port": str(liar.port)}))
        with pytest.raises(DatabaseError):
            media.page(select, {}, 10)
        media.close()


@pytest.mark.parametrize(("mark", "instead"), [(b"mark", b"\xff\xfe\xff\xfe"), (b"4711", b"47x1")])
def test_of_rows_without_end_that_make_no_sense_none_is_waited_for(
    postgres: Postgres, mark: bytes, instead: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver would read on to their end, in which they are not, before it says that the first makes no sense."""
    said = {"host": "127.0.0.1", "user": "media", "password": PASSWORD, "dbname": "postgres", "sslmode": "disable"}
    monkeypatch.setattr(rows_connection, "CANCEL_S", 0.2)
    with between(postgres, mark, instead=instead, once=False) as flood:
        media = connect(Database("it", "a test", False, said={**said, "port": str(flood.port)}))
        with pytest.raises(DatabaseError):
            media.page(f"SELECT {mark.decode() if mark.isdigit() else repr(mark.decode())} AS id", {}, 10)
        assert 0 < flood.sent < MOST_SENT // 4
        media.close()


def test_pages_come_as_they_did(postgres: Postgres) -> None:
    said = {
        "host": "127.0.0.1",
        "port": str(postgres.port),
        "user": "media",
        "password": PASSWORD,
        "dbname": "postgres",
    }
    media = connect(Database("it", "a test", False, said={**said, "port": str(postgres.port)}))
    numbers = "SELECT n AS ID, 'x' || n AS name FROM generate_series(1, :most) n ORDER BY n"
    assert media.page(numbers, {"most": 0}, 10) == []
    assert media.page(numbers, {"most": 2}, 10) == [{"id": 1, "name": "x1"}, {"id": 2, "name": "x2"}]
    assert len(media.page(numbers, {"most": 10}, 10)) == 10
    assert len(media.page(numbers, {"most": 5_000_000}, 10)) == 11, "and no more, whatever there is"
    assert len(media.page(numbers, {"most": 3}, 10)) == 3
    with pytest.raises(DatabaseError, match="refused"):
        media.page("SELECT 1/0 AS id", {}, 10)
    assert media.page(numbers, {"most": 1}, 10) == [{"id": 1, "name": "x1"}]
    media.close()


def test_a_row_that_only_the_server_has_a_value_for_holds_up_no_other(
    david: Person, postgres: Postgres, tmp_path: Path
) -> None:
    table = Table(david, postgres)
    postgres.run("media", "ALTER DATABASE media SET datestyle = 'German'")
    times = ("2024-03-05 10:00:00.12+05:30", "infinity", "0044-03-15 10:00:00+00 BC", "12024-01-01 00:00:00+00")
    for number, created in enumerate(times, 1):
        table.add(number, JPEG + bytes([number]), created=created)
    media_set(david, f"file://{tmp_path}/store")
    done = david.expect(3, "archive", "run", env={"DATABASE_URL": table.url})
    assert (done.out + done.err).count("and no time") == 3
    assert [number for number, url in table.addresses().items() if url] == [1]


def test_every_cell_is_a_number_or_a_bounded_text(postgres: Postgres) -> None:
    said = {"host": "127.0.0.1", "user": "media", "password": PASSWORD, "dbname": "postgres"}
    media = connect(Database("it", "a test", False, said={**said, "port": str(postgres.port)}))
    deep = "(repeat('[', 3000) || repeat(']', 3000))::json"
    cells = {
        "ARRAY[1, 2]": "{1,2}", "'[1]'::json": "[1]", """'{"a" :1}'::jsonb""": '{"a": 1}',
        deep: "[" * 3000 + "]" * 1097, "repeat('x', 9000)": "x" * 4097,
        "'[1,2)'::int4range": "[1,2)", "'{[1,2)}'::int4multirange": "{[1,2)}",
        "'2024-03-05'::date": "2024-03-05", "'178000000 years'::interval": "178000000 years",
        "7": 7, "7.5::float8": 7.5, "true": True, "'10:30 :last'": "10:30 :last",
    }  # fmt: skip
    for cell, found in cells.items():
        (row,) = media.page(f"SELECT {cell} AS id", {"last": 0}, 10)
        assert frozenset(row.values()) == {found}, cell
    media.close()


def test_a_value_that_no_database_takes_is_no_database_that_is_away(postgres: Postgres) -> None:
    said = {"host": "127.0.0.1", "user": "media", "password": PASSWORD, "dbname": "postgres"}
    media = connect(Database("it", "a test", False, said={**said, "port": str(postgres.port)}))
    with pytest.raises(DatabaseError, match="refused") as refused:
        media.page("SELECT :last AS id", {"last": "a\0b"}, 10)
    assert not isinstance(refused.value, Gone)
    media.close()
