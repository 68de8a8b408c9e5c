"""Rounds counts what waits for what, and neither time nor processor work nor width."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from textwrap import dedent

import pytest

from tests.kit.people import Person
from tests.kit.rounds import Rounds, Watched, summed

CLIENT = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

def connected():
    connection = HTTPConnection("127.0.0.1", int(sys.argv[1]))
    connection.connect()
    return connection

def ask(connection, name, method="GET", body=None, **headers):
    connection.request(method, f"/bucket/{name}", body, headers)
    assert connection.getresponse().read() == b"x" * 100_000

def work():
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass

"""


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-length", "100000")
        self.end_headers()
        self.wfile.write(b"x" * 100_000)

    do_PUT = do_GET  # noqa: N815 - its name for the server

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def rounds() -> Iterator[Rounds]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Rounds(f"http://127.0.0.1:{server.server_address[1]}") as proxy:
            yield proxy
        server.shutdown()


def told(rounds: Rounds, tmp_path: Path, code: str) -> Watched:
    script = tmp_path / "client.py"
    tmp_path.mkdir(exist_ok=True)
    script.write_text(CLIENT + dedent(code))
    person = Person("david", tmp_path / "david", program=(sys.executable, str(script)))
    result = rounds.watch(person, rounds.endpoint_url.rpartition(":")[2])
    assert result.code == 0, result
    return result


def test_what_follows_an_answer_is_another_round(rounds: Rounds, tmp_path: Path) -> None:
    found = told(rounds, tmp_path, "c = connected(); ask(c, 'a'); ask(c, 'b'); ask(c, 'c')")
    assert found.rounds == [["connect"], ["GetObject a"], ["GetObject b"], ["GetObject c"]]
    assert (found.requests, found.connections) == (3, 1)


def test_what_goes_side_by_side_is_one_round(rounds: Rounds, tmp_path: Path) -> None:
    code = """
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda name: ask(connected(), name), range(20)))
    """
    found = told(rounds, tmp_path, code)
    assert [summed(sent) for sent in found.rounds] == ["20 connect", "20 GetObject"]


def test_few_at_once_take_as_many_rounds_as_they_must(rounds: Rounds, tmp_path: Path) -> None:
    code = """
    import threading
    local = threading.local()
    def one(name):
        local.c = getattr(local, "c", None) or connected()
        ask(local.c, name)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(12)))
    """
    assert [summed(sent) for sent in told(rounds, tmp_path, code).rounds] == ["4 connect", *["4 GetObject"] * 3]


def test_a_connection_opened_beside_a_request_costs_nothing_later(rounds: Rounds, tmp_path: Path) -> None:
    late = told(rounds, tmp_path / "late", "c = connected(); ask(c, 'a'); ask(connected(), 'b')")
    early = told(rounds, tmp_path / "early", "c, d = connected(), connected(); ask(c, 'a'); ask(d, 'b')")
    assert (len(late.rounds), len(early.rounds)) == (4, 3)


def test_work_between_requests_is_no_round(rounds: Rounds, tmp_path: Path) -> None:
    code = """
    def both(name):
        c = connected()
        if name:
            work()
        ask(c, name)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(both, range(2)))
    """
    assert [summed(sent) for sent in told(rounds, tmp_path, code).rounds] == ["2 connect", "2 GetObject"]


def test_a_body_that_waits_to_be_asked_for_costs_a_round(rounds: Rounds, tmp_path: Path) -> None:
    code = """
    import socket
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.sendall(b"PUT /bucket/a HTTP/1.1\\r\\nHost: h\\r\\nContent-Length: 3\\r\\nExpect: 100-continue\\r\\n\\r\\n")
    assert s.recv(100).startswith(b"HTTP/1.1 100")
    s.sendall(b"abc")
    assert s.recv(100).startswith(b"HTTP/1.1 200")
    """
    assert told(rounds, tmp_path, code).rounds == [["connect"], ["PutObject a"], ["(body of PutObject)"]]


def test_a_connection_that_nothing_needs_is_no_round(rounds: Rounds, tmp_path: Path) -> None:
    assert told(rounds, tmp_path, "connected()").rounds == []
