"""Fate of the settings of an earlier tool: sets, settings, and a word about each of its keys."""

from __future__ import annotations

import re
from typing import TypeAlias

from msgspec import Struct, field

Rules: TypeAlias = dict[str, object]
BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")


class Imported(Struct):
    """Sets by name with their rules, settings by name, `prices` by region, and of each key what became of it."""

    sets: dict[str, Rules] = field(default_factory=dict)
    settings: Rules = field(default_factory=dict)
    prices: Rules = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def note(self, key: str, fate: str) -> None:
        """Say what became of a key; the first word about it counts."""
        if key not in {known for known, _ in self.notes}:
            self.notes.append((key, fate))


class NotImportable(ValueError):
    """A file is not what the earlier tool writes."""


def shown(value: object) -> str:
    """A value as a note repeats it."""
    return repr(str(value)[:40])
