"""A WebDAV server that answers what a test wants, as a remote `hostile` of rclone.

with HostileDav(answers) as dav:
    open_store("rclone:hostile:films", StoreOptions(env=dav.environment(tmp_path)))
"""

from __future__ import annotations

import http.server
import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from tests.kit.servers import free_ports

Answer = tuple[int, Iterable[bytes]]
MULTISTATUS = 207
_HEAD = b'<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns">'


def entry(path: str, size: int | None = None, checksum: str = "") -> bytes:
    """One file of a listing; a folder without a size."""
    kind = (
        "<d:resourcetype><d:collection/></d:resourcetype>"
        if size is None
        else f"<d:getcontentlength>{size}</d:getcontentlength>"
    )
    told = f"<oc:checksums><oc:checksum>{checksum}</oc:checksum></oc:checksums>" if checksum else ""
    when = "<d:getlastmodified>Mon, 05 Jan 2026 00:00:00 GMT</d:getlastmodified>"
    inside = f"<d:prop>{kind}{when}{told}</d:prop><d:status>HTTP/1.1 200 OK</d:status>"
    return f"<d:response><d:href>{path}</d:href><d:propstat>{inside}</d:propstat></d:response>".encode()


def listing(*entries: bytes) -> Answer:
    return MULTISTATUS, [_HEAD, *entries, b"</d:multistatus>"]


class HostileDav:
    """Answers a PROPFIND of a path by `answers`, and a GET with `body`: all of it, or a length and its pieces."""

    def __init__(
        self,
        answers: Callable[[str], Answer],
        body: bytes | tuple[int, Iterable[bytes]] = b"abc",
        vendor: str = "owncloud",
    ) -> None:
        self._answers, self._vendor = answers, vendor
        self._body = (len(body), [body]) if isinstance(body, bytes) else body

    def environment(self, folder: Path) -> dict[str, str]:
        """The environment for an rclone that has the remote; its configuration is written to a folder."""
        config = folder / "hostile.conf"
        config.write_text(
            f"[hostile]\ntype = webdav\nurl = http://127.0.0.1:{self._server.server_port}\nvendor = {self._vendor}\n"
            "pacer_min_sleep = 0\n"
        )
        return {**os.environ, "RCLONE_CONFIG": str(config)}

    def __enter__(self) -> Self:
        answers, (length, whole) = self._answers, self._body

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_PROPFIND(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, pieces = answers(unquote(self.path).rstrip("/"))
                self.send_response(status)
                self.end_headers()
                with suppress(OSError):  # whoever asked may have ended
                    for piece in pieces:
                        self.wfile.write(piece)

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                with suppress(OSError):
                    for piece in whole:
                        self.wfile.write(piece)

        (port,) = free_ports(1)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
