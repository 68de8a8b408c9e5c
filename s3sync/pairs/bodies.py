"""Bytes on their way from store to store: bounded in memory, fetched by range, and hashed in their order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from hashlib import md5
from types import TracebackType
from typing import Self

from msgspec import Struct

from s3sync.core.etag import MIB
from s3sync.errors import ChecksumMismatch, StoreError
from s3sync.pairs.values import Found
from s3sync.store.port import Buffer
from s3sync.transfer.context import Transport
from s3sync.transfer.fetch.arriving import arriving
from s3sync.transfer.fetch.wanted import Wanted

IN_MEMORY = 48 * MIB
"""Bytes of parts that are under way at once: received, and not yet acknowledged."""
LOOK_S = 0.5
"""Time after which whoever waits looks whether the run is to end."""


class Bounded:
    """A bound on the bytes in memory, shared by all threads. One body larger than the bound goes alone."""

    def __init__(self, check: Callable[[], None], most: int = IN_MEMORY) -> None:
        self._check, self._most, self._used = check, most, 0
        self._changed = threading.Condition()

    def take(self, n: int) -> None:
        """Wait until so many more bytes may be held. `check` may raise meanwhile."""
        with self._changed:
            while not self._changed.wait_for(lambda: not self._used or self._used + n <= self._most, LOOK_S):
                self._check()
            self._used += n

    def release(self, n: int) -> None:
        with self._changed:
            self._used -= n
            self._changed.notify_all()

    @contextmanager
    def hold(self, n: int) -> Iterator[None]:
        self.take(n)
        try:
            yield
        finally:
            self.release(n)


class InOrder:
    """MD5 of a whole whose parts come in any order: each waits for those before it, and is held until then."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._running, self._next, self._failed = md5(usedforsecurity=False), 1, False
        self._changed = threading.Condition()

    def feed(self, number: int, body: Buffer) -> None:
        with self._changed:
            while not self._changed.wait_for(lambda: self._failed or self._next == number, LOOK_S):
                self._check()
            if not self._failed:
                self._running.update(body)
                self._next += 1
                self._changed.notify_all()

    def give_up(self) -> None:
        """Let nobody wait for a part that will not come."""
        with self._changed:
            self._failed = True
            self._changed.notify_all()

    def hexdigest(self) -> str:
        return self._running.hexdigest()


class Range(Struct, frozen=True):
    number: int
    start: int
    stop: int

    @property
    def size(self) -> int:
        return self.stop - self.start


def fetch(source: Transport, path: str, found: Found, start: int, stop: int) -> bytearray:
    """A range of the version that was found, in no more memory than it has bytes.

    Raises `StoreError`, `PreconditionFailed`, `ChecksumMismatch`.
    """
    body, size = bytearray(stop - start), 0
    with closing(_arriving(source, path, found, start, stop)) as chunks:
        for chunk in chunks:
            if size + len(chunk) > len(body):
                raise StoreError(f"{path} cannot be copied", why="the server ignores which range is asked for")
            body[size : size + len(chunk)] = chunk
            size += len(chunk)
    if size != len(body):
        raise ChecksumMismatch(f"{path} did not arrive whole", why=f"{size} of {len(body)} bytes came")
    return body


def _arriving(source: Transport, path: str, found: Found, start: int, stop: int) -> Generator[Buffer, None, None]:
    wanted = Wanted(path, found.key, found.size, found.etag, None)
    with closing(arriving(source, wanted, start, stop)) as chunks:
        for chunk in chunks:
            source.pool.check()
            source.pace.receive(len(chunk))
            yield chunk


class StreamedBody:
    """Body of a request that comes from another store while it is sent. After `seek(0)` it is fetched anew."""

    def __init__(self, source: Transport, path: str, found: Found) -> None:
        self._source, self._path, self._found = source, path, found
        self._at, self._held = 0, b""
        self._chunks: Generator[Buffer, None, None] | None = None

    def __len__(self) -> int:
        return self._found.size

    def read(self, size: int | None = None) -> bytes:
        wanted = self._found.size - self._at if size is None or size < 0 else min(size, self._found.size - self._at)
        if not wanted:
            return b""
        if self._chunks is None:
            self._chunks = _arriving(self._source, self._path, self._found, self._at, self._found.size)
        while not self._held:
            chunk = next(self._chunks, None)
            if chunk is None:
                why = f"{self._at} of {self._found.size} bytes came"
                raise ChecksumMismatch(f"{self._path} did not arrive whole", why=why)
            self._held = bytes(chunk)
        body, self._held = self._held[:wanted], self._held[wanted:]
        self._at += len(body)
        return body

    def seek(self, offset: int, whence: int = 0) -> int:
        target = offset + (0, self._at, self._found.size)[whence]
        if target != self._at:
            self._close()
            self._at = target
        return self._at

    def tell(self) -> int:
        return self._at

    def _close(self) -> None:
        if self._chunks is not None:
            self._chunks.close()
        self._chunks, self._held = None, b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
