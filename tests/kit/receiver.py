"""A chat and a mail server of the test: they take what is sent to them, and do with it what the test says."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.kit.servers import free_ports


class Chat:
    """An HTTP server that keeps the JSON of each POST. `answer` is its status; None never answers."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answer: int | None = 200
        self.got: list[Any] = []
        self.ended = threading.Event()

    @property
    def text(self) -> str:
        """All that was received."""
        return json.dumps(self.got, ensure_ascii=False)


@contextmanager
def chat() -> Iterator[Chat]:
    found = Chat(free_ports(1)[0])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            if found.answer is None:
                found.ended.wait(60)
                return
            self.send_response(found.answer)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", found.port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Mail:
    """A mail server that keeps each message it was given, as text, and to whom it goes."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.got: list[str] = []
        self.to: list[str] = []


@contextmanager
def mail() -> Iterator[Mail]:
    """As much of SMTP as a client needs that neither encrypts nor logs in."""
    found = Mail(free_ports(1)[0])
    listener = socket.create_server(("127.0.0.1", found.port))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                _talk(stream, found)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _talk(stream: Any, found: Mail) -> None:
    def answer(line: str) -> None:
        stream.write(line.encode() + b"\r\n")
        stream.flush()

    answer("220 test")
    for raw in stream:
        line = raw.decode().strip()
        if line.upper() == "DATA":
            answer("354 go on")
            body: list[str] = []
            for text in stream:
                if text.strip() == b".":
                    break
                body.append(text.decode())
            found.got.append("".join(body))
        elif line.upper().startswith("RCPT TO:"):
            found.to.append(line[8:].strip("<> "))
        elif line.upper() == "QUIT":
            answer("221 bye")
            return
        answer("250 ok")
