"""A proxy in front of an S3 server that does to single requests what networks and servers do to them."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

ERROR = '<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>'
_HOP = {"connection", "transfer-encoding", "keep-alive", "date", "server"}


@dataclass
class Fault:
    """What happens to requests that `applies` to, the first `times` times."""

    applies: Callable[[str, str], bool] = lambda method, path: True
    times: int = 1
    lose_answer: bool = False
    answer: tuple[int, str] | None = None
    cut_body: int | None = None
    flip_upload: bool = False
    seconds_per_read: float = 0


@dataclass
class Proxy:
    url: str = ""
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    """Of each request, by names in lower case."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> Fault:
        with self.lock:
            self.requests.append(f"{method} {path}")
            self.headers.append({name.lower(): value for name, value in (headers or {}).items()})
            for fault in self.faults:
                if fault.times and fault.applies(method, path):
                    fault.times -= 1
                    return fault
        return Fault()


@contextmanager
def proxying(endpoint: str) -> Iterator[Proxy]:
    """A proxy to `endpoint`. The Host header passes through, so that signatures hold only for servers that check the
    proxy's; the servers under test accept them, as clients sign the host they talk to."""
    proxy, target = Proxy(), urlsplit(endpoint).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            fault = proxy.take(self.command, self.path, dict(self.headers.items()))
            body = self._body(fault.seconds_per_read)
            if fault.answer:
                return self._give(
                    fault.answer[0], [("Content-Type", "application/xml")], fault.answer[1].encode(), None
                )
            if fault.flip_upload and body:
                body = bytes([body[0] ^ 1]) + body[1:]
            upstream = http.client.HTTPConnection(target, timeout=30)
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                upstream.putheader(name, value)
            upstream.endheaders(body or None)
            answer = upstream.getresponse()
            content = answer.read()
            upstream.close()
            if fault.lose_answer:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return None
            return self._give(answer.status, answer.getheaders(), content, fault.cut_body)

        def _body(self, seconds_per_read: float) -> bytes:
            left = int(self.headers.get("Content-Length", 0))
            chunks = []
            while left:
                chunk = self.rfile.read1(min(left, 65536))
                if not chunk:
                    raise ConnectionError("the client went away")
                chunks.append(chunk)
                left -= len(chunk)
                time.sleep(seconds_per_read)
            return b"".join(chunks)

        def _give(self, status: int, headers: list[tuple[str, str]], content: bytes, cut: int | None) -> None:
            self.send_response(status)
            length = next((v for n, v in headers if n.lower() == "content-length"), None)
            for name, value in headers:
                if name.lower() not in _HOP | {"content-length"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content if cut is None else content[:cut])
            self.close_connection = cut is not None

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_any  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def server_bind(self) -> None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)  # so that a slow proxy is felt early
            super().server_bind()

        def handle_error(self, *_: object) -> None:
            pass

    with Quiet(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        proxy.url = f"http://127.0.0.1:{server.server_port}"
        yield proxy
        server.shutdown()
