"""The one pool that files and parts share: as many requests at once as it has workers, and so bounded memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

from s3sync.errors import Interrupted

T = TypeVar("T")
R = TypeVar("R")

DEFAULT_WORKERS = 16
PARTS_AT_ONCE = 5
"""Parts of one file on their way together: enough to fill a line, and few enough to lose little when it breaks."""


class Pool:
    """Worker threads. Use as a context manager; leaving early drops what has not begun."""

    def __init__(self, workers: int = DEFAULT_WORKERS) -> None:
        self.workers = workers
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="s3sync")
        self._stopped = threading.Event()

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, Future[R]]]:
        """Each item with its finished future, as they finish. Never more than a few items per worker wait."""
        source, done = iter(items), SimpleQueue[tuple[T, Future[R]]]()
        waiting = 0
        try:
            while True:
                while waiting < self.workers * 4 and (item := next(source, None)) is not None:
                    self._submit(function, item, done)
                    waiting += 1
                if not waiting:
                    return
                finished = done.get()
                self._check_cancelled(finished[1])
                yield finished
                waiting -= 1
        except BaseException:
            self.stop()
            raise

    def _submit(self, function: Callable[[T], R], item: T, done: SimpleQueue[tuple[T, Future[R]]]) -> None:
        future = self._enlist(lambda: self._call(function, item))
        future.add_done_callback(lambda ended: done.put((item, ended)))

    def _enlist(self, work: Callable[[], R]) -> Future[R]:
        """Raises `Interrupted` after `stop`."""
        try:
            return self._executor.submit(work)
        except RuntimeError:
            self.check()
            raise

    def _call(self, function: Callable[[T], R], item: T) -> R:
        self.check()
        return function(item)

    def gather(self, function: Callable[[T], R], items: Sequence[T], at_once: int = PARTS_AT_ONCE) -> list[R]:
        """All results, in order; the first error ends it, after what already runs has settled.

        A worker may call this: it does the work itself, with the help of up to `at_once - 1` others that are free, so
        that nobody waits for a free one.
        """
        results: dict[int, R] = {}
        source, lock, failed = iter(enumerate(items)), threading.Lock(), threading.Event()

        def work() -> None:
            while not failed.is_set():
                with lock:
                    numbered = next(source, None)
                if numbered is None:
                    return
                try:
                    results[numbered[0]] = self._call(function, numbered[1])
                except BaseException:
                    failed.set()
                    raise

        self.check()
        helpers: list[Future[None]] = []
        try:
            helpers += (self._enlist(work) for _ in range(min(at_once, len(items)) - 1))
            work()
        finally:
            settled = [helper for helper in helpers if not helper.cancel()]
            errors = [error for error in (helper.exception() for helper in settled) if error]
        if errors:
            raise errors[0]
        return [results[number] for number in range(len(items))]

    def _check_cancelled(self, future: Future[R]) -> None:
        if future.cancelled():
            self.check()

    @property
    def stopping(self) -> bool:
        return self._stopped.is_set()

    def check(self) -> None:
        """Called between chunks; raises `Interrupted` once the run is to end."""
        if self.stopping:
            raise Interrupted("interrupted")

    def stop(self) -> None:
        self._stopped.set()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.stop()
        self._executor.shutdown(wait=kind is None or not issubclass(kind, KeyboardInterrupt))
