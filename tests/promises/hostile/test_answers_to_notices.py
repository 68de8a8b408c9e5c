"""What a chat or a mail server answers to a notice never ends a command, nor takes its memory."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.kit.peak import peak_mib
from tests.kit.people import Person
from tests.promises.hostile.test_wire import Answer, endless, wire

pytest.importorskip("apprise")
BOMB = gzip.compress(bytes(1 << 30), 1)


def say(connection: socket.socket) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(BOMB)}\r\nConnection: close\r\n\r\n"
    connection.sendall(head.encode() + BOMB)


def heads(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\nX-A: " + b"a" * 60_000 + b"\r\n\r\n")


CHATS: dict[str, Answer] = {
    "packed": say,
    "without end": endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
    "of heads": heads,
}


@pytest.mark.parametrize("kind", CHATS)
def test_f53_an_answer_to_a_notice_takes_no_memory(kind: str, synced: Person) -> None:
    """A gigabyte of nothing in a megabyte ended `up` with exit code 1, though all of it was done."""
    with wire(CHATS[kind]) as chat:
        synced.environ = {**synced.environ, "S3SYNC_NOTIFY": f"{chat.url.replace('http://', 'json://')}/room"}
        synced.write("b.txt", "b")
        result = synced.ok("up")
    assert "the notice to json://**** was not sent" in result.err
    assert synced.ok("status", "--json").json["in_sync"]


@contextmanager
def greeting() -> Iterator[int]:
    """The port of a mail server that greets without end."""
    server = socket.create_server(("127.0.0.1", 0))

    def greet() -> None:
        with suppress(OSError):
            connection, _ = server.accept()
            while True:
                connection.sendall(b"220-hello " + b"x" * 900 + b"\r\n")

    threading.Thread(target=greet, daemon=True).start()
    with server:
        yield server.getsockname()[1]


def test_f53_no_greeting_of_a_mail_server_takes_memory(synced: Person) -> None:
    """Its lines are read until one says that it is the last."""
    synced.fresh = True
    with greeting() as port:
        synced.environ = {
            **synced.environ,
            "S3SYNC_NOTIFY": f"mailto://127.0.0.1:{port}?from=a@example.org&to=b@example.org",
        }
        peak, result = peak_mib(synced, 1, "notify", "test")
    assert "not sent" in result.out and peak < 200 and "no answer within" not in result.out


@contextmanager
def mailbox() -> Iterator[tuple[int, list[bytes]]]:
    """A mail server without TLS that takes any login: its port, and what it heard."""
    server, heard = socket.create_server(("127.0.0.1", 0)), list[bytes]()

    def take() -> None:
        with suppress(OSError):
            connection, _ = server.accept()
            connection.sendall(b"220 hello\r\n")
            for line in connection.makefile("rb"):
                heard.append(line)
                said = {b"EHLO": b"250-me\r\n250 AUTH PLAIN", b"AUTH": b"235 in", b"DATA": b"554 no"}
                connection.sendall(said.get(line[:4].upper(), b"250 well") + b"\r\n")

    threading.Thread(target=take, daemon=True).start()
    with server:
        yield server.getsockname()[1], heard


@pytest.mark.parametrize(
    ("login", "host", "is_said"),
    [("me:wordsword@", "0.0.0.0", True), ("me:wordsword@", "127.0.0.1", False), ("", "0.0.0.0", False)],
    ids=["another computer", "this computer", "no password"],
)
def test_a_password_for_mail_in_clear_is_said(login: str, host: str, is_said: bool, synced: Person) -> None:
    """`0.0.0.0` leads here, and is none of the addresses that say so."""
    with mailbox() as (port, heard):
        url = f"mailto://{login}{host}:{port}?from=a@example.org&to=b@example.org"
        synced.environ = {**synced.environ, "S3SYNC_NOTIFY": url}
        told = synced.run("notify", "test")
    assert any(line.startswith(b"AUTH PLAIN") for line in heard) == bool(login)
    assert ("not encrypted" in told.err) == is_said and "wordsword" not in told.out + told.err


def test_an_encrypted_line_to_a_mail_server_tells_no_password_in_clear(synced: Person) -> None:
    with mailbox() as (port, heard):
        url = f"mailtos://me:wordsword@0.0.0.0:{port}?from=a@example.org&to=b@example.org"
        synced.environ = {**synced.environ, "S3SYNC_NOTIFY": url}
        told = synced.run("notify", "test")
    assert "not sent" in told.out and "not encrypted" not in told.err
    assert not any(b"AUTH" in line for line in heard)
