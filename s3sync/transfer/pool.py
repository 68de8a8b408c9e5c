"""The one pool that files and parts share, with a bound on the bytes held in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from s3sync.core.etag import MIB
from s3sync.errors import Interrupted

T = TypeVar("T")
R = TypeVar("R")

DEFAULT_WORKERS = 16
MEMORY = 64 * MIB
"""Bytes of bodies in flight at once. One request larger than this goes alone."""


class Pool:
    """Worker threads and a memory budget. Use as a context manager; leaving early drops what has not begun."""

    def __init__(self, workers: int = DEFAULT_WORKERS, memory: int = MEMORY) -> None:
        self.workers = workers
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="s3sync")
        self._memory = memory
        self._used = 0
        self._freed = threading.Condition()
        self._stopped = threading.Event()

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, Future[R]]]:
        """Each item with its finished future, as they finish. Never more than a few items per worker wait."""
        source, running = iter(items), dict[Future[R], T]()
        try:
            while True:
                while len(running) < self.workers * 4 and (item := next(source, None)) is not None:
                    running[self._executor.submit(self._call, function, item)] = item
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), future
        except BaseException:
            self.stop()
            raise

    def _call(self, function: Callable[[T], R], item: T) -> R:
        self.check()
        return function(item)

    def gather(self, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """All results, in order; the first error ends it, after what already runs has settled.

        A worker may call this: what no other worker has begun, it does itself, so that nobody waits for a free one.
        """
        futures = [self._executor.submit(self._call, function, item) for item in items]
        try:
            return [
                self._call(function, item) if future.cancel() else future.result()
                for future, item in zip(futures, items, strict=True)
            ]
        finally:
            for future in futures:
                if not future.cancel():
                    future.exception()

    @contextmanager
    def memory(self, size: int) -> Iterator[None]:
        """Hold that many bytes of the budget; waits until there is room. Its holder must not wait for other jobs."""
        with self._freed:
            self._freed.wait_for(lambda: self._used == 0 or self._used + size <= self._memory or self.stopping)
            self.check()
            self._used += size
        try:
            yield
        finally:
            with self._freed:
                self._used -= size
                self._freed.notify_all()

    @property
    def stopping(self) -> bool:
        return self._stopped.is_set()

    def check(self) -> None:
        """Called between chunks; raises `Interrupted` once the run is to end."""
        if self.stopping:
            raise Interrupted("interrupted")

    def stop(self) -> None:
        self._stopped.set()
        with self._freed:
            self._freed.notify_all()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.stop()
        self._executor.shutdown(wait=True)
