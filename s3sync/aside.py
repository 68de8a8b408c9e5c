"""Work that a few threads do aside, and its answers, which are waited for where they are needed.

What the standard library has for this imports `logging` and its neighbours: 4 ms of every start, which nothing else
needs (decision 0055).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Generic, Self, TypeVar, cast

T = TypeVar("T")
R = TypeVar("R")


class Answer(Generic[R]):
    """A result that is there already, or comes. Set once; may be asked for any number of times, by any thread."""

    __slots__ = ("_error", "_there", "_value")

    def __init__(self) -> None:
        self._there = threading.Event()
        self._value: R | None = None
        self._error: BaseException | None = None

    def set_result(self, value: R) -> None:
        self._value = value
        self._there.set()

    def set_exception(self, error: BaseException) -> None:
        self._error = error
        self._there.set()

    def done(self) -> bool:
        return self._there.is_set()

    def exception(self) -> BaseException | None:
        """Wait, and give back what went wrong; None when nothing did."""
        if not self._there.is_set():
            self._there.wait()
        return self._error

    def result(self) -> R:
        """Wait for the result, or raise what went wrong."""
        error = self.exception()
        if error is not None:
            raise error
        return cast("R", self._value)


def within(seconds: float, function: Callable[[], R]) -> R:
    """The result of a function of a library that has no limit on its time. Raises what it does, and `TimeoutError`.

    Then it goes on in a thread that ends with the process: a server that sends a byte each second is waited for by
    nobody, nor what a library computes for one that asks for years of it.
    """
    told: SimpleQueue[tuple[R | None, Exception | None]] = SimpleQueue()

    def work() -> None:
        try:
            told.put((function(), None))
        except Exception as error:  # noqa: BLE001 - raised again by whoever asked
            told.put((None, error))

    threading.Thread(target=work, name="s3sync-within", daemon=True).start()
    try:
        result, error = told.get(timeout=seconds)
    except Empty:
        raise TimeoutError from None
    if error is not None:
        raise error
    return cast("R", result)


class Aside:
    """Up to `most` threads, each begun when there is work for it.

    As a context it waits for what is under way, but after Ctrl-C: whoever wants to stop does not wait.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most, self._name = most, name
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._waiting, self._dropped = 0, False

    def submit(self, function: Callable[..., R], *values: Any, **more: Any) -> Answer[R]:
        """Have a thread call the function."""
        answer: Answer[R] = Answer()
        with self._lock:
            self._waiting += 1
            self._work.put(partial(self._answer, answer, partial(function, *values, **more)))
            if len(self._threads) < min(self._most, self._waiting):
                thread = threading.Thread(target=self._toil, name=f"{self._name}_{len(self._threads)}")
                self._threads.append(thread)
                thread.start()
        return answer

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Results in the order of the items, all of which are begun at once; raises the first error."""
        answers = [self.submit(function, item) for item in items]
        return (answer.result() for answer in answers)

    def _answer(self, answer: Answer[R], call: Callable[[], R]) -> None:
        if self._dropped:
            return
        try:
            answer.set_result(call())
        except BaseException as error:  # noqa: BLE001 - raised by whoever asks for the answer
            answer.set_exception(error)

    def _toil(self) -> None:
        while (work := self._work.get()) is not None:
            work()
            with self._lock:
                self._waiting -= 1

    def close(self, *, wait: bool = True) -> None:
        """Let the threads end once all is done; without `wait` when what is under way is, and nobody waits for it."""
        self._dropped = self._dropped or not wait
        for _ in self._threads:
            self._work.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(wait=kind is None or not issubclass(kind, KeyboardInterrupt))
