"""Other clouds than S3, filled and read past s3sync: what a place needs of each."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from typing import Any, Protocol
from urllib.parse import quote

from tests.kit.azurite import Azurite
from tests.kit.google import FakeGcs


class Cloud(Protocol):
    url: str

    def put(self, key: str, body: bytes) -> None: ...
    def drop(self, key: str) -> None: ...
    def read(self, prefix: str) -> Iterator[tuple[str, bytes]]: ...


class Google:
    def __init__(self, server: FakeGcs) -> None:
        self._server, self.url = server, f"gs://{server.bucket}"

    def put(self, key: str, body: bytes) -> None:
        self._server.put(key, body)

    def drop(self, key: str) -> None:
        path = f"/storage/v1/b/{self._server.bucket}/o/{quote(key, safe='')}"
        urllib.request.urlopen(
            urllib.request.Request(f"{self._server.endpoint_url}{path}", method="DELETE"), timeout=10
        ).close()

    def read(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        for key in self._server.names(prefix):
            path = f"/storage/v1/b/{self._server.bucket}/o/{quote(key, safe='')}?alt=media"
            with urllib.request.urlopen(f"{self._server.endpoint_url}{path}", timeout=10) as answer:
                yield key, answer.read()


class Azure:
    def __init__(self, server: Azurite) -> None:
        self._container: Any = server.container()
        self.url = server.url

    def put(self, key: str, body: bytes) -> None:
        self._container.upload_blob(key, body, overwrite=True)

    def drop(self, key: str) -> None:
        self._container.delete_blob(key)

    def read(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        for blob in self._container.list_blobs(name_starts_with=prefix):
            yield blob.name, self._container.download_blob(blob.name).readall()
