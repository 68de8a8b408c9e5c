"""Short names of repositories, as they are typed: `voz`, or `voz/boy-baker` for a project in it."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from itertools import count

from s3sync.core.folder_names import staging_reason

LONGEST = 64
_PLAIN = re.compile(r"[\w.][\w.-]*")
OTHERWISE = "repository"


def short_name_reason(name: str) -> str | None:
    """Reason why a text will not do as a short name; None when it will.

    It is typed without quotes, is no option, no path and no glob, and looks like no other.
    """
    if not name:
        return "it is empty"
    if len(name) > LONGEST:
        return f"it has more than {LONGEST} characters"
    if not _PLAIN.fullmatch(name):
        return "it has a character that is neither letter nor digit, nor one of `-`, `_` and `.`"
    return staging_reason(name)


def unused_name(wanted: Iterable[str], taken: Container[str]) -> str:
    """The first of the wanted names that will do, with a number where it is one of the taken ones (casefolded)."""
    name = next((one for one in wanted if short_name_reason(one) is None), OTHERWISE)
    if name.casefold() not in taken:
        return name
    head = name[: LONGEST - 4]
    return next(new for n in count(2) if (new := f"{head}-{n}").casefold() not in taken)


def parted(word: str) -> tuple[str, str | None]:
    """Short name and project of a word; None for a project that it does not name."""
    name, _, project = word.partition("/")
    return name, project.strip("/") or None
