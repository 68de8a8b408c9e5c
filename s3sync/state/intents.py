"""What a run is about to do and metadata.json is to tell: noted before, so that a killed run leaves nothing untold.

The files themselves need none of this: after any crash the next run decides by what is there. But what is there does
not say that a file was moved aside in a conflict, or who deleted what is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from s3sync.core.manifest import ConflictRecord, DeletedRecord
from s3sync.state.db import StateDB

_CONFLICT, _DELETION = "conflict", "delete"
R = TypeVar("R", ConflictRecord, DeletedRecord)


class Intents:
    """In state.db, of one place. Forgotten once metadata.json tells it, or when it did not come to it."""

    def __init__(self, state: StateDB) -> None:
        self._state = state

    def keep_both(self, conflict: ConflictRecord) -> None:
        """A file is about to be moved aside to `kept_as`, and to be published under that name."""
        self._note(_CONFLICT, conflict.kept_as, conflict)

    def delete(self, deletions: Iterable[DeletedRecord]) -> None:
        """These objects are about to be deleted."""
        with self._state.transaction():
            for deletion in deletions:
                self._note(_DELETION, deletion.name, deletion)

    def conflicts(self) -> list[ConflictRecord]:
        return self._all(_CONFLICT, ConflictRecord)

    def deletions(self) -> list[DeletedRecord]:
        return self._all(_DELETION, DeletedRecord)

    def forget(self, told: Iterable[ConflictRecord | DeletedRecord]) -> None:
        with self._state.transaction():
            for record in told:
                if isinstance(record, ConflictRecord):
                    self._forget(_CONFLICT, record.kept_as)
                else:
                    self._forget(_DELETION, record.name)

    def _forget(self, kind: str, name: str) -> None:
        query = "DELETE FROM intent WHERE place = ? AND kind = ? AND name = ?"
        self._state.execute(query, self._state.place_id, kind, name)

    def _note(self, kind: str, name: str, record: ConflictRecord | DeletedRecord) -> None:
        value = msgspec.json.encode(record).decode()
        self._state.execute(
            "INSERT OR REPLACE INTO intent VALUES (?, ?, ?, ?)", self._state.enter_place(), kind, name, value
        )

    def _all(self, kind: str, type_: type[R]) -> list[R]:
        query = "SELECT value FROM intent WHERE place = ? AND kind = ? ORDER BY name"
        return [
            msgspec.json.decode(row[0], type=type_) for row in self._state.execute(query, self._state.place_id, kind)
        ]
