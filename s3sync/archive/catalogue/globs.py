"""Globs of SQLite for names that people type."""

from __future__ import annotations

WILD = "*?["


def patterns_of(last: str) -> list[str]:
    """Globs to try one after the other for a name that was typed."""
    if set(WILD) & set(last):
        return [last.replace("[!", "[^")]
    plain = as_glob(last)
    return [f"{plain}*", f"*{plain}*"] if plain else ["*"]


def as_glob(text: str) -> str:
    """A text as a glob that matches it alone."""
    return "".join(f"[{char}]" if char in WILD else char for char in text)
