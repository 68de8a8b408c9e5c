"""The line carries every byte, is as long and as thin as it is told, and breaks as it is told.

Times are only held against what they cannot be shorter than.
"""

from __future__ import annotations

import random
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.kit.line import Line, Quality

MIB = 1024 * 1024


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        try:
            while data := self.request.recv(65536):
                self.request.sendall(data)
        except OSError:
            pass


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    """The address of a server that says what it hears."""

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def connect(line: Line) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", urlsplit(line.endpoint_url).port or 0))
    client.settimeout(30)
    return client


def exchange(client: socket.socket, data: bytes) -> bytes:
    """Send all, and hear as much."""
    sending = threading.Thread(target=client.sendall, args=(data,))
    sending.start()
    heard = bytearray()
    while len(heard) < len(data) and (more := client.recv(65536)):
        heard += more
    sending.join()
    return bytes(heard)


@pytest.mark.parametrize("quality", [Quality(), Quality(0.01), Quality(0.004, up=8 * MIB, down=16 * MIB)])
def test_every_byte_arrives_on_many_connections_at_once(echo: str, quality: Quality) -> None:
    heard: dict[int, bytes] = {}
    contents = {number: random.Random(number).randbytes(MIB // 3 + number) for number in range(8)}

    def talk(number: int) -> None:
        with connect(line) as client:
            heard[number] = exchange(client, contents[number])
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1) == b""  # the end of a flow goes through, too

    with Line(echo, quality) as line:
        threads = [threading.Thread(target=talk, args=(number,)) for number in contents]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        counts = line.counts()
    assert heard == contents
    total = sum(map(len, contents.values()))
    assert (counts.connections, counts.sent, counts.received) == (8, total, total)


def test_a_connection_costs_a_round_trip_and_each_request_one_more(echo: str) -> None:
    with Line(echo, Quality(0.1)) as line:
        began = time.monotonic()
        with connect(line) as client:
            assert exchange(client, b"GET /1 ") == b"GET /1 "
            first = time.monotonic()
            assert exchange(client, b"PUT /2 ") == b"PUT /2 "
            second = time.monotonic()
        counts = line.counts()
    assert first - began > 0.19
    assert second - first > 0.09
    assert (counts.connections, counts.requests, counts.most_open) == (1, 2, 1)


def test_a_connection_with_tls_costs_two(echo: str) -> None:
    with Line(echo, Quality(0.1, handshakes=2)) as line, connect(line) as client:
        began = time.monotonic()
        exchange(client, b"GET /")
        assert time.monotonic() - began > 0.28


def test_all_connections_share_the_rate(echo: str) -> None:
    with Line(echo, Quality(0, up=2 * MIB)) as line:
        began = time.monotonic()
        clients = [connect(line) for _ in range(4)]
        threads = [threading.Thread(target=exchange, args=(client, bytes(MIB // 4))) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        for client in clients:
            client.close()
    assert took > 0.45


def test_connections_break_and_the_next_ones_too(echo: str) -> None:
    with Line(echo) as line:
        line.break_connections((0.01, 0.05), seed=1)
        for _ in range(3):
            with connect(line) as client, pytest.raises(ConnectionResetError):
                client.recv(1)
        assert line.counts().resets == 3
        line.break_connections(None)
        with connect(line) as client:
            assert exchange(client, b"hello") == b"hello"
            line.cut_all()
            with pytest.raises(ConnectionResetError):
                client.recv(1)


def test_a_connection_is_cut_at_the_byte_that_was_named(echo: str) -> None:
    with Line(echo) as line:
        line.cut_at(sent=[3])
        with connect(line) as client:
            assert exchange(client, b"ab") == b"ab"
            client.sendall(b"cd")
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        with connect(line) as client:
            assert exchange(client, b"cdef") == b"cdef"
        assert (line.counts().resets, line.counts().sent) == (1, 6)


def test_a_dropped_line_goes_on_where_it_was(echo: str) -> None:
    with Line(echo) as line, connect(line) as client:
        assert exchange(client, b"before") == b"before"
        line.drop(0.5)
        began = time.monotonic()
        assert exchange(client, b"after") == b"after"
        assert time.monotonic() - began > 0.45


def test_a_changed_address_leaves_connections_that_hear_nothing(echo: str) -> None:
    with Line(echo) as line, connect(line) as old:
        assert exchange(old, b"before") == b"before"
        line.change_address()
        old.settimeout(0.3)
        old.sendall(b"nobody hears this")
        with pytest.raises(TimeoutError):
            old.recv(1)
        with connect(line) as new:
            assert exchange(new, b"after") == b"after"


def test_a_server_that_is_not_there_is_a_reset() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with Line(nobody) as line, connect(line) as client, pytest.raises(ConnectionResetError):
        client.recv(1)
