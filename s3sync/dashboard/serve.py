"""The dashboard on this computer alone: a small server that answers whoever knows its address, and changes nothing.

Other users and pages of this computer can reach it. So the address has a random token, which is the only thing that
it answers to; a request has to name the server as the page does (a page of another host that was made to lead here by
its DNS does not); and what it sends may not be framed, kept or read by other pages.

Once it has ended, its port is anybody's, and a page that is still open goes on asking there. So the data of each answer
is signed with a key that the page alone was given, and in no address.
"""

from __future__ import annotations

import hmac
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from html import escape
from http import HTTPStatus
from http.client import LineTooLong
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from s3sync.dashboard.files import own_for_a_while
from s3sync.dashboard.live import Live
from s3sync.dashboard.page import page_of, parts, policy
from s3sync.errors import LocalError

HOST = "127.0.0.1"
MOST_AT_ONCE = 16
"""Connections that are answered at once. For one more, the oldest goes that never said the token."""
WAIT_S = 0.5
"""Time that a connection waits for that."""
PATIENCE_S = 20.0
"""Time that a connection may stay silent."""
MOST_HEAD = 1 << 16
"""Bytes of a request's head after its first line. Python takes a hundred times as many, and makes a hundred times as
much memory of some: a stranger would end this command by it. Browsers send cookies of other programs here along."""
END_S = 0.1
"""Time that the server takes to end at the most, after Ctrl-C."""
DATA = "data.json"


class DashboardServer(ThreadingHTTPServer):
    """Server of one dashboard. `url` is its address, token included. Raises `LocalError` for a port that is taken."""

    daemon_threads = True
    request_queue_size = 32

    def __init__(self, live: Live, port: int = 0) -> None:
        self.live = live
        self.token, self.key = secrets.token_urlsafe(32), secrets.token_bytes(32)
        self._slots = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._strangers: dict[socket.socket, None] = {}
        self._guard = threading.Lock()
        style, script = parts()
        self.policy = policy(style, script, live=True) + "; frame-ancestors 'none'"
        try:
            super().__init__((HOST, port), Handler)
        except OSError as error:
            raise LocalError(
                f"cannot serve on port {port}",
                why=error.strerror or str(error),
                hint="name another one, or leave out --port: a free one is found",
            ) from error

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}/{self.token}/"

    @property
    def hosts(self) -> tuple[str, str]:
        """Names by which a browser may know this server."""
        return f"{HOST}:{self.server_port}", f"localhost:{self.server_port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._slots.acquire(blocking=False) and not self._makes_room():
            self.shutdown_request(request)
            return
        with self._guard:
            self._strangers[request] = None
        try:
            super().process_request(request, client_address)
        except BaseException:
            self.knows(request)
            self._slots.release()
            raise

    def _makes_room(self) -> bool:
        """End the oldest connection of a stranger, who could hold it for ever byte by byte; whether its slot is had."""
        with self._guard:
            oldest = next(iter(self._strangers), None)
            if oldest is None:
                return False
            del self._strangers[oldest]
            with suppress(OSError):
                oldest.shutdown(socket.SHUT_RDWR)
        return self._slots.acquire(timeout=WAIT_S)

    def knows(self, request: socket.socket) -> None:
        """Count a connection as none of a stranger's."""
        with self._guard:
            self._strangers.pop(request, None)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.knows(request)
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a connection that broke: the address is in what Python would print."""

    def server_bind(self) -> None:
        """Bind without asking any resolver for this computer's name, also to the port of one that has just ended."""
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)  # of Windows, where the other one lets anybody join
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR if exclusive is None else exclusive, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.server_address[1]


class Handler(BaseHTTPRequestHandler):
    """Answers to one connection: the page, and its data. Everything else is refused in a few words."""

    server: DashboardServer
    protocol_version = default_request_version = "HTTP/1.1"
    timeout = PATIENCE_S

    def parse_request(self) -> bool:
        whole, self.rfile = self.rfile, _Head(self.rfile)  # type: ignore[assignment]
        try:
            return super().parse_request()
        finally:
            self.rfile = whole

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or hosts[0].strip().lower() not in self.server.hosts:
            self.close_connection = True
            self._plain(421, "This address does not lead here.")
            return
        token, slash, name = self.path.removeprefix("/").partition("/")
        known = hmac.compare_digest(token.encode("utf-8", "replace"), self.server.token.encode())
        if not known or not self.path.startswith("/") or not slash or name not in ("", DATA):
            self._plain(404, "There is nothing here. The whole address is where s3sync dashboard was started.")
            return
        self.server.knows(self.request)
        data = self.server.live.now()
        if name == "":
            self._send(200, "text/html; charset=utf-8", page_of(data.board, key=self.server.key), {})
            return
        is_known = self.headers.get("If-None-Match") == data.etag
        code, kind, body = (304, None, b"") if is_known else (200, "application/json", data.body)
        signed = hmac.digest(self.server.key, f"{code} {data.board.made_at}\n".encode() + body, "sha256").hex()
        more = {"ETag": data.etag, "S3sync-Made-At": data.board.made_at, "S3sync-Signed": signed}
        self._send(code, kind, body, more)

    def _plain(self, code: int, words: str) -> None:
        self._send(code, "text/plain; charset=utf-8", f"{words}\n".encode(), {"Allow": "GET, HEAD"})

    def _send(self, code: int, kind: str | None, body: bytes, more: dict[str, str]) -> None:
        self.send_response_only(code)
        headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": self.server.policy,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            **more,
        }
        if kind is not None:
            headers |= {"Content-Type": kind, "Content-Length": str(len(body))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no request, or one that would change something, whose body is not read."""
        self.close_connection = True
        self.command = getattr(self, "command", None) or "GET"
        with suppress(OSError):
            if code == HTTPStatus.NOT_IMPLEMENTED:
                self._plain(405, "This page can only be read.")
            else:
                self._plain(int(code), "This is no request that can be answered.")

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the address has the token in it."""


class _Head:
    """Lines of a request's head: all of them together have a bound. Raises `LineTooLong`, which is answered."""

    def __init__(self, file: BufferedIOBase) -> None:
        self._file, self._left = file, MOST_HEAD

    def readline(self, most: int) -> bytes:
        line = self._file.readline(min(most, self._left + 1))
        self._left -= len(line)
        if self._left < 0:
            raise LineTooLong("head")
        return line


class Served:
    """A server at work. Made by `serving`."""

    def __init__(self, server: DashboardServer) -> None:
        self._server = server
        self.url = server.url

    @contextmanager
    def door(self, environ: Mapping[str, str]) -> Iterator[Path]:
        """A file for as long as the block, that leads a browser to the address.

        Other users see the arguments of programs, and so it is the file that a browser is started with.
        """
        target = escape(self.url, quote=True)
        body = f'<!doctype html>\n<meta charset="utf-8">\n<meta http-equiv="refresh" content="0; url={target}">\n'
        with own_for_a_while(environ, f"open-{self._server.server_port}.html", body.encode()) as path:
            yield path

    @staticmethod
    def wait() -> None:
        """Wait for Ctrl-C, which is a `KeyboardInterrupt` here."""
        while True:
            time.sleep(3600)


@contextmanager
def serving(live: Live, port: int = 0) -> Iterator[Served]:
    """Serve for as long as the block. Raises `LocalError` for a port that is taken."""
    with DashboardServer(live, port) as server:
        threading.Thread(target=server.serve_forever, args=(END_S,), name="s3sync-serve", daemon=True).start()
        try:
            yield Served(server)
        finally:
            server.shutdown()
