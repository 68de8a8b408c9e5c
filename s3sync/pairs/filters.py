"""Filters of a run with two places: by name, by a list in a file, by size and by age. They hold for both places alike.

What a filter leaves out is as if neither place had it: it is not copied, not deleted, and not compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from msgspec import Struct

from s3sync.core.names import nfc
from s3sync.errors import UsageError
from s3sync.local.patterns import compile_patterns
from s3sync.pairs.values import Found

_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([BKMGTP]?)(?:i?B)?", re.IGNORECASE)
_POWERS = {"": 1, "B": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40, "P": 2**50}
_AGE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d|w|M|y)")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2592000, "y": 31536000}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
MOST_LINES = 1_000_000


class Filters(Struct, frozen=True):
    """`include` and `exclude` are gitignore patterns; an excluded file is left out also where it is included.

    `names` are paths, of which only these are wanted. Sizes in bytes. `newer` and `older` are ages or dates as
    `parse_age` takes them: only files that are younger, or older, than that.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    names: frozenset[str] | None = None
    min_size: int | None = None
    max_size: int | None = None
    newer: str | None = None
    older: str | None = None


class Wanted(Struct, frozen=True):
    """Tests that filters come to: `name` of a path, which both places have alike, `fits` of a file's size and time.

    `listed`: the paths of a list, where there is one, of those that no pattern leaves out.
    """

    name: Callable[[str], bool]
    fits: Callable[[Found], bool]
    listed: Collection[str] = ()

    def both(self, a: Found | None, b: Found | None, *, one_way: bool) -> bool:
        """True if a path is wanted by what the places hold: one way A's file decides, if it has one.

        A store's time of an object is that of its upload, so that the two may differ.
        """
        if one_way and a is not None:
            return self.fits(a)
        return all(self.fits(found) for found in (a, b) if found is not None)


EVERYTHING = Wanted(lambda path: True, lambda found: True)


def wanted_by(filters: Filters, now: datetime) -> Wanted:
    """Tests for files. Raises `UsageError` for what is no pattern or no age. A file without a time passes any age."""
    if filters == Filters():
        return EVERYTHING
    included, excluded = _matcher("--include", filters.include), _matcher("--exclude", filters.exclude)
    after = parse_age("--newer", filters.newer, now) if filters.newer else None
    before = parse_age("--older", filters.older, now) if filters.older else None
    least, most = filters.min_size or 0, filters.max_size

    def name(path: str) -> bool:
        if excluded is not None and excluded(path):
            return False
        if included is not None and not included(path):
            return False
        return filters.names is None or path in filters.names

    def fits(found: Found) -> bool:
        if found.size < least or (most is not None and found.size > most):
            return False
        at = found.mtime_ns
        return at is None or ((after is None or at >= after) and (before is None or at <= before))

    return Wanted(name, fits, sorted(filter(name, filters.names or ())))


def _matcher(option: str, patterns: tuple[str, ...]) -> Callable[[str], bool] | None:
    if not patterns:
        return None
    try:
        return compile_patterns(patterns).match_file
    except ValueError as error:
        why = str(error).split("\n")[0]
        raise UsageError(f"{option} is no pattern", why=why, hint="write it as in .gitignore: '*.mov', raw/") from error


def parse_size(option: str, text: str) -> int:
    """Bytes of `10M`, `1.5G` or `500`: powers of 1,024, as rclone counts. Raises `UsageError`."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{option} cannot be {text!r:.40}", why="it is no size", hint="write it like 500K, 10M or 2G")
    return int(float(match[1]) * _POWERS[match[2].upper()])


def parse_age(option: str, text: str, now: datetime) -> int:
    """Nanoseconds since the Unix epoch of `2d`, `90m`, `1w`, `3M` (months), or of a date. Raises `UsageError`."""
    text = text.strip()
    ages = list(_AGE.finditer(text))
    if ages and "".join(match[0] for match in ages) == text:
        seconds = sum(float(match[1]) * _UNITS[match[2]] for match in ages)
        try:
            return int((now - timedelta(seconds=seconds)).timestamp() * 1_000_000_000)
        except OverflowError:
            return 0
    try:
        when = datetime.fromisoformat(f"{text}T00:00:00" if _DAY.fullmatch(text) else text)
        return int(when.astimezone(when.tzinfo).timestamp() * 1_000_000_000)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{option} cannot be {text!r:.40}",
            why="it is no age and no date",
            hint="write it like 90m, 2d, 1w, 3M (months), or 2026-11-01",
        ) from None


def names_of(text: str) -> frozenset[str]:
    """Paths of a list, one a line; blank lines and those that begin with `#` or `;` are none. Raises `UsageError`."""
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        raise UsageError("the list is too long", why=f"it has {len(lines)} lines, and {MOST_LINES} are the most")
    found = (nfc(line.strip()).removeprefix("./").lstrip("/") for line in lines)
    return frozenset(line for line in found if line and line[0] not in "#;")
