"""What passes by itself is waited out on every kind of store, after pauses of full jitter; a refusal is told at once.

Against a small server that answers as each vendor does, and counts: emulators have no bad days.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from s3sync.errors import AccessDenied, CredentialsError, NotFound, PreconditionFailed, StoreError
from s3sync.store import Store, StoreOptions, open_store
from s3sync.store.options import Wire
from s3sync.store.port import Create, Headers
from tests.kit.servers import free_ports

SILENCE = 0
"""In place of a status: no answer at all."""
BODY = b"the body of an object"
MD5 = hashlib.md5(BODY, usedforsecurity=False)
TIME = "Fri, 27 Nov 2026 08:00:00 GMT"
KEY = base64.b64encode(b"no key of anybody").decode()
STORES: dict[str, tuple[str, dict[str, str]]] = {
    "s3": ("s3://films", {"AWS_ACCESS_KEY_ID": "AKIA0", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1"}),
    "azure": ("az://account/films", {"AZURE_STORAGE_KEY": KEY}),
    "gcs": ("gs://films", {}),
}
PASSING = [408, 429, 500, 503]
FINAL: list[tuple[int, type[StoreError]]] = [(401, CredentialsError), (403, AccessDenied), (404, NotFound)]
_CODES = {
    401: ("InvalidAccessKeyId", "AuthenticationFailed"),
    403: ("AccessDenied", "AuthorizationPermissionMismatch"),
    404: ("NoSuchKey", "BlobNotFound"),
    500: ("InternalError", "InternalError"),
    503: ("SlowDown", "ServerBusy"),
}
"""Codes of S3 (and of Google's XML) and of Azure, by status."""
CALLS: dict[str, tuple[tuple[str, ...], Callable[[Store], object]]] = {
    "read": (("GET",), lambda store: _read(store)),
    "write": (("PUT", "POST"), lambda store: _put(store)),
    "delete": (("DELETE",), lambda store: store.delete("a", if_match=MD5.hexdigest())),
}
"""By name: the methods that are counted, and the call. What is read goes through obstore, deletions never do."""


def _read(store: Store) -> bytes:
    with store.get("a") as reader:
        return b"".join(bytes(chunk) for chunk in reader)


def _put(store: Store) -> None:
    store.put("a", BODY, mode=Create(), headers=Headers(), md5=MD5.digest())


class BadDay(ThreadingHTTPServer):
    """Answers requests of some methods with these statuses, one after the other, and then as if all were well."""

    daemon_threads = True
    kind = ""
    methods: tuple[str, ...] = ()

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", free_ports(1)[0]), _Handler)
        self.statuses: list[int] = []
        self.counted = 0
        self.lock, self.over = threading.Lock(), threading.Event()

    def next(self, method: str, path: str) -> int:
        """Status of the next answer. What is asked after a refusal, which of object and bucket is missing, is not
        counted: it is the object."""
        with self.lock:
            if method not in self.methods:
                return 200
            if method == "GET" and path.startswith("/storage/v1/"):
                return 404 if "/o/a" in path else 200
            self.counted += 1
            return self.statuses.pop(0) if self.statuses else 200

    def handle_error(self, *_: object) -> None:
        pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: BadDay

    def handle_any(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = self.server.next(self.command, self.path)
        if status == SILENCE:
            self.server.over.wait(30)
            self.close_connection = True
        elif status == 200:
            self._all_is_well()
        else:
            self._refuse(status)

    def _all_is_well(self) -> None:
        told = {"ETag": f'"{MD5.hexdigest()}"', "Last-Modified": TIME, "x-goog-generation": "1"}
        told |= {"x-ms-version": "2021-08-06", "x-ms-blob-type": "BlockBlob", "x-ms-request-server-encrypted": "true"}
        is_json = self.server.kind == "gcs" and self.path.startswith(("/storage/v1", "/upload"))
        if self.command == "DELETE":
            self._send({"azure": 202}.get(self.server.kind, 204), told, b"")
        elif is_json and "alt=media" not in self.path:
            md5 = base64.b64encode(MD5.digest()).decode()
            found = {"name": "a", "size": str(len(BODY)), "generation": "1", "md5Hash": md5}
            found |= {"updated": "2026-11-27T08:00:00Z", "bucket": "films"}
            self._send(200, {"Content-Type": "application/json"}, json.dumps(found).encode())
        elif self.command == "PUT":
            self._send(201 if self.server.kind == "azure" else 200, told, b"")
        else:
            self._send(200, told, BODY)

    def _refuse(self, status: int) -> None:
        """A refusal in the vendor's words; of what passes some come from whatever stands before it: a web page."""
        kind, codes = self.server.kind, _CODES.get(status)
        code = "" if codes is None else codes[kind == "azure"]
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>a bad day</Message></Error>".encode()
        told = {"Content-Type": "application/xml"}
        if kind == "gcs" and self.path.startswith(("/storage/v1", "/upload")):
            body = json.dumps({"error": {"code": status, "message": "a bad day"}}).encode()
        if codes is None:
            told, body = {"Content-Type": "text/html"}, b"<html><body>a bad day</body></html>"
        elif kind == "azure":
            told["x-ms-error-code"] = code
        self._send(status, told, body)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[BadDay]:
    with BadDay() as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.over.set()
        found.shutdown()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """Pauses that were drawn, of which next to nothing is waited."""
    found: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        found.append((low, high))
        return 1e-6

    monkeypatch.setattr(random, "uniform", draw)
    return found


def opened(server: BadDay, kind: str, call: str, *statuses: int) -> Store:
    url, env = STORES[kind]
    server.kind, server.methods = kind, CALLS[call][0]
    server.statuses, server.counted = list(statuses), 0
    wire = Wire(read_timeout=1, retries=3) if SILENCE in statuses else Wire(retries=3)  # so that each attempt is ours
    endpoint = f"http://127.0.0.1:{server.server_port}"
    return open_store(url, StoreOptions(env=env, endpoint_url=endpoint, wire=wire))


@pytest.mark.parametrize(
    ("call", "status"),
    [*((call, status) for call in CALLS for status in PASSING), ("read", SILENCE), ("delete", SILENCE)],
)
@pytest.mark.parametrize("kind", STORES)
def test_what_passes_by_itself_is_waited_out(
    server: BadDay, drawn: list[tuple[float, float]], kind: str, call: str, status: int
) -> None:
    times = 1 if status == SILENCE else 2
    store = opened(server, kind, call, *[status] * times)
    result: Any = CALLS[call][1](store)
    assert result == (BODY if call == "read" else None)
    assert server.counted == times + 1 and drawn == [(0, 0.2), (0, 0.4)][:times]


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize(("status", "error"), FINAL)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", STORES)
def test_a_refusal_is_told_at_once(server: BadDay, kind: str, call: str, status: int, error: type[StoreError]) -> None:
    store = opened(server, kind, call, *[status] * 9)
    if call == "delete" and status == 404:
        error = PreconditionFailed  # of a deletion under a condition
    with pytest.raises(error) as refused:
        CALLS[call][1](store)
    assert type(refused.value) is error
    assert server.counted == 1
