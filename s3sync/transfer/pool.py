"""Pool that files and parts share: as many requests at once as it has workers, and so bounded memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from queue import SimpleQueue
from typing import Generic, TypeVar

from s3sync.errors import Interrupted

T = TypeVar("T")
R = TypeVar("R")

DEFAULT_WORKERS = 16
PARTS_AT_ONCE = 5
"""Parts of one file on their way together: enough to fill a line, and few enough to lose little when it breaks."""


class Result(Generic[R]):
    """Result of one item. A future of the standard library would bring locks that nobody here waits for."""

    __slots__ = ("_error", "_value")

    def __init__(self, value: R | None, error: BaseException | None) -> None:
        self._value, self._error = value, error

    @classmethod
    def of(cls, function: Callable[[T], R], item: T) -> Result[R]:
        """Call the function on an item right now."""
        try:
            return cls(function(item), None)
        except BaseException as error:  # noqa: BLE001 - whoever takes the result raises it
            return cls(None, error)

    def result(self) -> R:
        """The result, or raises what went wrong."""
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]


class Pool:
    """Worker threads. Use as a context manager; leaving early drops what has not begun."""

    def __init__(self, workers: int = DEFAULT_WORKERS) -> None:
        self.workers = workers
        self._work = SimpleQueue[Callable[[], object] | None]()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, Result[R]]]:
        """Each item with what became of it, as they finish. Never more than a few items per worker wait.

        Raises `Interrupted` after `stop`.
        """
        source, done = iter(items), SimpleQueue[tuple[T, Result[R]]]()
        waiting = 0
        try:
            while True:
                while waiting < self.workers * 4 and (item := next(source, None)) is not None:
                    self._enlist(partial(self._settle, function, item, done))
                    waiting += 1
                if not waiting:
                    return
                yield done.get()
                waiting -= 1
        except BaseException:
            self.stop()
            raise

    def _settle(self, function: Callable[[T], R], item: T, done: SimpleQueue[tuple[T, Result[R]]]) -> None:
        done.put((item, Result.of(partial(self._call, function), item)))

    def _enlist(self, work: Callable[[], object]) -> None:
        with self._lock:  # so that nothing comes after the sign to end
            self.check()
            if len(self._threads) < self.workers:
                thread = threading.Thread(target=self._toil, name=f"s3sync_{len(self._threads)}")
                self._threads.append(thread)
                thread.start()
            self._work.put(work)

    def _toil(self) -> None:
        while (work := self._work.get()) is not None:
            work()
            del work  # what it holds need not live until the next one comes

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
        helpers = _Helpers(work)
        try:
            for _ in range(min(at_once, len(items)) - 1):
                self._enlist(helpers.help)
            work()
        finally:
            errors = helpers.dismiss()
        if errors:
            raise errors[0]
        return [results[number] for number in range(len(items))]

    @property
    def stopping(self) -> bool:
        return self._stopped.is_set()

    def check(self) -> None:
        """Called between chunks; raises `Interrupted` once the run is to end."""
        if self.stopping:
            raise Interrupted("interrupted")

    def stop(self) -> None:
        """From now on nothing begins, and the workers end as soon as they can."""
        self._end(stopping=True)

    def _end(self, *, stopping: bool) -> None:
        with self._lock:
            if stopping:
                self._stopped.set()
            for _ in self._threads:
                self._work.put(None)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._end(stopping=kind is not None)
        if kind is None or not issubclass(kind, KeyboardInterrupt):
            for thread in self._threads:
                thread.join()


class _Helpers:
    """The workers that help with one gather. Whoever has not begun when it ends does not begin."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._changed = threading.Condition()
        self._busy = 0
        self._over = False
        self._errors: list[BaseException] = []

    def help(self) -> None:
        with self._changed:
            if self._over:
                return
            self._busy += 1
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - raised by whoever gathers
            self._errors.append(error)
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify()

    def dismiss(self) -> list[BaseException]:
        """What went wrong, after those at work have settled."""
        with self._changed:
            self._over = True
            self._changed.wait_for(lambda: not self._busy)
            return self._errors
