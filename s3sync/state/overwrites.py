"""Notes of an encrypted project's uploads over a version that this computer did not agree on, as after a conflict.

Noted before they begin, so that an upload that was not recorded is known as its own, and told from an older version
that somebody put back: `core/vouching.py`. Kept among the facts of state.db.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from s3sync.core import limits
from s3sync.core.batches import batched
from s3sync.state.memory import StateDB


class Overwrites:
    """The notes of one place: by path, the ETag of the version that was to be replaced."""

    def __init__(self, state: StateDB) -> None:
        self._state, self._beginning = state, f"overwrites {state.place_name}\n"

    def all(self) -> dict[str, str]:
        found = self._state.facts(self._beginning)
        with self._state.rows_of("fact"):
            return dict(msgspec.json.decode(value, type=tuple[str, str]) for value in found)

    def note(self, replaced: Iterable[tuple[str, str]]) -> None:
        """Paths, each with the ETag of the version that an upload is about to replace."""
        for some in batched(replaced, limits.now.entries_at_once):
            with self._state.transaction():
                for path, etag in some:
                    self._state.remember(self._beginning + path, msgspec.json.encode((path, etag)).decode())

    def forget(self, paths: Iterable[str]) -> None:
        """Drop the notes of what is recorded by now."""
        self._state.forget_facts([self._beginning + path for path in paths])
