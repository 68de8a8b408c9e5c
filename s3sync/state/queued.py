"""Queue of a project: what is to be sent when the line is back. It is of the project, whatever store it has by then."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from s3sync.core.times import parse_time
from s3sync.core.wishes import MOST_WISHES, Wish
from s3sync.decoding import ready
from s3sync.local.patterns import has_wildcard
from s3sync.state.memory import StateDB
from s3sync.state.schema import MOST_TEXT

_NAME = "queued to go up: "


_MOST_ROWS = 2 * MOST_WISHES


class Foreign(Struct, frozen=True):
    """A row of the queue that no s3sync wrote: what is left of its name, as text, and in bytes as it is kept."""

    name: str
    key: bytes


class Queue:
    """Kept among the facts of state.db: older versions know that table."""

    def __init__(self, state: StateDB) -> None:
        self._state = state

    def wishes(self) -> list[Wish]:
        """In the order in which they were made. What no s3sync wrote is left out."""
        return self.look()[0]

    def look(self) -> tuple[list[Wish], list[Foreign]]:
        """The wishes, and the rows that are none: of more than can wait, some."""
        wishes: list[Wish] = []
        foreign: list[Foreign] = []
        for key, value in self._state.raw_facts(_NAME, _MOST_ROWS):
            wish = _read(key, value)
            if wish is not None:
                wishes.append(wish)
            else:
                foreign.append(Foreign(key.decode(errors="replace"), key))
        wishes.sort(key=lambda one: (one.at, one.word))
        foreign += [Foreign(wish.word, wish.word.encode()) for wish in wishes[MOST_WISHES:]]
        return wishes[:MOST_WISHES], foreign

    @staticmethod
    def can_keep(wish: Wish) -> bool:
        """False for one that is longer than a fact may be."""
        return len(msgspec.json.encode(wish)) <= MOST_TEXT

    def put(self, wishes: list[Wish]) -> None:
        """Have just these wait."""
        with self._state.transaction():
            self.forget([wish for wish in self.wishes() if wish not in wishes])
            for wish in wishes:
                self._state.remember(_NAME + wish.word, msgspec.json.encode(wish).decode())

    def forget(self, wishes: list[Wish]) -> None:
        self._state.forget_facts(_NAME + wish.word for wish in wishes)

    def forget_foreign(self, rows: list[Foreign]) -> None:
        self._state.forget_raw(_NAME, [row.key for row in rows])

    def forget_all(self) -> None:
        """Have nothing left, whoever wrote it."""
        self._state.forget_raw(_NAME)


def _read(key: bytes, value: bytes) -> Wish | None:
    try:
        wish = msgspec.json.decode(value, type=ready(Wish))
        named = key.decode() == wish.word
    except (ValueError, RecursionError):
        return None
    absolute = wish.word.startswith("/") and not has_wildcard(wish.word)
    inside = not absolute and ".." not in wish.word.split("/")
    return wish if named and inside and parse_time(wish.at) is not None else None
