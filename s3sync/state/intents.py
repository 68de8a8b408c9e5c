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

_CONFLICT, _DELETION = "intent: conflict ", "intent: delete "
R = TypeVar("R", ConflictRecord, DeletedRecord)


class Intents:
    """In state.db. Forgotten once metadata.json tells it, or when it did not come to it."""

    def __init__(self, state: StateDB) -> None:
        self._state = state

    def keep_both(self, conflict: ConflictRecord) -> None:
        """A file is about to be moved aside to `kept_as`, and to be published under that name."""
        self._state.remember(_CONFLICT + conflict.kept_as, msgspec.json.encode(conflict).decode())

    def delete(self, deletions: Iterable[DeletedRecord]) -> None:
        """These objects are about to be deleted."""
        with self._state.transaction():
            for deletion in deletions:
                self._state.remember(_DELETION + deletion.name, msgspec.json.encode(deletion).decode())

    def conflicts(self) -> list[ConflictRecord]:
        return self._all(_CONFLICT, ConflictRecord)

    def deletions(self) -> list[DeletedRecord]:
        return self._all(_DELETION, DeletedRecord)

    def forget(self, told: Iterable[ConflictRecord | DeletedRecord]) -> None:
        with self._state.transaction():
            for record in told:
                name = _CONFLICT + record.kept_as if isinstance(record, ConflictRecord) else _DELETION + record.name
                self._state.execute("DELETE FROM fact WHERE name = ?", name)

    def _all(self, prefix: str, kind: type[R]) -> list[R]:
        rows = self._state.execute(
            "SELECT value FROM fact WHERE name >= ? AND name < ? ORDER BY name", prefix, prefix[:-1] + "!"
        )
        return [msgspec.json.decode(row[0], type=kind) for row in rows]
