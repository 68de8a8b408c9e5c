"""Hashing of a file that arrives in parts: from front to back, from memory where a part is the next one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import md5

import xxhash

from s3sync.core.etag import composite_etag
from s3sync.disk.errors import local_errors
from s3sync.errors import ChecksumMismatch
from s3sync.local.digests import CHUNK, Digests
from s3sync.store.port import Buffer
from s3sync.transfer.fetch.wanted import Temp


class Follower:
    """Hashes the temp file from front to back, always as far as its parts have arrived without a gap.

    `with_md5`: each part as well, for the ETag that S3 makes of an object in such parts.
    """

    def __init__(self, temp: Temp, ranges: list[tuple[int, int]], *, with_md5: bool = False) -> None:
        self._temp, self._ranges, self._with_md5 = temp, ranges, with_md5
        self._part_md5s: list[bytes] = []
        self._arrived: set[int] = set()
        self._next = 0
        self._full, self._fast = md5(usedforsecurity=False), xxhash.xxh3_128()
        self._busy = threading.Lock()

    @contextmanager
    def following(self, number: int) -> Iterator[Callable[[Buffer], None]]:
        """Hear the bytes of a part as they arrive. Those of the next one are hashed at once, if nobody else hashes.

        Others are read back when their turn comes, and so is a part of which not all came.
        """
        if number != self._next or not self._busy.acquire(blocking=False):
            yield _unheard
            return
        try:
            if number != self._next:
                yield _unheard
                return
            full, fast, part = self._full.copy(), self._fast.copy(), md5(usedforsecurity=False)

            def hear(chunk: Buffer) -> None:
                full.update(chunk)
                fast.update(chunk)
                if self._with_md5:
                    part.update(chunk)

            yield hear
            self._full, self._fast = full, fast
            self._part_md5s.append(part.digest())
            self._next += 1
        finally:
            self._busy.release()

    def arrived(self, number: int) -> None:
        """Note a part; whoever finds nobody else hashing does what can be done."""
        self._arrived.add(number)
        while self._next in self._arrived and self._busy.acquire(blocking=False):
            try:
                self._hash()
            finally:
                self._busy.release()

    def _hash(self) -> None:
        with local_errors("cannot read", self._temp.path), open(self._temp.open(), "rb", buffering=0) as stream:
            while self._next in self._arrived:
                start, stop = self._ranges[self._next]
                stream.seek(start)
                left, part = stop - start, md5(usedforsecurity=False)
                while left:
                    chunk = stream.read(min(CHUNK, left))
                    if not chunk:
                        raise ChecksumMismatch(f"{self._temp.path} became shorter while it was being written")
                    self._full.update(chunk)
                    self._fast.update(chunk)
                    if self._with_md5:
                        part.update(chunk)
                    left -= len(chunk)
                self._part_md5s.append(part.digest())
                self._next += 1

    @property
    def etag(self) -> str | None:
        """After `finish`: the ETag of an object of these parts; None without their MD5s."""
        return composite_etag(self._part_md5s) if self._with_md5 else None

    def finish(self) -> Digests:
        """After the last part has arrived."""
        with self._busy:
            self._hash()
        return Digests(self._fast.hexdigest(), self._full.hexdigest())


def _unheard(chunk: Buffer) -> None:
    """Nobody hashes it now."""
