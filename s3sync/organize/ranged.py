"""Objects as files that are read where somebody looks, block by block, and bounded: what a header costs is counted."""

from __future__ import annotations

import io
from collections.abc import Callable

from s3sync.archive.readers import Unsaid
from s3sync.organize.looks import Looks
from s3sync.store.port import Store

BLOCK = 16 * 1024
"""Bytes that are asked for at once: most tags without pictures fit into them."""
MOST_BYTES = 4 * 1024 * 1024
"""Bytes that are fetched of one object at the most: more stands in no header, but for a large cover picture."""


class RangedFile(Looks):
    """An object for reading, as it was listed: a GET of a range for what is not here yet.

    Raises `Unsaid` where somebody wants more than `MOST_BYTES` of it, and `StoreError`. `received` is told of bytes.
    """

    def __init__(self, store: Store, key: str, size: int, etag: str, received: Callable[[int], None]) -> None:
        super().__init__()
        self._store, self._key, self._etag, self._size = store, key, etag, size
        self._received, self._fetched, self._at = received, 0, 0
        self._blocks: dict[int, bytes] = {}

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("negative place in a file")
        self._at = base + offset
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        end = self._size if size is None or size < 0 else min(self._size, self._at + size)
        if end <= self._at:
            return b""
        first, last = self._at // BLOCK, (end - 1) // BLOCK
        self._fetch(first, last)
        data = b"".join(self._blocks[number] for number in range(first, last + 1))
        start = self._at - first * BLOCK
        found = data[start : start + end - self._at]
        self._at += len(found)
        return found

    def _fetch(self, first: int, last: int) -> None:
        """Have these blocks here: one request for those between the first and the last that is lacking."""
        lacking = [number for number in range(first, last + 1) if number not in self._blocks]
        if not lacking:
            return
        start, stop = lacking[0] * BLOCK, min(self._size, (lacking[-1] + 1) * BLOCK)
        self._fetched += stop - start
        if self._fetched > MOST_BYTES:
            raise Unsaid(f"what it says of itself takes more than {MOST_BYTES // 1024 // 1024} MiB")
        with self._store.get(self._key, start=start, stop=stop, if_match=self._etag) as reader:
            data = b"".join(bytes(chunk) for chunk in reader)
        self._received(len(data))
        if len(data) != stop - start:
            raise Unsaid("it did not arrive whole")
        for number in range(lacking[0], lacking[-1] + 1):
            at = (number - lacking[0]) * BLOCK
            self._blocks[number] = data[at : at + BLOCK]
