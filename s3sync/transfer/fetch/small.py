"""Small files on their way down: each is received by itself, and what has come is written and synced together.

What a file costs is then little more than its bytes: a file system that has synced the first of them has little left
to do for the others, and the threads of the pool wait for the disk, and for each other, a fraction of the times.
"""

from __future__ import annotations

import os
import sys
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from hashlib import md5
from itertools import count
from typing import Generic, TypeVar

import xxhash

from s3sync.disk.durable import write_all
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import ENDS_THE_RUN, S3syncError
from s3sync.local.digests import Digests
from s3sync.store.port import Buffer
from s3sync.transfer.context import Transport
from s3sync.transfer.fetch.arriving import arriving
from s3sync.transfer.fetch.wanted import Downloaded, FreeSpace, Temp, Wanted
from s3sync.transfer.fetch.whole import verify
from s3sync.transfer.pool import Result
from s3sync.transfer.progress import Work

SMALL = 64 * 1024
"""Files up to this size are received into memory."""
MOST = 8
"""Files that are written and synced in one go: more save nothing that could be measured."""
LANDING = 2
"""Batches that are written and synced at once. More would be smaller ones, while the disk is no faster."""
BACKLOG = 256
"""Received files that wait for the disk. They are in memory: whoever brings one more has to help the disk first."""

T = TypeVar("T")


class Batches(Generic[T]):
    """Work on several things in one go, by whoever brings the one that makes them enough.

    Fewer than `MOST` wait for those that are still on their way, each of which is brought in the end, or given up.
    `work` must raise nothing.
    """

    def __init__(self, work: Callable[[Sequence[T]], None]) -> None:
        self._work = work
        self._waiting: deque[T] = deque()
        self._coming = self._busy = 0
        self._lock = threading.Lock()

    def expect(self) -> None:
        """One is on its way."""
        with self._lock:
            self._coming += 1

    def give_up(self) -> None:
        """One that was expected does not come."""
        with self._lock:
            self._coming -= 1
            batch = self._next() if self._busy < LANDING else []
        self._go_on(batch)

    def bring(self, item: T) -> None:
        """One that was expected. Returns when it is worked on, or will be by another thread."""
        with self._lock:
            self._coming -= 1
            self._waiting.append(item)
            batch = self._next() if self._busy < LANDING or len(self._waiting) >= BACKLOG else []
        self._go_on(batch)

    def _go_on(self, batch: list[T]) -> None:
        while batch:
            self._work(batch)
            with self._lock:
                self._busy -= 1
                batch = self._next()

    def _next(self) -> list[T]:
        """What is to be worked on now, which makes one more who is busy. Holds the lock."""
        if not self._waiting or (self._coming and len(self._waiting) < MOST):
            return []
        self._busy += 1
        return [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]


def temp_names() -> Iterator[str]:
    """Names that no file has: counted on from a random one, which costs a system call. Threads may share them."""
    return map(f"{uuid.uuid4().hex[:24]}%08x".__mod__, count())


def download_together(
    transport: Transport, wanted: Sequence[Wanted], folder: GuardedFolder
) -> list[Result[Downloaded]]:
    """Download small files together, by the same rules as `download` has for each.

    After an error that ends the run, such as the sign to stop, the files behind it are not begun, and have failed with
    the same one. Those that had come are finished all the same. Memory: the files themselves.
    """
    room, names = FreeSpace(folder), temp_names()
    files = [Small(transport, room, one, Temp(folder, next(names))) for one in wanted]
    _each(files, Small.receive)
    return land(files)


def land(files: Sequence[Small]) -> list[Result[Downloaded]]:
    """Write and sync files that were received, and say what became of each. Raises only what is a mistake of ours."""
    try:
        for step in (Small.write, Small.sync):
            _each(files, step)
    except BaseException:
        for file in files:
            file.drop()
        raise
    return [file.settled() for file in files]


class Small:
    """One of them. Its methods raise what `download` does."""

    __slots__ = ("_body", "_descriptor", "_digests", "_room", "_temp", "_transport", "_wanted", "error")

    def __init__(self, transport: Transport, room: FreeSpace, wanted: Wanted, temp: Temp) -> None:
        self._transport, self._room, self._wanted, self._temp = transport, room, wanted, temp
        self._body: Buffer = b""
        self._digests = Digests("", "")
        self._descriptor: int | None = None
        self.error: S3syncError | None = None

    def receive(self) -> None:
        transport, wanted = self._transport, self._wanted
        transport.pool.check()
        self._room.take(wanted)
        chunks: list[Buffer] = []
        for chunk in arriving(transport, wanted, 0, None):
            transport.pool.check()
            transport.pace.receive(len(chunk))
            chunks.append(chunk)
            transport.progress.advance(Work.DOWNLOAD, wanted.path, len(chunk))
        self._body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self._digests = Digests(
            xxhash.xxh3_128_hexdigest(self._body), md5(self._body, usedforsecurity=False).hexdigest()
        )

    def write(self) -> None:
        with local_errors("cannot write", self._temp.where):
            self._descriptor = self._temp.create(self._wanted)
            write_all(self._descriptor, self._body)
            _begin_to_sync(self._descriptor, len(self._body))
        verify(self._transport.store, self._wanted, self._temp, self._digests, len(self._body))

    def sync(self) -> None:
        assert self._descriptor is not None
        with local_errors("cannot write", self._temp.where):
            os.fsync(self._descriptor)
            self._close()

    def settled(self) -> Result[Downloaded]:
        if self.error is not None:
            return Result(None, self.error)
        return Result(Downloaded(self._temp.where, self._digests, len(self._body)), None)

    def drop(self) -> None:
        """Leave nothing behind."""
        with suppress(OSError):
            self._close()
        self._temp.drop()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def _begin_to_sync(descriptor: int, size: int) -> None:
    """Have the disk begin to write a file that is synced later, so that many are on their way to it at once.

    Linux does so for bytes that nobody will need soon. The last byte is left out: a file of one page then stays in
    memory, where whoever opens it next finds it.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.posix_fadvise(descriptor, 0, max(size - 1, 1), os.POSIX_FADV_DONTNEED)


def _each(files: Sequence[Small], step: Callable[[Small], None]) -> None:
    """One step of all files that have come so far."""
    for number, file in enumerate(files):
        if file.error is not None:
            continue
        try:
            step(file)
        except S3syncError as error:
            for lost in files[number:] if isinstance(error, ENDS_THE_RUN) else [file]:
                lost.error = lost.error or error
                lost.drop()
