"""A server that is asked for real and answers falsely: SeaweedFS behind a handler that keeps every byte and lies.

`FalseServer.lies` says how: each `Lie` names the requests that it is about, how many of them pass before it begins, and
what is done with the answer that the real server gave. Without lies it is the real server.
"""

from __future__ import annotations

import gzip
import http.client
import http.server
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from tests.kit.proxy.request import Request

MUCH = 24 * 1024 * 1024
HOP = frozenset({"connection", "transfer-encoding", "content-length", "date", "server"})
XML = b'<?xml version="1.0" encoding="UTF-8"?>'
MANIFEST = "metadata.json"
"""A lie about all requests for it."""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    announced: int | None = None
    """Another length than that of `body`."""
    pause: float = 0
    """Between its bytes."""


@dataclass(frozen=True)
class Lie:
    """`about` is the operation's name in the API of S3, or a part of it; `word` and `number` mean what `kind` wants."""

    about: str
    kind: str
    word: str = ""
    number: int = 0
    passing: int = 0


@dataclass
class Asked:
    request: Request
    honest: Answer
    lie: Lie
    server: FalseServer = field(repr=False)


def listing(asked: Asked, *, more: str = "") -> Answer:
    """A page with the drawn name in it, below what was asked for."""
    name = asked.request.query.get("prefix", "") + asked.lie.word
    size = asked.lie.number
    item = (
        f"<Contents><Key>{escape(name)}</Key><LastModified>2025-11-03T10:00:00.000Z</LastModified>"
        f'<ETag>"{"0" * 32}"</ETag><Size>{size}</Size></Contents>'
    )
    token = f"<NextContinuationToken>{more}</NextContinuationToken>" if more else ""
    head = f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{token}"
    page = f"<ListBucketResult>{head}{item}</ListBucketResult>"
    return Answer(200, {"Content-Type": "application/xml"}, XML + page.encode("utf-8", "surrogatepass"))


def an_error(asked: Asked) -> Answer:
    """An error that throws the request's headers back."""
    told = escape(" ".join(f"{name}={value}" for name, value in asked.request.headers.items()))
    body = f"<Error><Code>{escape(asked.lie.word)}</Code><Message>{told}</Message></Error>"
    status = asked.lie.number if 200 <= asked.lie.number < 600 else 403
    return Answer(status, {"Content-Type": "application/xml"}, XML + body.encode("utf-8", "surrogatepass"))


def redirect(asked: Asked) -> Answer:
    to = asked.server.elsewhere[asked.lie.number // 5 % len(asked.server.elsewhere)]
    return Answer((301, 302, 303, 307, 308)[asked.lie.number % 5], {"Location": to}, b"")


def headers(asked: Asked) -> Answer:
    word = asked.lie.word.encode("utf-8", "surrogatepass").decode("latin-1").translate(dict.fromkeys(range(32)))
    odd = {
        "x-amz-meta-uploaded-by": word,
        "x-amz-meta-mtime": word,
        "x-amz-meta-md5": word,
        "Last-Modified": word or "Mon, 03 Nov 2025 10:00:00 GMT",
        "Content-Range": f"bytes {asked.lie.number}-{asked.lie.number}/{asked.lie.number}",
        "ETag": f'"{word}"',
    }
    names = list(odd)[asked.lie.number % 6 :]
    return Answer(asked.honest.status, {**asked.honest.headers, **{n: odd[n] for n in names}}, asked.honest.body)


def other_bytes(asked: Asked) -> Answer:
    body = asked.lie.word.encode("utf-8", "surrogatepass")
    return Answer(asked.honest.status, asked.honest.headers, body)


def nothing_done(asked: Asked) -> Answer:
    return Answer(200, {"ETag": f'"{"f" * 32}"'}, b"")


def much(asked: Asked) -> Answer:
    status = asked.honest.status if asked.lie.number % 2 else 403
    return Answer(status, {"Content-Type": "application/xml"}, XML + b"<Error><Message>" + b"x" * MUCH)


def entities(asked: Asked) -> Answer:
    """A document that has a reader of XML open files and ask servers."""
    where = asked.server.elsewhere[asked.lie.number % len(asked.server.elsewhere)]
    dtd = f'<!DOCTYPE x [<!ENTITY a SYSTEM "{where}"><!ENTITY b "{"&c;" * 9}"><!ENTITY c "{"ha" * 99}">]>'
    page = asked.honest.body.partition(b"?>")[2] or b"<Error><Code>x</Code></Error>"
    told = page.replace(b"</Key>", b"&a;&b;</Key>").replace(b"</Code>", b"&a;</Code>")
    return Answer(asked.honest.status, {"Content-Type": "application/xml"}, XML + dtd.encode() + told)


def cut(asked: Asked) -> Answer:
    return Answer(
        asked.honest.status, asked.honest.headers, asked.honest.body[:7], announced=len(asked.honest.body) + 9
    )


def slow(asked: Asked) -> Answer:
    return Answer(asked.honest.status, asked.honest.headers, asked.honest.body[:8], announced=5000, pause=0.1)


def packed(asked: Asked) -> Answer:
    return Answer(asked.honest.status, {**asked.honest.headers, "Content-Encoding": "gzip"}, gzip.compress(bytes(MUCH)))


def status_alone(asked: Asked) -> Answer:
    return Answer(asked.lie.number if 200 <= asked.lie.number < 1000 else 299, {}, b"")


LIES: Mapping[str, Callable[[Asked], Answer]] = {
    "listing": listing,
    "a page more": lambda asked: listing(asked, more=asked.lie.word or "x"),
    "error": an_error,
    "redirect": redirect,
    "headers": headers,
    "other bytes": other_bytes,
    "nothing done": nothing_done,
    "much": much,
    "entities": entities,
    "cut": cut,
    "slow": slow,
    "packed": packed,
    "status": status_alone,
}
ABOUT = (
    "ListObjectsV2",
    "GetObject",
    "HeadObject",
    "PutObject",
    "DeleteObject",
    "Upload",
    "Part",
    "Bucket",
    "",
    "metadata",
)


class FalseServer:
    """Listens on `address`. `heard` is all that it was sent; `elsewhere` is where its redirects and entities lead."""

    def __init__(self, upstream: str, elsewhere: list[str]) -> None:
        parts = urlsplit(upstream)
        self.upstream = (parts.hostname or "", parts.port or 80)
        self.elsewhere = elsewhere
        self.heard = bytearray()
        self.told = 0
        self._lies: list[Lie] = []
        self._count: dict[Lie, int] = {}
        self._lock = threading.Lock()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                with suppress(OSError):
                    server._serve(self)
                self.close_connection = True

        class Listening(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 512

        self._server = Listening(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def tell(self, lies: Sequence[Lie]) -> None:
        with self._lock:
            self._lies, self._count = list(lies), {}

    def _serve(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            line = handler.rfile.readline(65536)
            if not line:
                return
            head += line
        request = Request.parse(head)
        body = handler.rfile.read(int(request.headers.get("content-length") or 0))
        with self._lock:
            self.heard += head + body
        honest = self._ask(request, body)
        lie = self._lie_about(request)
        if lie is not None:
            self.told += 1
        answer = honest if lie is None else LIES[lie.kind](Asked(request, honest, lie, self))
        for piece in _on_the_wire(answer, has_body=request.method != "HEAD"):
            handler.wfile.write(piece)
            if answer.pause:
                time.sleep(answer.pause)

    def _lie_about(self, request: Request) -> Lie | None:
        with self._lock:
            for lie in self._lies:
                named = (
                    request.key.endswith("metadata.json") if lie.about == "metadata" else lie.about in request.operation
                )
                if not named:
                    continue
                self._count[lie] = self._count.get(lie, 0) + 1
                if self._count[lie] > lie.passing:
                    return lie
        return None

    def _ask(self, request: Request, body: bytes) -> Answer:
        connection = http.client.HTTPConnection(*self.upstream, timeout=20)
        try:
            connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                if name != "connection":
                    connection.putheader(name, value.encode("latin-1"))
            connection.endheaders(body or None)
            got: Any = connection.getresponse()
            told = {name: value for name, value in got.getheaders() if name.lower() not in HOP}
            length = int(got.getheader("Content-Length") or 0)
            found = got.read()
            return Answer(got.status, told, found, announced=length if request.method == "HEAD" else None)
        except (OSError, http.client.HTTPException):
            return Answer(503, {}, b"")
        finally:
            connection.close()


def _on_the_wire(answer: Answer, *, has_body: bool) -> Iterator[bytes]:
    length = len(answer.body) if answer.announced is None else answer.announced
    head = [f"HTTP/1.1 {answer.status} Said", *(f"{name}: {value}" for name, value in answer.headers.items())]
    head += [f"Content-Length: {length}", "Connection: close", "", ""]
    yield "\r\n".join(head).encode("latin-1", "replace")
    if not has_body:
        return
    if answer.pause:
        for number in range(len(answer.body)):
            yield answer.body[number : number + 1]
    else:
        yield answer.body
