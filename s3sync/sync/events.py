"""Events of a run for the history: one in each write of metadata.json that it makes anyway, none of its own."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from itertools import islice

from s3sync.core import history
from s3sync.core.effects import Effect, Kind
from s3sync.core.history import Draft, Event
from s3sync.core.manifest.edits import Edits
from s3sync.core.manifest.record import ConflictRecord, Manifest
from s3sync.core.plan import Action, Do, Verb
from s3sync.core.times import format_time
from s3sync.shared.history import Moving
from s3sync.state.memory import StateDB
from s3sync.state.untold import Untold
from s3sync.store.aspects import aspect
from s3sync.store.counting import CountsRequests
from s3sync.sync.session import Session

DID = {
    Kind.SENT: history.SENT,
    Kind.FETCHED: history.FETCHED,
    Kind.DELETED_HERE: history.DELETED_HERE,
    Kind.DELETED_THERE: history.DELETED,
    Kind.MOVED: history.MOVED,
}


class Events:
    """Collects what one round of a run did, for the next write of metadata.json.

    What no write told waits in this computer's memory, for the next write that there is.
    """

    def __init__(self, session: Session, state: StateDB, seen: Manifest, verb: Verb, moving: Moving) -> None:
        self._session, self._seen, self._moving = session, seen, moving
        self._untold, self._verb = Untold(state), session.told_as or verb.value
        self._cleaning = verb is Verb.CLEANUP
        self._draft = self._new()
        self._own: list[Event] = []
        self._waited: list[Event] = []

    def _new(self) -> Draft:
        return Draft(self._verb, self._session.run)

    def happened(self, action: Action, effect: Effect) -> None:
        draft, did = self._draft, DID[effect.kind]
        if action.do is Do.FREE_LOCAL:
            did = history.FREED
        elif action.do is Do.PUT_BACK_LOCAL:
            did = history.BROUGHT_BACK
        elif effect.kind is Kind.DELETED_THERE and self._cleaning:
            did = history.CLEANED
        elif effect.kind is Kind.SENT and effect.path != action.path:
            did = history.KEPT_BOTH
        before = None
        if effect.kind is Kind.SENT and draft.names_more:
            before = self._seen.files.get(effect.path)
        draft.add(did, effect.path, effect.size, None if before is None else before.uploaded_by)
        if effect.kind is Kind.SENT:
            draft.sent_bytes += effect.bytes
        elif effect.kind is Kind.FETCHED:
            draft.received_bytes += effect.bytes

    def decided(self, conflicts: Sequence[ConflictRecord]) -> None:
        """Note which conflicts this plan decides, or opens again."""
        for conflict in conflicts:
            self._draft.add(history.RESOLVED if conflict.resolved else history.REOPENED, conflict.name)

    def enter(self, edits: Edits) -> None:
        """Put into the edits what is to be told: of this run, and what waited. With it goes what has moved."""
        self._found(edits)
        self._finish(edits.by, edits.at, edits.host)
        self._waited = self._untold.events()
        edits.events, edits.moved = [*self._waited, *self._own], self._moving.done()

    def _found(self, edits: Edits) -> None:
        """Note objects that no record explained: of another tool, or of a run of ours that was killed."""
        named = 0
        for name, record in islice(edits.repaired.items(), history.MOST_NAMES):
            named += 1
            did = history.SENT if record.uploaded_by == edits.by else history.FOUND
            self._draft.add(did, name, record.size_bytes)
        if more := len(edits.repaired) - named:
            self._draft.counts[history.FOUND] = self._draft.counts.get(history.FOUND, 0) + more

    def _finish(self, by: str, at: str, host: str) -> None:
        draft, billed = self._draft, aspect(self._session.store, CountsRequests)
        if billed is not None and draft.counts:
            draft.writes, draft.reads = billed.take_requests()
        event = draft.event(_id(), by, at, host)
        if event is not None:
            self._own.append(event)
        self._draft = self._new()

    def told(self) -> None:
        """Forget what was written."""
        self._untold.forget(self._waited)
        self._waited, self._own = [], []

    def close(self) -> None:
        """Keep for later what no write told."""
        user = self._session.settings.user
        if user:
            self._finish(user, format_time(self._session.clock()), socket.gethostname())
            for event in self._own:
                self._untold.add(event)
        self._own = []


def note_event(session: Session, state: StateDB, draft: Draft) -> None:
    """Keep an event for the next write of metadata.json that there is. Those of nobody are not kept."""
    user = session.settings.user
    event = draft.event(_id(), user or "", format_time(session.clock()), socket.gethostname())
    if event is not None and user:
        Untold(state).add(event)


def _id() -> str:
    """A name for an event: those that one computer makes stand in the order of what was done, also within a second."""
    return f"{time.time_ns():016x}{os.urandom(4).hex()}"
