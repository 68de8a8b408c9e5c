"""Turns at what many threads need at once and one of them asks for, such as a token: a failure is everybody's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


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
