"""Answers of a bounded size for botocore, which by itself reads whatever a server sends into memory."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import Any

from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure
from s3sync.store.watch import WATCH

MOST_BYTES = 16 * 1024 * 1024
"""A page of 1,000 keys takes up to 3 MB, the largest answer that S3 gives besides objects."""
MOST_HEAD_BYTES = 1024 * 1024
PATIENCE_S = 120.0
_PIECE = 64 * 1024


class BoundedSession:
    """botocore's HTTP session, with answers that end. Bodies of objects stay streams.

    `send` and `close` are all that `botocore.endpoint.Endpoint` calls.
    """

    def __init__(self, inner: Any, server: str) -> None:
        self.inner, self._server = inner, server

    def send(self, request: Any) -> Any:
        """The answer, read when it is no object. Raises `RequestFailed` when it is too large or takes too long."""
        from botocore.exceptions import HTTPClientError

        is_object, request.stream_output = request.stream_output, True
        try:
            with WATCH.request(f"{self._server} to answer"):
                response = self.inner.send(request)
        except HTTPClientError as error:
            if isinstance(within := error.kwargs.get("error"), RequestFailed):
                raise within from None
            raise
        finally:
            request.stream_output = is_object
        if not is_object or response.status_code >= 300:
            response._content = _read(response.raw)  # what `AWSResponse.content` keeps when it has read it
        return response

    def close(self) -> None:
        self.inner.close()


class BoundedResponse(HTTPResponse):
    """An answer whose head and trailer end. The standard library passes over any number of `100 Continue`, each with
    headers of its own, and waits anew for each next byte, however slowly they come.

    `AWSHTTPConnection.response_class` is set to it (`http.client.HTTPConnection.response_class`).
    """

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._lines = _Lines(self.fp.detach())
        self.fp = io.BufferedReader(self._lines)

    def begin(self) -> None:
        """Read the head. Raises `RequestFailed` when it is too large or takes too long."""
        with self._lines.bounded():
            super().begin()

    def _read_and_discard_trailer(self) -> None:
        with self._lines.bounded():
            super()._read_and_discard_trailer()  # type: ignore[misc]


class _Lines(io.RawIOBase):
    """The bytes of a connection; within `bounded` so many, and for so long."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._left, self._give_up = math.inf, math.inf

    @contextmanager
    def bounded(self) -> Iterator[None]:
        self._left, self._give_up = MOST_HEAD_BYTES, time.monotonic() + PATIENCE_S
        yield
        self._left, self._give_up = math.inf, math.inf

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count: int | None = self._inner.readinto(buffer)
        self._left -= count or 0
        if self._left < 0 or time.monotonic() > self._give_up:
            raise RequestFailed(Failure("unending"))
        return count

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
        super().close()


def _read(raw: Any) -> bytes:
    give_up, pieces, size = time.monotonic() + PATIENCE_S, list[bytes](), 0
    while piece := raw.read1(_PIECE):  # what is there already: a full piece may never come
        pieces.append(piece)
        size += len(piece)
        if size > MOST_BYTES or time.monotonic() > give_up:
            raw.close()
            raise RequestFailed(Failure("unending"))
    return b"".join(pieces)
