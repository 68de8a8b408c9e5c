"""An S3 server that lies. No real one does what it does, so there is none to put in its place."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Answer = tuple[int, dict[str, str], bytes]
MD5_OF_X = "9dd4e461268c8034f5c8564e155c67a6"
XML = '<?xml version="1.0" encoding="UTF-8"?>'


def listing(prefix: str, names: dict[str, int], more: str | None = None) -> Answer:
    items = "".join(
        f"<Contents><Key>{prefix}{name}</Key><LastModified>2025-11-03T10:00:00.000Z</LastModified>"
        f'<ETag>"{MD5_OF_X}"</ETag><Size>{size}</Size></Contents>'
        for name, size in names.items()
    )
    token = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{more}</NextContinuationToken>"
    ending = token if more else "<IsTruncated>false</IsTruncated>"
    return 200, {}, f"{XML}<ListBucketResult>{ending}{items}</ListBucketResult>".encode()


def uploads(prefix: str, more: str) -> Answer:
    item = f"<Upload><Key>{prefix}a</Key><UploadId>x</UploadId><Initiated>2025-11-03T10:00:00.000Z</Initiated></Upload>"
    text = f"<IsTruncated>true</IsTruncated><NextKeyMarker>{more}</NextKeyMarker><NextUploadIdMarker>{more}"
    text += f"</NextUploadIdMarker>{item}"
    return 200, {}, f"{XML}<ListMultipartUploadsResult>{text}</ListMultipartUploadsResult>".encode()


def error(status: int, code: str, message: str = "", more: str = "") -> Answer:
    return status, {}, f"{XML}<Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>".encode()


def body(content: bytes, **headers: str) -> Answer:
    return 200, {"ETag": f'"{MD5_OF_X}"', "Last-Modified": "Mon, 03 Nov 2025 10:00:00 GMT", **headers}, content


class Lie:
    """What is asked: `kind` is list, uploads or the key; `number` counts requests; `headers` are the client's."""

    def __init__(self, handler: Any, number: int) -> None:
        parts = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.path = handler.path
        self.number, self.headers, self.prefix = number, handler.headers, query.get("prefix", "")
        key = unquote(parts.path).partition("/")[2].partition("/")[2]
        self.kind = "list" if "list-type" in query else "uploads" if "uploads" in query else key


@contextmanager
def liar(answer: Callable[[Lie], Answer]) -> Iterator[str]:
    """The address of a server that answers so, until the block ends, also to whoever would ask on for ever."""
    asked, over = iter(range(10**9)), threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536

        def do_any(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            if over.is_set():
                self.close_connection = True
                return
            status, headers, content = answer(Lie(self, next(asked)))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_any  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            over.set()
            server.shutdown()
