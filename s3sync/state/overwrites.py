"""Notes of an encrypted project's uploads over a version that this computer did not agree on, as after a conflict.

Noted before they begin, so that an upload that was not recorded is known as its own, and told from an older version
that somebody put back: `core/vouching.py`. Kept among the facts of state.db.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from s3sync.core import limits
from s3sync.core.batches import batched
from s3sync.core.vouching import Overwrite
from s3sync.decoding import ready
from s3sync.state.memory import StateDB


class Overwrites:
    """The notes of one place."""

    def __init__(self, state: StateDB) -> None:
        self._state, self._beginning = state, f"overwrites {state.place_name}\n"

    def all(self) -> dict[str, Overwrite]:
        """The notes, by path."""
        found = self._state.facts(self._beginning)
        with self._state.rows_of("fact"):
            return {one.path: one for one in (msgspec.json.decode(value, type=ready(Overwrite)) for value in found)}

    def note(self, coming: Iterable[Overwrite]) -> None:
        """Note what is about to be replaced."""
        for some in batched(coming, limits.now.entries_at_once):
            with self._state.transaction():
                for one in some:
                    self._state.remember(self._beginning + one.path, msgspec.json.encode(one).decode())

    def forget(self, paths: Iterable[str]) -> None:
        """Drop the notes of what is recorded by now."""
        self._state.forget_facts([self._beginning + path for path in paths])
