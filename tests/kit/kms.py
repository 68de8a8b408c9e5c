"""Makes the ETags of an S3 server what AWS makes of them in a bucket that is encrypted with KMS: no MD5s.

MiniStack stores and tells the encryption, but its ETags stay MD5s. Here each ETag is another one of the same form on
its way to the client, and what it was on its way back, in headers and in XML. A HEAD of part 1 tells its size, as AWS
does and MiniStack does not. Everything else is the server's own work.
It cannot sign anew, so the server must not check signatures: MiniStack's administrator is not checked.
"""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_MASK = int("5a" * 16, 16)
_IN_XML = re.compile(rb"(<ETag>(?:&quot;|&#34;|\")?)([0-9a-f]{32})")
_IN_HEADER = re.compile(r"\b[0-9a-f]{32}(?![0-9a-f])")
_TELLING = frozenset({"etag", "if-match", "if-none-match", "x-amz-copy-source-if-match"})
_HOP = frozenset({"connection", "transfer-encoding", "keep-alive", "date", "server", "expect", "content-length"})


def other(etag: str) -> str:
    """What stands for an ETag on the other side of this proxy."""
    return f"{int(etag, 16) ^ _MASK:032x}"


@contextmanager
def with_opaque_etags(endpoint: str) -> Iterator[str]:
    """The address of a server that is the one at `endpoint`, but for its ETags."""
    target, firsts = urlsplit(endpoint).netloc, dict[str, int]()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path, _, query = self.path.partition("?")
            if self.command == "PUT" and "partNumber=1&" in f"{query}&":
                firsts[path] = len(body)
            if self.command == "POST":  # the parts of an upload are named by their ETags
                body = _IN_XML.sub(_turned, body)
            upstream = http.client.HTTPConnection(target, timeout=60)
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _HOP:
                    upstream.putheader(name, _header(name, value))
            if body or self.command in ("PUT", "POST"):
                upstream.putheader("Content-Length", str(len(body)))
            upstream.endheaders(body or None)
            answer = upstream.getresponse()
            of_part = firsts.get(path) if self.command == "HEAD" and "partNumber=1" in query.split("&") else None
            self._give(answer, answer.read(), of_part)
            upstream.close()

        def _give(self, answer: http.client.HTTPResponse, content: bytes, of_part: int | None) -> None:
            if (answer.getheader("Content-Type") or "").endswith("xml"):
                content = _IN_XML.sub(_turned, content)
            of_part = of_part if answer.status == HTTPStatus.OK else None
            self.send_response(answer.status if of_part is None else HTTPStatus.PARTIAL_CONTENT)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP:
                    self.send_header(name, _header(name, value))
            length = answer.getheader("Content-Length") if self.command == "HEAD" else None
            if of_part is not None:
                length, parts = str(of_part), -(-int(length or 0) // of_part)
                self.send_header("x-amz-mp-parts-count", str(parts))
            self.send_header("Content-Length", length or str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_any  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def _header(name: str, value: str) -> str:
    return _IN_HEADER.sub(lambda found: other(found[0]), value) if name.lower() in _TELLING else value


def _turned(found: re.Match[bytes]) -> bytes:
    return found[1] + other(found[2].decode()).encode()


def kms_bucket(server: Any, name: str) -> None:
    """Make a bucket in which everything is encrypted with a key of its own."""
    client, kms = server.client("admin"), server.client("admin", "kms")
    client.create_bucket(Bucket=name)
    rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": kms.create_key()["KeyMetadata"]["KeyId"]}
    client.put_bucket_encryption(
        Bucket=name, ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]}
    )
