"""The journal of the last run in this place: what it did and what it replaced, so that `undo` can take it back.

It is kept beside the intents, in state.db. The first effect of a run replaces the journal of the run before.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from s3sync.core import limits
from s3sync.core.batches import batched
from s3sync.core.effects import Kind, LivesOn
from s3sync.core.entries import Entry
from s3sync.core.manifest.record import FileRecord
from s3sync.core.names import refuse_reason
from s3sync.core.plan import Do, Verb
from s3sync.state.memory import StateDB
from s3sync.state.schema import intent_row

DID, DECIDED, STOPPED = "did", "decided", "stopped"


class Done(Struct, frozen=True):
    """One effect. `before` is what the base said, `after` what it says since; `local` and `remote` what stood there.

    `stamp` names the run's folder in the trashes. `record` explained the remote version that stood there.
    `lives_on`: where the content of what was deleted is, if it was not copied to the trash.
    """

    kind: Kind
    path: str
    verb: Verb
    at: str
    do: Do
    stamp: str
    before: Entry | None = None
    after: Entry | None = None
    local: Entry | None = None
    remote: Entry | None = None
    in_remote_trash: bool = False
    kept_as: str | None = None
    record: FileRecord | None = None
    lives_on: LivesOn | None = None
    told_as: str | None = None
    """Name of the command, where its verb is made of another's steps."""


class Decided(Struct, frozen=True):
    """Decision of a conflict of which both versions were kept, with what it changed on the remote, in that order.

    `at` is the time that its record in metadata.json has. `put` is the version that got the name, if the copy did.
    """

    name: str
    kept_as: str
    at: str
    put: str | None = None
    done: tuple[Done, ...] = ()


class Stopped(Struct, frozen=True):
    """The last run, where it ended before it changed anything: halted, without a network, interrupted."""

    verb: str
    at: str


class Journal:
    """Written by one thread."""

    def __init__(self, state: StateDB) -> None:
        self._state = state
        self._begun = False

    def note(self, effects: Iterable[Done]) -> None:
        """Add effects. Those that a killed run did not save are not here either: undo leaves them alone."""
        place = self._state.enter_place()
        with self._state.transaction():
            if not self._begun:
                self._drop(place)
            for some in batched(effects, limits.now.entries_at_once):
                rows = [(place, DID, done.path, msgspec.json.encode(done).decode()) for done in some]
                self._state.execute_many("INSERT OR REPLACE INTO intent VALUES (?, ?, ?, ?)", rows)
        self._begun = True

    def last_run(self) -> list[Done]:
        """Effects of the last run, by path. Rows that lead elsewhere are none of ours."""
        query = "SELECT value FROM intent WHERE place = ? AND kind = ? ORDER BY name"
        rows = self._state.execute(query, self._state.place_id, DID)
        with self._state.rows_of("intent"):
            found = [intent_row(row, Done) for row in rows]
        return [done for done in found if _is_ours(done)]

    def decided(self) -> Decided | None:
        """The decision of a conflict, if that was the last that this computer did here."""
        query = "SELECT value FROM intent WHERE place = ? AND kind = ?"
        rows = self._state.execute(query, self._state.place_id, DECIDED)
        with self._state.rows_of("intent"):
            found = [intent_row(row, Decided) for row in rows]
        return next(filter(_is_decision, found), None)

    def decide(self, decided: Decided) -> None:
        """Note a decision in the place of whatever was noted before."""
        place, value = self._state.enter_place(), msgspec.json.encode(decided).decode()
        with self._state.transaction():
            self._drop(place)
            query = "INSERT INTO intent VALUES (?, ?, ?, ?)"
            self._state.execute(query, place, DECIDED, decided.kept_as, value)

    def forget_decided(self) -> None:
        self._state.execute("DELETE FROM intent WHERE place = ? AND kind = ?", self._state.place_id, DECIDED)

    def stopped(self) -> Stopped | None:
        """The last run, if it was stopped before it changed anything."""
        query = "SELECT value FROM intent WHERE place = ? AND kind = ?"
        rows = self._state.execute(query, self._state.place_id, STOPPED)
        with self._state.rows_of("intent"):
            return next((intent_row(row, Stopped) for row in rows), None)

    def stop(self, stopped: Stopped) -> None:
        """Note that a run was stopped. What the journal says of the run before it stays."""
        value = msgspec.json.encode(stopped).decode()
        query = "INSERT OR REPLACE INTO intent VALUES (?, ?, ?, ?)"
        self._state.execute(query, self._state.place_id, STOPPED, "", value)

    def forget_stopped(self) -> None:
        self._state.execute("DELETE FROM intent WHERE place = ? AND kind = ?", self._state.place_id, STOPPED)

    def has_any(self) -> bool:
        """True if there is something that `undo` could take back."""
        query = "SELECT 1 FROM intent WHERE place = ? AND kind IN (?, ?) LIMIT 1"
        return bool(self._state.execute(query, self._state.place_id, DID, DECIDED))

    def _drop(self, place: int) -> None:
        query = "DELETE FROM intent WHERE place = ? AND kind IN (?, ?, ?)"
        self._state.execute(query, place, DID, DECIDED, STOPPED)

    def forget(self, path: str) -> None:
        query = "DELETE FROM intent WHERE place = ? AND kind = ? AND name = ?"
        self._state.execute(query, self._state.place_id, DID, path)


def _is_decision(decided: Decided) -> bool:
    names = (decided.name, decided.kept_as)
    return not any(map(refuse_reason, names)) and all(one.path in names and _is_ours(one) for one in decided.done)


def _is_ours(done: Done) -> bool:
    names = (done.path, done.kept_as or done.path, done.lives_on.path if done.lives_on else done.path)
    return not any(map(refuse_reason, names)) and "/" not in done.stamp and not done.stamp.startswith(".")
