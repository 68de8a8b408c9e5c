"""Count of the requests that a store was asked and that its provider bills."""

from __future__ import annotations

import threading

_WRITES = frozenset(
    ("write", "copy", "begin", "send", "finish", "list", "tag", "create", "set", "block", "thaw", "look")
)
_FREE = frozenset(("delete", "remove", "abort"))


class Tally:
    """Requests of the dearer kind (PUT, COPY, POST, LIST) and others; DELETE is free. Any thread may count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writes = self._reads = 0

    def count(self, doing: str) -> None:
        """Count one request. `doing` says what it is for, beginning with a verb: "send part 3 of"."""
        verb = doing.partition(" ")[0]
        if verb in _FREE:
            return
        with self._lock:
            if verb in _WRITES:
                self._writes += 1
            else:
                self._reads += 1

    def take(self) -> tuple[int, int]:
        """Both numbers, which begin anew."""
        with self._lock:
            taken, self._writes, self._reads = (self._writes, self._reads), 0, 0
        return taken
