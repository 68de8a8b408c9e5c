"""Queue of a project: what is to be sent when the line is back. It is of the project, whatever store it has by then."""

from __future__ import annotations

import msgspec

from s3sync.core.times import parse_time
from s3sync.core.wishes import MOST_WISHES, Wish
from s3sync.local.patterns import has_wildcard
from s3sync.state.memory import StateDB

_NAME = "queued to go up: "
MOST_WORD = 4096
"""Characters of what was named."""


class Queue:
    """Kept among the facts of state.db: older versions know that table."""

    def __init__(self, state: StateDB) -> None:
        self._state = state

    def wishes(self) -> list[Wish]:
        """In the order in which they were made. What no s3sync wrote is left out."""
        found = (_read(value) for value in self._state.facts(_NAME))
        return sorted((wish for wish in found if wish is not None), key=lambda one: (one.at, one.word))[:MOST_WISHES]

    def put(self, wishes: list[Wish]) -> None:
        """Have just these wait."""
        with self._state.transaction():
            self.forget([wish for wish in self.wishes() if wish not in wishes])
            for wish in wishes:
                self._state.remember(_NAME + wish.word, msgspec.json.encode(wish).decode())

    def forget(self, wishes: list[Wish]) -> None:
        self._state.forget_facts(_NAME + wish.word for wish in wishes)


def _read(value: str) -> Wish | None:
    try:
        wish = msgspec.json.decode(value, type=Wish)
    except (msgspec.MsgspecError, RecursionError):
        return None
    absolute = wish.word.startswith("/") and not has_wildcard(wish.word)
    inside = len(wish.word) <= MOST_WORD and not absolute and ".." not in wish.word.split("/")
    return wish if inside and parse_time(wish.at) is not None else None
