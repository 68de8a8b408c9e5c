"""Answers of a bounded size for botocore, which by itself reads whatever a server sends into memory."""

from __future__ import annotations

import time
from typing import Any

from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure
from s3sync.store.watch import WATCH

MOST_BYTES = 16 * 1024 * 1024
"""A page of 1,000 keys takes up to 3 MB, the largest answer that S3 gives besides objects."""
PATIENCE_S = 120.0
_PIECE = 64 * 1024


class BoundedSession:
    """botocore's HTTP session, with answers that end. Bodies of objects stay streams.

    `send` and `close` are all that `botocore.endpoint.Endpoint` calls.
    """

    def __init__(self, inner: Any, server: str) -> None:
        self._inner, self._server = inner, server

    def send(self, request: Any) -> Any:
        """The answer, read when it is no object. Raises `RequestFailed` when it is too large or takes too long."""
        is_object, request.stream_output = request.stream_output, True
        try:
            with WATCH.request(f"{self._server} to answer"):
                response = self._inner.send(request)
        finally:
            request.stream_output = is_object
        if not is_object or response.status_code >= 300:
            response._content = _read(response.raw)  # what `AWSResponse.content` keeps when it has read it
        return response

    def close(self) -> None:
        self._inner.close()


def _read(raw: Any) -> bytes:
    give_up, pieces, size = time.monotonic() + PATIENCE_S, list[bytes](), 0
    while piece := raw.read1(_PIECE):  # what is there already: a full piece may never come
        pieces.append(piece)
        size += len(piece)
        if size > MOST_BYTES or time.monotonic() > give_up:
            raw.close()
            raise RequestFailed(Failure("unending"))
    return b"".join(pieces)
