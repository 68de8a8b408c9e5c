"""Threads that pools work with, and the bounds on all that is under way. Several pools may share one crew.

Small work and large work queue apart. Of the small, as much is under way as a `Flow` finds right; of the large, a few
fill any line. A thread waits for each answer: coroutines were measured, and cost more (decision 0044).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import TypeAlias

from s3sync.errors import Throttled, Unreachable
from s3sync.transfer.flow import CEILING, Flow

LARGE_AT_ONCE = 16


class Lane:
    """Work of one kind: what waits, and what is under way."""

    __slots__ = ("bytes", "running", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[Work] = deque()
        self.running = 0
        self.bytes = 0


class Queue:
    """Work of one pool. `held`: of its large items only one more may begin for now, and only if `may_begin`."""

    __slots__ = ("ended", "held", "large", "may_begin", "open")

    def __init__(self) -> None:
        self.large = Lane()
        self.open = 0
        """Number of items that are enlisted or under way."""
        self.held, self.may_begin, self.ended = False, True, False

    def may_begin_large(self) -> bool:
        if not self.large.waiting:
            return False
        return not self.held or self.ended or (self.may_begin and not self.large.running)


class Work:
    """One thing to do. `run` raises nothing; what it gives back is what went wrong, if the line may be the reason."""

    __slots__ = ("order", "queue", "run", "size")

    def __init__(self, run: Callable[[], BaseException | None], size: int, order: int, queue: Queue) -> None:
        self.run, self.size, self.order, self.queue = run, size, order, queue


Some: TypeAlias = "tuple[Lane, Callable[[], BaseException | None], int]"
"""Work to be enlisted: its lane, what it is, and its bytes."""
_Done: TypeAlias = "tuple[Lane, Work, float, BaseException | None]"
"""Work that is done: its lane, when it began, and what went wrong."""


def _earlier(one: Lane | None, other: Lane) -> Lane:
    """The lane whose first work was enlisted before the other's."""
    return other if one is None or other.waiting[0].order < one.waiting[0].order else one


class Crew:
    """Worker threads, each begun when there is work for it. `workers` is the ceiling for all that is under way.

    `flow` finds how much of the small work is; without one it is as much as the ceiling allows.
    """

    def __init__(self, workers: int = CEILING, flow: Flow | None = None) -> None:
        self.workers, self.flow = workers, flow
        self.small, self.parts = Lane(), Lane()
        self._queues: list[Queue] = []
        self._order = count()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._ended = False
        self.stopped = threading.Event()
        """Set when all pools are to end."""
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._left = threading.Condition(self._lock)

    @property
    def at_once(self) -> int:
        """Number of small items that may be under way now."""
        return self.workers if self.flow is None else min(self.workers, self.flow.limit)

    def join(self) -> Queue:
        """A queue for one more pool."""
        queue = Queue()
        with self._lock:
            self._queues.append(queue)
        return queue

    def leave(self, queue: Queue, *, wait: bool) -> None:
        """Take a queue away, and `wait` until nothing of it is under way."""
        with self._lock:
            queue.ended = True
            self._changed.notify_all()
            while wait and queue.open:
                self._left.wait()
            self._queues.remove(queue)

    def hold(self, queue: Queue, held: bool) -> None:
        with self._lock:
            queue.held, queue.may_begin = held, True
            self._rouse()

    def wake(self, queue: Queue) -> None:
        """See to it that all that waits begins: its pool stops, and each item ends at once."""
        with self._lock:
            queue.ended = True
            self._changed.notify_all()

    def enlist(self, queue: Queue, check: Callable[[], None], *some: Some) -> None:
        """Have some work done. One thread is roused: it rouses the next one when it has begun."""
        with self._lock:  # so that nothing comes after the sign to end
            check()
            for lane, run, size in some:
                lane.waiting.append(Work(run, size, next(self._order), queue))
            queue.open += len(some)
            self._rouse()

    def stop(self) -> None:
        """Have all pools end as soon as they can."""
        self.stopped.set()
        with self._lock:
            for queue in self._queues:
                queue.ended = True
            self._changed.notify_all()

    def end(self, *, wait: bool) -> None:
        """Let the threads go once all is done, and `wait` for them."""
        with self._lock:
            self._ended = True
            self._changed.notify_all()
        for thread in self._threads if wait else ():
            thread.join()

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

    def _next(self) -> Lane | None:
        """The lane whose turn it is, by what was enlisted first; None where nothing may begin."""
        small, parts = self.small, self.parts
        large = parts.running + sum(queue.large.running for queue in self._queues)
        if small.running + large >= self.workers:
            return None
        first = small if small.waiting and (self.flow is None or self._fits(self.flow)) else None
        if large < LARGE_AT_ONCE:
            for queue in self._queues:
                if queue.may_begin_large():
                    first = _earlier(first, queue.large)
            if parts.waiting:
                first = _earlier(first, parts)
        return first

    def _fits(self, flow: Flow) -> bool:
        small = self.small
        if not small.running:
            return True
        return small.running < flow.limit and small.bytes + small.waiting[0].size <= flow.budget

    def _all_begun(self) -> bool:
        return not (self.small.waiting or self.parts.waiting or any(queue.large.waiting for queue in self._queues))

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
                if lane is work.queue.large:
                    work.queue.may_begin = False
                lane.running += 1
                lane.bytes += work.size
                self._rouse()
            began = time.monotonic()
            error = work.run()
            work.run = _nothing
            done = (lane, work, began, error)
            del work, error

    def _settle(self, lane: Lane, work: Work, began: float, error: BaseException | None) -> None:
        """Take account of work that is done. Holds the lock."""
        lane.running -= 1
        lane.bytes -= work.size
        work.queue.open -= 1
        if self.flow is not None and lane is self.small:
            now = time.monotonic()
            if isinstance(error, (Unreachable, Throttled)):
                self.flow.failed(now)
            else:
                self.flow.answered(began, now, work.size, more=bool(lane.waiting))
        if work.queue.ended and not work.queue.open:
            self._left.notify_all()
        if self._ended and self._all_begun():
            self._changed.notify_all()


def _nothing() -> None:
    """Let go of what a work held."""
