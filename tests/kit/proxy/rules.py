"""The script of what is to be broken."""

from __future__ import annotations

import fnmatch
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from tests.kit.proxy.request import Request

BLOCK = 256 * 1024


def is_scratch(key: str) -> bool:
    """Whether an object is there to find out what the store honours, which is done beside whatever is counted."""
    return "/.s3sync/probe-" in key


class Throttle:
    """So many bytes a second for all that share it."""

    def __init__(self, rate: float) -> None:
        self.block = int(min(BLOCK, max(256, rate / 20)))
        self._rate, self._free_at, self._lock = rate, 0.0, threading.Lock()

    def take(self, count: int) -> float:
        """The seconds to wait before these bytes may go on."""
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + count / self._rate
            return self._free_at - now


@dataclass
class Faults:
    """All that the matching rules want done to one request."""

    delay: float = 0
    throttle: Throttle | None = None
    cut_request: int | None = None
    cut_response: int | None = None
    at_cut: Callable[[], object] | None = None
    reset: bool = True
    swallow: bool = False
    shorten: int | None = None
    answer: tuple[int, str, str, dict[str, str]] | None = None
    acted: bool = False
    flip_request: int | None = None
    flip_response: int | None = None
    drop_headers: tuple[str, ...] = ()
    response_headers: dict[str, str | None] = field(default_factory=dict)
    before: Callable[[Request], object] | None = None
    after: Callable[[Request], object] | None = None


class Rule:
    """Which requests, and (by one of the methods) what happens to them. Several rules may meet in one request.

    Offsets and lengths are bytes of the body as it is on the wire, the head not counted.
    """

    def __init__(self, operation: str | None, key: str | None, nth: int | None, times: int | None) -> None:
        self._operation, self._key = operation, key
        self._is_counted = nth is not None and key is None
        self._first = nth or 1
        self._last = self._first + (times or 1) - 1 if nth or times else None
        self.faults: dict[str, Any] = {}
        self.seen = 0  # requests that it is about
        self.hits = 0  # those that it acted on

    def meets(self, request: Request) -> bool:
        if self._operation is not None and not fnmatch.fnmatchcase(request.operation, self._operation):
            return False
        if self._is_counted and is_scratch(request.key):
            return False
        if self._key is not None and not (self._key == request.key or fnmatch.fnmatchcase(request.key, self._key)):
            return False
        self.seen += 1
        if self.seen < self._first or (self._last is not None and self.seen > self._last):
            return False
        self.hits += 1
        return True

    def _do(self, **faults: Any) -> Self:
        self.faults = faults
        return self

    def delay(self, seconds: float) -> Self:
        """The request reaches the server so much later."""
        return self._do(delay=seconds)

    def rate(self, bytes_per_s: float) -> Self:
        """All matching requests together get no more than this, both ways."""
        return self._do(throttle=Throttle(bytes_per_s))

    def cut_request_after(self, n: int, *, reset: bool = True, act: Callable[[], object] | None = None) -> Self:
        """End both connections when the server has n bytes of a longer body; at 0 it gets not even the head.

        `act` is called at that moment, while the body still waits to go on.
        """
        return self._do(cut_request=n, reset=reset, at_cut=act)

    def cut_response_after(self, n: int, *, reset: bool = True, act: Callable[[], object] | None = None) -> Self:
        """End the connection when the client has the head and n bytes of a longer body; `act` as above."""
        return self._do(cut_response=n, reset=reset, at_cut=act)

    def truncate_response(self, n: int, *, keep_length: bool = True) -> Self:
        """Like a cut with an orderly end; without `keep_length` Content-Length says n too, and nothing looks wrong."""
        return self._do(cut_response=n, reset=False) if keep_length else self._do(shorten=n)

    def swallow_answer(self, *, reset: bool = True) -> Self:
        """The server acts and answers; the client sees the connection end."""
        return self._do(swallow=True, reset=reset)

    def reply(
        self, status: int, code: str, message: str = "", *, acted: bool = False, headers: dict[str, str] | None = None
    ) -> Self:
        """Answer with an S3 error. The server hears nothing of it; with `acted` it did what was asked."""
        return self._do(answer=(status, code, message or f"{code} by the proxy", headers or {}), acted=acted)

    def flip_byte(self, offset: int, of: str = "response") -> Self:
        """Change one bit of the `response` or the `request`."""
        return self._do(**{f"flip_{of}": offset})

    def strip_request_header(self, *names: str) -> Self:
        """The server does not get these headers.

        boto3 signs every header but Expect, Transfer-Encoding and User-Agent; obstore every one but Content-Length and
        User-Agent. So Range, If-Match and the checksums are signed, and the server would answer SignatureDoesNotMatch.
        Where the header is signed the request is therefore signed anew, for which the proxy needs `secrets`.
        """
        return self._do(drop_headers=tuple(name.lower() for name in names))

    def ignore_range(self) -> Self:
        """A server that knows no Range: 200 and the whole object (see strip_request_header)."""
        return self.strip_request_header("Range")

    def ignore_conditions(self) -> Self:
        """A server that knows no conditional requests (see strip_request_header)."""
        names = ("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since")
        return self.strip_request_header(*names, *(f"x-amz-copy-source-{name}" for name in names))

    def response_header(self, name: str, value: str | None) -> Self:
        """Set a header of the answer, or take it out."""
        return self._do(response_headers={name.lower(): value})

    def before(self, act: Callable[[Request], object]) -> Self:
        """Call this when the request's head is here and before the server gets it."""
        return self._do(before=act)

    def after(self, act: Callable[[Request], object]) -> Self:
        """Call this when the server has acted and before the client hears of it."""
        return self._do(after=act)
