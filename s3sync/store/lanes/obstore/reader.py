"""obstore's answer to a GET, as the port has it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure, is_panic
from s3sync.store.lanes.least_rate import LeastRate
from s3sync.store.lanes.obstore.failures import from_obstore
from s3sync.store.port import ObjectInfo

CHUNK = 128 * 1024
"""Pieces of a large body. The C library takes larger pieces from the system and gives them back each time, and
clearing their pages costs more than the calls that are saved (1 GiB: 65,000 page faults instead of 15,000)."""
IN_ONE_PIECE = 1024 * 1024
"""Up to this size the pieces of a body are taken as they come: one that drips is noticed, and they cost no more."""


class ObstoreReader:
    """A `port.Reader` over obstore's answer."""

    def __init__(self, info: ObjectInfo, answer: Any, fail: Callable[[Failure], BaseException]) -> None:
        self.info = info
        self._answer, self._fail = answer, fail

    def __enter__(self) -> ObstoreReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._answer = None  # dropping the last reference closes the connection

    def __iter__(self) -> Iterator[memoryview]:
        answer, self._answer = self._answer, None
        start, stop = answer.range
        left = stop - start
        pieces = pieces_of(answer, CHUNK if left > IN_ONE_PIECE else 1)
        while True:
            try:
                chunk = next(pieces, None)
            except RequestFailed as error:
                raise self._fail(error.failure) from None
            except BaseException as error:
                if not isinstance(error, Exception) and not is_panic(error):
                    raise
                raise self._fail(from_obstore(error)) from None
            if chunk is None:
                break
            view = memoryview(chunk)
            left -= len(view)
            yield view
        if left:
            raise self._fail(Failure("truncated", message=f"{left} bytes are missing"))


def pieces_of(answer: Any, least: int) -> Iterator[Any]:
    """The body of obstore's answer, in pieces of at least so many bytes but for the last.

    Raises `RequestFailed` for a body that drips, and what obstore raises.
    """
    stream, rate = answer.stream(min_chunk_size=least), LeastRate()
    while True:
        began = time.monotonic()
        with rate.waiting():
            chunk = next(stream, None)
        rate.took(time.monotonic() - began, len(chunk or b""))
        if chunk is None:
            return
        yield chunk
