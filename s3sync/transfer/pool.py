"""Pool that files and parts share. How much is under way at once, and so the memory, is bounded here.

Small work and large work queue apart. Of the small, as much is under way as a `Flow` finds right; of the large, a few
fill any line. A thread waits for each answer: coroutines were measured, and cost more (decision 0044).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from functools import partial
from itertools import count, islice
from queue import SimpleQueue
from typing import Generic, TypeAlias, TypeVar

from s3sync.errors import Interrupted, Throttled, Unreachable
from s3sync.transfer.flow import CEILING, Flow
from s3sync.transfer.helpers import Helpers

T = TypeVar("T")
R = TypeVar("R")

LARGE = 1024 * 1024
"""Work on more bytes than this is large: its bytes are not in memory as a whole, and take longer than a round trip."""
LARGE_AT_ONCE = 16
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


class _Work:
    """One thing to do. `run` raises nothing; what it gives back is what went wrong, if the line may be the reason."""

    __slots__ = ("order", "run", "size")

    def __init__(self, run: Callable[[], BaseException | None], size: int, order: int) -> None:
        self.run, self.size, self.order = run, size, order


_Done: TypeAlias = "tuple[_Lane, int, float, BaseException | None]"
"""Work that is done: its lane, its bytes, when it began, and what went wrong."""


class _Lane:
    """Work of one kind: what waits, and what is under way."""

    __slots__ = ("bytes", "running", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[_Work] = deque()
        self.running = 0
        self.bytes = 0


def _earlier(one: _Lane | None, other: _Lane) -> _Lane:
    """The lane whose first work was enlisted before the other's."""
    return other if one is None or other.waiting[0].order < one.waiting[0].order else one


class Pool:
    """Worker threads. Use as a context manager; leaving early drops what has not begun.

    `workers` is the ceiling for all that is under way. `flow` finds how much of the small work is; without one it is as
    much as the ceiling allows. `least_ahead` 0 is for large results: few of them then wait to be taken.
    """

    def __init__(self, workers: int = CEILING, flow: Flow | None = None, *, least_ahead: int | None = None) -> None:
        self.workers = workers
        self._flow, self._least_ahead = flow, LEAST_AHEAD if least_ahead is None else least_ahead
        self._small, self._large, self._parts = _Lane(), _Lane(), _Lane()
        self._held, self._may_begin = False, True
        self._order = count()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._ended, self._stopped = False, threading.Event()

    @property
    def at_once(self) -> int:
        """Number of small items that may be under way now."""
        return self.workers if self._flow is None else min(self.workers, self._flow.limit)

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
        with self._lock:
            self._held, self._may_begin = held, True
            self._rouse()

    def _lane(self, size: int) -> _Lane:
        return self._large if size > LARGE else self._small

    def _enlist(self, *some: tuple[_Lane, Callable[[], BaseException | None], int]) -> None:
        """One thread is roused: it rouses the next one when it has begun."""
        with self._lock:  # so that nothing comes after the sign to end
            self.check()
            for lane, run, size in some:
                lane.waiting.append(_Work(run, size, next(self._order)))
            self._rouse()

    def _rouse(self) -> None:
        """Have a thread begin what may begin: one that idles, else a new one."""
        if self._next() is None:
            return
        if self._idle:
            self._changed.notify()
        elif len(self._threads) < self.workers:
            thread = threading.Thread(target=self._toil, name=f"s3sync_{len(self._threads)}")
            self._threads.append(thread)
            thread.start()

    def _next(self) -> _Lane | None:
        """The lane whose turn it is, by what was enlisted first; None where nothing may begin."""
        small, large, parts = self._small, self._large, self._parts
        if small.running + large.running + parts.running >= self.workers:
            return None
        first = small if small.waiting and (self._flow is None or self._fits(small, self._flow)) else None
        if large.running + parts.running < LARGE_AT_ONCE:
            held = self._held and not self._ended
            if large.waiting and (not held or (self._may_begin and not large.running)):
                first = _earlier(first, large)
            if parts.waiting:
                first = _earlier(first, parts)
        return first

    def _fits(self, small: _Lane, flow: Flow) -> bool:
        if not small.running:
            return True
        return small.running < flow.limit and small.bytes + small.waiting[0].size <= flow.budget

    def _all_begun(self) -> bool:
        return not (self._small.waiting or self._large.waiting or self._parts.waiting)

    def _toil(self) -> None:
        done: _Done | None = None
        while True:
            with self._lock:  # once for the end of one work and the beginning of the next: nobody else is woken for it
                if done is not None:
                    self._settle(*done)
                    done = None  # what it holds need not live until the next work comes
                while (lane := self._next()) is None:
                    if self._ended and self._all_begun():
                        return
                    self._idle += 1
                    self._changed.wait()
                    self._idle -= 1
                work = lane.waiting.popleft()
                self._may_begin = self._may_begin and lane is not self._large
                lane.running += 1
                lane.bytes += work.size
                self._rouse()
            began = time.monotonic()
            done = (lane, work.size, began, work.run())
            del work

    def _settle(self, lane: _Lane, size: int, began: float, error: BaseException | None) -> None:
        """Take account of work that is done. Holds the lock."""
        lane.running -= 1
        lane.bytes -= size
        if self._flow is not None and lane is self._small:
            now = time.monotonic()
            if isinstance(error, (Unreachable, Throttled)):
                self._flow.failed(now)
            else:
                self._flow.answered(began, now, size, more=bool(lane.waiting))
        if self._ended and self._all_begun():
            self._changed.notify_all()

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
            self._enlist(*[(self._parts, helpers.help, 0)] * wanted)
            work()
        finally:
            errors = helpers.dismiss()
        if errors:
            raise errors[0]
        return [results[number] for number in sorted(results)]

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
            self._ended = True
            self._changed.notify_all()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._end(stopping=kind is not None)
        if kind is None or not issubclass(kind, KeyboardInterrupt):
            for thread in self._threads:
                thread.join()
