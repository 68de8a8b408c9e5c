"""Units by the words that people type for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase

from s3sync.core.near import near


def units_of(word: str, ids: Collection[str], *, whole: bool = False) -> frozenset[str]:
    """The units that a word means: those whose id, or last name of it, it is. Else those that it fits as a glob, else
    the one that alone begins with it, be it that only its number ends there: `b10` is `b10-film`, not `b100-film`. A
    name with brackets in it is that name, whatever it would fit as a glob.

    `whole`: a name's beginning is no name, as where units go: `b10` is `b10` alone, also once that is gone.
    """
    word = word.rstrip("/")
    found = frozenset(one for one in ids if word in _names(one)) or frozenset(
        one for one in ids if any(fnmatchcase(name, word) for name in _names(one))
    )
    if found or whole:
        return found
    return _only(_begun(word, ids, whole_number=True)) or _only(begun(word, ids))


def meant_by(word: str, ids: Collection[str]) -> str:
    """Question that a hint begins with, where a word means no unit; empty where nothing is near."""
    meant: Sequence[str] = sorted(begun(word, ids)) or near(word, ids)
    if not meant:
        return ""
    more = " (and others)" if len(meant) > MOST_NEAR else ""
    return f"did you mean {' or '.join(map(repr, meant[:MOST_NEAR]))}{more}? "


MOST_NEAR = 3


def _names(unit_id: str) -> tuple[str, str]:
    return unit_id, unit_id.rpartition("/")[2]


def begun(word: str, ids: Collection[str]) -> frozenset[str]:
    """Units whose id, or last name of it, begins with a word."""
    return _begun(word.rstrip("/"), ids)


def _begun(word: str, ids: Collection[str], *, whole_number: bool = False) -> frozenset[str]:
    ends = len(word) if whole_number and word[-1:].isdecimal() else None

    def fits(name: str) -> bool:
        return name.startswith(word) and (ends is None or not name[ends : ends + 1].isdecimal())

    return frozenset(one for one in ids if word and any(map(fits, _names(one))))


def _only(found: frozenset[str]) -> frozenset[str]:
    return found if len(found) == 1 else frozenset()
