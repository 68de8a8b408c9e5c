"""Events that no write of metadata.json has told yet, and up to where this user has read those of others.

A lock or a restore writes no metadata.json: its event waits here, and goes along with the next write that there is.
"""

from __future__ import annotations

import msgspec

from s3sync.core.history import MOST_BYTES, Event, read_event
from s3sync.decoding import ready
from s3sync.state.memory import StateDB

MOST_WAITING = 50
"""Events that wait at most: whoever never writes keeps the newest."""


class Mark(msgspec.Struct, frozen=True):
    """The last revision of metadata.json whose events were shown, and when that was."""

    revision: int
    at: str


class Untold:
    """Kept among the facts of state.db, under the name of the place: older versions know that table."""

    def __init__(self, state: StateDB) -> None:
        self._state = state
        self._event = f"event to tell in {state.place_name}: "
        self._mark = f"inbox of {state.place_name}"

    def add(self, event: Event) -> None:
        value = msgspec.json.encode(event)
        if len(value) > MOST_BYTES:
            value = msgspec.json.encode(msgspec.structs.replace(event, files=(), more=sum(event.counts.values())))
        self._state.remember(self._event + event.id, value.decode())
        waiting = self.events()
        self.forget(waiting[: max(0, len(waiting) - MOST_WAITING)])

    def events(self) -> list[Event]:
        """In the order of their times, and of their ids where those are the same second."""
        found = (read_event(value.encode("utf-8", "replace")) for value in self._state.facts(self._event))
        return sorted((event for event in found if event is not None), key=lambda one: (one.at, one.id))

    def forget(self, told: list[Event]) -> None:
        self._state.forget_facts(self._event + event.id for event in told)

    def mark(self) -> Mark | None:
        try:
            return msgspec.json.decode(self._state.fact(self._mark) or "", type=ready(Mark))
        except (msgspec.MsgspecError, RecursionError):
            return None

    def set_mark(self, mark: Mark) -> None:
        self._state.remember(self._mark, msgspec.json.encode(mark).decode())
