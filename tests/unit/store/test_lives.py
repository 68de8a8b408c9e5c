"""Connections that break at an age are not used beyond half of it; what breaks at once, or long ago, says nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import urllib3
from botocore.awsrequest import AWSHTTPConnection

from s3sync.store.s3 import lives
from s3sync.store.s3.connections import patient
from s3sync.store.s3.lives import LIVES, Lives


def test_a_connection_is_old_at_half_the_age_at_which_one_broke() -> None:
    now = [100.0]
    known = Lives(lambda: now[0])
    assert not known.is_old(0.0)
    known.broke(opened=80.0)
    assert (known.is_old(89.0), known.is_old(91.0)) == (True, False)
    known.broke(opened=92.0)
    known.broke(opened=50.0)
    assert (known.is_old(95.0), known.is_old(97.0)) == (True, False), "the shortest life counts"


@pytest.mark.parametrize(("opened", "later"), [(98.5, 0.0), (90.0, lives.REMEMBERED_S)])
def test_what_breaks_at_once_or_broke_long_ago_says_nothing(opened: float, later: float) -> None:
    now = [100.0]
    known = Lives(lambda: now[0])
    known.broke(opened)
    now[0] += later
    assert not known.is_old(0.0)


class Server(ThreadingHTTPServer):
    opened = 0

    def process_request(self, *asked: object) -> None:
        self.opened += 1
        super().process_request(*asked)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/break":
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *said: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def test_a_pool_opens_another_connection_instead_of_one_that_is_old(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("s3sync.store.s3.connections.time.monotonic", lambda: now[0])
    monkeypatch.setattr(LIVES, "_clock", lambda: now[0])
    monkeypatch.setattr(LIVES, "_shortest", None)
    with urllib3.HTTPConnectionPool("127.0.0.1", server.server_port, maxsize=1, retries=False) as pool:
        pool.ConnectionCls = patient(AWSHTTPConnection)
        for age, path, opened in ((0, "/", 1), (50, "/", 1), (10, "/break", 1), (0, "/", 2), (29, "/", 2), (2, "/", 3)):
            now[0] += age
            if path == "/break":
                with pytest.raises(urllib3.exceptions.ProtocolError):
                    pool.request("GET", path)
            else:
                pool.request("GET", path)
            assert server.opened == opened, (age, path)
