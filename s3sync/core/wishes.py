"""Wishes to send files as soon as the line is back: what was named, and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

MOST_WISHES = 1000
"""Names that wait at the most; more become the wish to send everything."""
EVERYTHING = ""


class Wish(Struct, frozen=True):
    """A file, folder or pattern relative to the staging folder; `EVERYTHING` is all that is new or changed.

    `at`: when it was wished, in UTC (ISO 8601). What is sent is what the run that carries it out finds.
    """

    word: str
    at: str


def added(waiting: Iterable[Wish], words: Sequence[str], at: str) -> list[Wish]:
    """All that wait from now on: each word once, as it was wished first. Everything takes in all names."""
    known = {wish.word: wish for wish in waiting}
    for word in words:
        known.setdefault(word, Wish(word, at))
    if EVERYTHING in known:
        return [known[EVERYTHING]]
    if len(known) > MOST_WISHES:
        return [Wish(EVERYTHING, min(wish.at for wish in known.values()))]
    return sorted(known.values(), key=lambda wish: (wish.at, wish.word))


def is_done(wish: Wish, unsent: Iterable[str], *, is_pattern: bool) -> bool:
    """True if no path in `unsent`, which a run of the wish left, may be one that it means."""
    if wish.word == EVERYTHING or is_pattern:
        return not any(True for _ in unsent)
    return not any(path == wish.word or path.startswith(f"{wish.word}/") for path in unsent)
