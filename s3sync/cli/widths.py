"""Columns of a terminal that texts take."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Iterable

NARROWEST = 24


def terminal_columns() -> int | None:
    """Columns of the terminal that lines go to; None where they go elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def name_width(names: Iterable[str], beside: int) -> int:
    """Columns for a list of names with so many columns beside them: a name that has no room pads no other."""
    columns = terminal_columns()
    room = None if columns is None else max(NARROWEST, columns - beside)
    return max((len(name) for name in names if room is None or len(name) <= room), default=0)


def fitting(shown: str, room: int) -> str:
    """A printable name in so many columns: its beginning and its end, which tell most."""
    if _columns(shown) <= room:
        return shown
    end = room * 2 // 3
    ending = _beginning(shown[::-1], end)[::-1]
    while unicodedata.combining(ending[:1] or " "):
        ending = ending[1:]  # an accent without its letter would stand on the dots
    return f"{_beginning(shown, room - end - 3)}...{ending}"


def _beginning(text: str, room: int) -> str:
    """As many characters from the beginning as have room in so many columns."""
    for at, char in enumerate(text):
        room -= _columns(char)
        if room < 0:
            return text[:at]
    return text


def _columns(text: str) -> int:
    """Columns of a terminal that a text takes: two for a Chinese character, none for an accent of its own."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))
