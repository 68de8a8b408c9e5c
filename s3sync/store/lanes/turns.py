"""Turns at what many threads need at once and one of them asks for, such as a token: a failure is everybody's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Turns:
    """Turns one after the other. Who waited while another's failed gets that failure, and does not ask again.

    Else a server of tokens that is silent takes the time of its patience once for each thread.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._failures = 0
        self._last: Exception | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The block is one turn. Raises what another's raised meanwhile."""
        known = self._failures
        with self._lock:
            if self._failures != known and self._last is not None:
                raise self._last
            try:
                yield
            except Exception as error:
                self._failures, self._last = self._failures + 1, error
                raise
            self._last = None


class once(Generic[T]):  # noqa: N801 - it stands where `cached_property` would
    """A property that is found in one turn, and then known: a `cached_property` whose failure is everybody's, too."""

    def __init__(self, find: Callable[[Any], T]) -> None:
        self._find, self._name = find, find.__name__

    def __get__(self, instance: Any, owner: type) -> T:
        known = vars(instance)
        with known.setdefault(f"_turns_of_{self._name}", Turns()).turn():
            if self._name not in known:
                known[self._name] = self._find(instance)
            return known[self._name]  # type: ignore[no-any-return]
