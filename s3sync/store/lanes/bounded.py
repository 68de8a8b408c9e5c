"""Answers of a bounded size for libraries that by themselves read whatever a server sends into memory, be it for ever.

`BoundedResponse` bounds the head of an answer, `whole` its body; `adapter` gives both to the library `requests`.
"""

from __future__ import annotations

import io
import math
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import Any

from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.least_rate import LeastRate

MOST_BYTES = 16 * 1024 * 1024
"""A page of 1,000 keys takes up to 3 MB, the largest answer that S3 gives besides objects."""
MOST_HEAD_BYTES = 1024 * 1024
MOST_TAGS = 1_000_000
"""Tags of an XML document, each of which takes more memory than its bytes: a page of 1,000 versions on S3 has some
30,000, one of 5,000 blobs on Azure 400,000."""
PATIENCE_S = 120.0
_PIECE = 64 * 1024
_RANGE = re.compile(r"bytes=([0-9]{1,19})-([0-9]{1,19})")
_LENGTH = re.compile(r"[0-9]{1,19}")


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
    """The bytes of a connection; first and within `bounded` so many, for so long. Then not slower than `LeastRate`."""

    def __init__(self, inner: Any) -> None:
        self._inner, self._rate = inner, LeastRate()
        # Until `bounded` ends: of what a proxy answers before a tunnel, only the lines are read, without `begin`.
        self._left, self._give_up = float(MOST_HEAD_BYTES), time.monotonic() + PATIENCE_S

    @contextmanager
    def bounded(self) -> Iterator[None]:
        self._left, self._give_up = MOST_HEAD_BYTES, time.monotonic() + PATIENCE_S
        yield
        self._left, self._give_up = math.inf, math.inf

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        began = time.monotonic()
        count: int | None = self._inner.readinto(buffer)
        self._rate.took(time.monotonic() - began, count or 0)
        self._left -= count or 0
        if self._left < 0 or time.monotonic() > self._give_up:
            raise RequestFailed(Failure("unending"))
        return count

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
        super().close()


def whole(raw: Any, most: int | None = None) -> bytes:
    """The body of an answer of urllib3's, as it came. Raises `RequestFailed` when it is too large or takes too long."""
    give_up, pieces, size = time.monotonic() + PATIENCE_S, list[bytes](), 0
    while piece := raw.read1(_PIECE, decode_content=False):  # what is there already: a full piece may never come
        pieces.append(piece)
        size += len(piece)
        if size > (MOST_BYTES if most is None else most) or time.monotonic() > give_up:
            raw.close()
            raise RequestFailed(Failure("unending"))
    return b"".join(pieces)


def adapter(connections: int, most: int | None = None, *, ranges: bool = False, plain: bool = False) -> Any:
    """An adapter of `requests` that tries once, whose answers end: those that are no streams are read here.

    `ranges`: what is a stream has the bytes of a range, so that its length is said and is not more than was asked for.
    `plain`: nothing compressed is asked for; what comes so is not unpacked.
    """
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    class Plain(HTTPConnection):
        response_class = BoundedResponse

    class Encrypted(HTTPSConnection):
        response_class = BoundedResponse

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    class Bounded(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": EncryptedPool}

        def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
            manager = super().proxy_manager_for(*args, **kwargs)
            manager.pool_classes_by_scheme = {"http": PlainPool, "https": EncryptedPool}
            return manager

        def send(self, request: Any, stream: bool = False, **more: Any) -> Any:  # type: ignore[override]
            if plain:
                request.headers["Accept-Encoding"] = "identity"
            answer = super().send(request, stream=True, **more)
            if not stream or answer.status_code >= 300:
                answer._content = whole(answer.raw, most)  # what `Response.content` keeps when it has read it
                if answer._content.count(b"<") > MOST_TAGS:
                    raise RequestFailed(Failure("not_s3", answer.status_code))
                answer._content_consumed = True
            elif ranges and not _fits(request.headers, answer.headers):
                answer.close()
                raise RequestFailed(Failure("unending"))
            return answer

    return Bounded(max_retries=0, pool_maxsize=connections)


def _fits(asked: Mapping[str, str], told: Mapping[str, str]) -> bool:
    length, span = told.get("Content-Length", ""), _RANGE.fullmatch(asked.get("x-ms-range") or asked.get("Range") or "")
    if not _LENGTH.fullmatch(length):
        return False
    return int(length) <= (int(span[2]) + 1 - int(span[1]) if span else MOST_BYTES)
