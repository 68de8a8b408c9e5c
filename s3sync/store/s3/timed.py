"""Reading with the clock of the store, by botocore: obstore does not show the header that tells it."""

from __future__ import annotations

from s3sync.store.aspects import TimedBody
from s3sync.store.s3.full import FullReader, date_of
from s3sync.store.s3.requests import Requests


class S3ReadsTimed:
    def __init__(self, io: Requests) -> None:
        self._io = io

    def read_timed(self, key: str, most_bytes: int) -> TimedBody:
        """The time is in the head of the answer, so that it is that of the object's own."""
        name = self._io.key(key)
        answer = self._io.on_full("read", name, lambda: self._io.full.get(name, 0, None, None))
        with FullReader(key, answer, lambda failure: self._io.error(failure, "read", name)) as reader:
            body = b"".join(reader) if reader.info.size <= most_bytes else None
        return TimedBody(reader.info, body, date_of(answer))
