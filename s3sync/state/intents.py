"""Intents of a run that metadata.json is to record: noted before, so that a killed run leaves nothing untold.

The files themselves need none of this: after any crash the next run decides by what is there. But what is there does
not say that a file was moved aside in a conflict, or who deleted what is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from s3sync.core import limits
from s3sync.core.batches import batched
from s3sync.core.keep_both import Intent
from s3sync.core.manifest.record import ConflictRecord, DeletedRecord
from s3sync.core.names import refuse_reason
from s3sync.state.memory import StateDB
from s3sync.state.schema import intent_row

_CONFLICT, _DELETION = "conflict", "delete"
_INSERT = "INSERT OR REPLACE INTO intent VALUES (?, ?, ?, ?)"
R = TypeVar("R", Intent, DeletedRecord)


class Intents:
    """In state.db, of one place. Forgotten once metadata.json tells it, or when it did not come to it."""

    def __init__(self, state: StateDB) -> None:
        self._state = state

    def keep_both(self, intent: Intent) -> None:
        """A file is about to be moved aside to `kept_as`, and to be published under that name."""
        self._state.execute(_INSERT, self._state.enter_place(), _CONFLICT, intent.kept_as, _as_json(intent))

    def arrived(self, intent: Intent) -> None:
        """The remote version stands under the name."""
        self.keep_both(replace(intent, arrived=True))

    def delete(self, deletions: Iterable[DeletedRecord]) -> None:
        """These objects are about to be deleted."""
        with self._state.transaction():
            place = self._state.enter_place()
            for some in batched(deletions, limits.now.entries_at_once):
                rows = [(place, _DELETION, deletion.name, _as_json(deletion)) for deletion in some]
                self._state.execute_many(_INSERT, rows)

    def moves(self) -> list[Intent]:
        """The noted conflicts of every place: whichever store is in use, the files are on this disk.

        Names that lead elsewhere are none of ours, whoever wrote them there.
        """
        return [intent for intent in self._all("kind = ?", Intent, _CONFLICT) if _is_ours(intent)]

    def forget_move(self, intent: Intent) -> None:
        self._state.execute("DELETE FROM intent WHERE kind = ? AND name = ?", _CONFLICT, intent.kept_as)

    def conflicts(self) -> list[ConflictRecord]:
        noted = self._all("place = ? AND kind = ?", Intent, self._state.place_id, _CONFLICT)
        return [intent.record for intent in noted if _is_ours(intent)]

    def deletions(self) -> list[DeletedRecord]:
        noted = self._all("place = ? AND kind = ?", DeletedRecord, self._state.place_id, _DELETION)
        return [deletion for deletion in noted if refuse_reason(deletion.name) is None]

    def forget(self, told: Iterable[ConflictRecord | DeletedRecord]) -> None:
        place = self._state.place_id
        with self._state.transaction():
            for some in batched(told, limits.now.entries_at_once):
                rows = [(place, *_key_of(record)) for record in some]
                self._state.execute_many("DELETE FROM intent WHERE place = ? AND kind = ? AND name = ?", rows)

    def _all(self, which: str, type_: type[R], *values: object) -> list[R]:
        rows = self._state.execute(f"SELECT value FROM intent WHERE {which} ORDER BY name", *values)
        with self._state.rows_of("intent"):
            return [intent_row(row, type_) for row in rows]


def _as_json(record: Intent | DeletedRecord) -> str:
    return msgspec.json.encode(record).decode()


def _key_of(record: ConflictRecord | DeletedRecord) -> tuple[str, str]:
    return (_CONFLICT, record.kept_as) if isinstance(record, ConflictRecord) else (_DELETION, record.name)


def _is_ours(intent: Intent) -> bool:
    return not any(map(refuse_reason, (intent.name, intent.kept_as, intent.stood_as or intent.name)))
