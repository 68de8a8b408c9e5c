"""Durations as people write them: `90`, `12h`, `30d`, `6months`, `2y`."""

from __future__ import annotations

import re

_WORDS = {
    ("", "s", "sec", "second", "seconds"): 1,
    ("m", "min", "minute", "minutes"): 60,
    ("h", "hour", "hours"): 3600,
    ("d", "day", "days"): 86400,
    ("w", "week", "weeks"): 7 * 86400,
    ("mo", "month", "months"): 30 * 86400,
    ("y", "year", "years"): 365 * 86400,
}
_UNITS = {word: seconds for words, seconds in _WORDS.items() for word in words}
_DURATION = re.compile(r"([0-9]{1,9})\s*([a-z]*)", re.IGNORECASE)
USAGE = "write a number and its unit: 90s, 45m, 12h, 30d, 4w, 6months or 2y"


def parse_duration(text: str) -> int | None:
    """Seconds; None for what is no duration. A month has 30 days, a year 365; `m` is a minute."""
    found = _DURATION.fullmatch(text.strip())
    unit = _UNITS.get(found[2].lower()) if found else None
    return int(found[1]) * unit if found and unit else None
