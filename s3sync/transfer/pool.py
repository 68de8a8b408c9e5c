"""Pool that files and parts share. How much is under way at once, and so the memory, is bounded by its crew."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sized
from functools import partial
from itertools import islice
from queue import SimpleQueue
from typing import Generic, TypeVar

from s3sync.errors import Interrupted
from s3sync.transfer.crew import LARGE_AT_ONCE, Crew, Lane, Some
from s3sync.transfer.flow import CEILING, Flow
from s3sync.transfer.helpers import Helpers

__all__ = ["LARGE_AT_ONCE", "Pool", "Result"]

T = TypeVar("T")
R = TypeVar("R")

LARGE = 1024 * 1024
"""Work on more bytes than this is large: its bytes are not in memory as a whole, and take longer than a round trip."""
HASHERS = 16
"""Files of this disk that are read at once."""
PARTS_AT_ONCE = 5
"""Parts of one file on their way together: enough to fill a line, and few enough to lose little when it breaks."""
COPIES_AT_ONCE = 10
"""Parts of one file that the server copies together: nothing of them is on the line, and each costs a round trip. Other
files have workers left."""
AHEAD = 4
"""Items that wait for each that may be under way: the pool has work while the results of others are seen to."""
LEAST_AHEAD, TOGETHER = 512, 32
"""At least so many, of which so many are enlisted in one go. The thread that sees to results is one among many, and
falls behind: with fewer ahead of it the others ran out of work, and each result woke one that soon slept again."""


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

    @property
    def error(self) -> BaseException | None:
        return self._error

    def result(self) -> R:
        """The result, or raises what went wrong."""
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]


class Pool:
    """Worker threads. Use as a context manager; leaving early drops what has not begun.

    `workers` is the ceiling for all that is under way. `flow` finds how much of the small work is; without one it is as
    much as the ceiling allows. `least_ahead` 0 is for large results: few of them then wait to be taken. `crew`: threads
    and bounds that it shares with other pools; by default it has its own.
    """

    def __init__(
        self,
        workers: int = CEILING,
        flow: Flow | None = None,
        *,
        least_ahead: int | None = None,
        crew: Crew | None = None,
    ) -> None:
        self._shares = crew is not None
        self._crew = crew or Crew(workers, flow)
        self.workers = self._crew.workers
        self._queue = self._crew.join()
        self._least_ahead = LEAST_AHEAD if least_ahead is None else least_ahead
        self._stopped = threading.Event()

    def beside(self) -> Pool:
        """Another pool with the threads and bounds of this one: it ends with it, and stops without it."""
        return Pool(crew=self._crew)

    @property
    def at_once(self) -> int:
        """Number of small items that may be under way now."""
        return self._crew.at_once

    @property
    def ahead(self) -> int:
        """Number of items that may be enlisted, or done, while nobody has taken their results yet."""
        return max(self._least_ahead, self.at_once * AHEAD)

    def map(
        self, function: Callable[[T], R], items: Iterable[T], size: Callable[[T], int] = lambda item: 0
    ) -> Iterator[tuple[T, Result[R]]]:
        """Each item with what became of it, as they finish; `size` says how many bytes an item is about.

        Never more than `ahead` items are enlisted whose results were not taken. Raises `Interrupted` after `stop`.
        """

        def begin(item: T, done: Callable[[Result[R]], None]) -> None:
            done(Result.of(function, item))

        return self.each(begin, items, size)

    def each(
        self,
        begin: Callable[[T, Callable[[Result[R]], None]], None],
        items: Iterable[T],
        size: Callable[[T], int] = lambda item: 0,
        last: tuple[type[BaseException], ...] = (),
    ) -> Iterator[tuple[T, Result[R]]]:
        """Do the same for work that others finish: `begin` sees to it that `done` is called once, by any thread.

        After an error of the kinds `last` no item is begun, however late the caller hears of it: each that waits has
        failed with the same one.
        """
        source, settled = iter(items), SimpleQueue[tuple[T, Result[R]]]()
        waiting = 0
        ended: list[BaseException] = []

        def work(item: T) -> BaseException | None:
            told: list[BaseException | None] = []

            def done(result: Result[R]) -> None:
                told.append(result.error)
                if isinstance(result.error, last):
                    ended.append(result.error)
                settled.put((item, result))

            try:
                self.check()
                if ended:
                    raise ended[0]
                begin(item, done)
            except BaseException as error:  # noqa: BLE001 - whoever takes the result raises it
                if not told:
                    done(Result(None, error))
            return told[0] if told else None

        try:
            while True:
                room, together = self.ahead - waiting, min(TOGETHER, self.at_once)
                if room >= together and (some := list(islice(source, together))):
                    self._enlist(*[(self._lane(n := size(item)), partial(work, item), n) for item in some])
                    waiting += len(some)
                    if settled.empty():
                        continue
                if not waiting:
                    return
                yield settled.get()
                waiting -= 1
        except BaseException:
            self.stop()
            raise

    def hold_large(self, held: bool) -> None:
        """Let only one more large item begin for now, or as many as there may be."""
        self._crew.hold(self._queue, held)

    def _lane(self, size: int) -> Lane:
        return self._queue.large if size > LARGE else self._crew.small

    def _enlist(self, *some: Some) -> None:
        self._crew.enlist(self._queue, self.check, *some)

    def _call(self, function: Callable[[T], R], item: T) -> R:
        self.check()
        return function(item)

    def gather(self, function: Callable[[T], R], items: Iterable[T], at_once: int = PARTS_AT_ONCE) -> list[R]:
        """All results, in order; the first error ends it, after what already runs has settled.

        A worker may call this: it does the work itself, with the help of up to `at_once - 1` others that are free, so
        that nobody waits for a free one. An iterator is asked for one item after the other, by whoever is free.
        """
        results: dict[int, R] = {}
        source, lock, failed = iter(enumerate(items)), threading.Lock(), threading.Event()

        def work() -> None:
            while not failed.is_set():
                try:
                    with lock:
                        numbered = next(source, None)
                    if numbered is None:
                        return
                    results[numbered[0]] = self._call(function, numbered[1])
                except BaseException:
                    failed.set()
                    raise

        self.check()
        helpers = Helpers(work)
        try:
            wanted = min(at_once, len(items) if isinstance(items, Sized) else at_once) - 1
            self._enlist(*[(self._crew.parts, helpers.help, 0)] * wanted)
            work()
        finally:
            errors = helpers.dismiss()
        if errors:
            raise errors[0]
        return [results[number] for number in sorted(results)]

    @property
    def stopping(self) -> bool:
        return self._stopped.is_set() or self._crew.stopped.is_set()

    def check(self) -> None:
        """Called between chunks; raises `Interrupted` once the run is to end."""
        if self.stopping:
            raise Interrupted("interrupted")

    def stop(self) -> None:
        """From now on nothing begins, and the workers end as soon as they can."""
        self._stopped.set()
        self._crew.wake(self._queue)
        if not self._shares:
            self._crew.stop()  # and those beside it
            self._crew.end(wait=False)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._stopped.set()
        wait = kind is None or not issubclass(kind, KeyboardInterrupt)
        if self._shares:
            self._crew.leave(self._queue, wait=wait)
        else:
            self._crew.wake(self._queue)
            self._crew.end(wait=wait)
