"""Layouts read backwards: the values of the fields that a key was made with.

Whoever writes into a store chooses its keys, and fields side by side fit some of them in more ways than there is time
to try: so each place is tried once, and a key that takes more than any real one fits nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

MOST_TRIES = 10_000
"""Ends of fields that are tried for one key."""


class Piece(Struct, frozen=True):
    """Part of a layout: a text, a field that comes again (`again`), or a field with the `form` that a value has.

    `is_open`: such a value ends anywhere. `name` is None for what no field has.
    """

    text: str = ""
    again: str | None = None
    form: re.Pattern[str] | None = None
    is_open: bool = False
    name: str | None = None


def values_of(pieces: Sequence[Piece], key: str) -> dict[str, str] | None:
    """Values of the fields, each as long as it can be, the first one before the others; None for another key."""
    reading = _Reading(pieces, key)
    return reading.found if reading.fits(0, 0) else None


class _Reading:
    """Search for the ends of all fields of one key."""

    def __init__(self, pieces: Sequence[Piece], key: str) -> None:
        self._pieces, self._key, self._left = pieces, key, MOST_TRIES
        self._again = sorted({piece.again for piece in pieces if piece.again is not None})
        self._failed: set[tuple[object, ...]] = set()
        self.found: dict[str, str] = {}

    def fits(self, number: int, at: int) -> bool:
        """True if the key from `at` on is what the pieces from `number` on make."""
        if number == len(self._pieces):
            return at == len(self._key)
        place = (number, at, *(self.found.get(name) for name in self._again))
        if place in self._failed:
            return False
        name = self._pieces[number].name
        for end in self._ends(number, at):
            self._left -= 1
            if self._left < 0:
                break
            if name is not None:
                self.found[name] = self._key[at:end]
            if self.fits(number + 1, end):
                return True
        if name is not None:
            self.found.pop(name, None)
        self._failed.add(place)
        return False

    def _ends(self, number: int, at: int) -> Iterator[int]:
        """Places where a piece that begins at `at` may end, the farthest first."""
        piece = self._pieces[number]
        if piece.form is None:
            text = piece.text if piece.again is None else self.found[piece.again]
            if self._key.startswith(text, at):
                yield at + len(text)
            return
        match = piece.form.match(self._key, at)
        if match is None:
            return
        end = match.end()
        if not piece.is_open:
            yield end
            return
        after = self._pieces[number + 1] if number + 1 < len(self._pieces) else None
        if after is None:
            yield from [end] if end == len(self._key) else []
        elif after.text:
            while (end := self._key.rfind(after.text, at + 1, end + len(after.text))) >= 0:
                yield end
                end -= 1
        else:
            yield from range(end, at, -1)
