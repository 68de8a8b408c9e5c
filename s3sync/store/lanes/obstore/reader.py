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
"""Up to this size a body is waited for as a whole, which costs a fraction of a stream."""


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
        stream = answer.stream(min_chunk_size=CHUNK) if left > IN_ONE_PIECE else _whole(answer)
        rate = LeastRate()
        while True:
            began = time.monotonic()
            try:
                with rate.waiting():
                    chunk = next(stream, None)
                rate.took(time.monotonic() - began, len(chunk or b""))
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


def _whole(answer: Any) -> Iterator[Any]:
    """A small body in one piece, which costs a fraction of a stream."""
    yield answer.bytes()
