"""The body of an upload: what is said of an object, and its bytes, in one request.

Source: https://cloud.google.com/storage/docs/uploading-objects#uploading-an-object (multipart upload); RFC 2387.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from s3sync.store.bodies import Sending
from s3sync.store.port import Buffer

PIECE = 64 * 1024


class Related:
    """`multipart/related` of two parts, read in pieces. It is sent once: another attempt makes another one."""

    def __init__(self, resource: Mapping[str, Any], body: Sending, content_type: str | None) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/related; boundary={boundary}"
        kind = content_type if content_type and content_type.isascii() and content_type.isprintable() else None
        head = (
            f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n".encode()
            + msgspec.json.encode(resource)
            + f"\r\n--{boundary}\r\nContent-Type: {kind or 'application/octet-stream'}\r\n\r\n".encode()
        )
        self._body, self._ends = body, [head, f"\r\n--{boundary}--\r\n".encode()]
        self._size = len(head) + len(body) + len(self._ends[1])

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Buffer]:
        while piece := self.read(PIECE):
            yield piece

    def read(self, size: int | None = None) -> Buffer:
        if len(self._ends) == 2:
            return self._ends.pop(0)
        piece = self._body.read(PIECE if size is None or size < 0 else size)
        if len(piece):
            return piece
        return self._ends.pop() if self._ends else b""
