"""Bandwidth limits as people write them: `10M`, `1M:10M`, or a timetable of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from s3sync.errors import ConfigError

_RATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([KMG])(?:i?B)?(?:/s)?", re.IGNORECASE)
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_UNITS = {"k": 1024, "m": 1024**2, "g": 1024**3}
_HINT = "write `10M` (MiB a second), `1M:10M` (up:down), `off`, or a timetable `08:00,512K 19:00,10M 23:00,off`"

MIN_RATE = 1024
"""Bytes a second. Below this no request would end within its timeout."""


class Rates(Struct, frozen=True):
    """Bytes a second in each direction, None without a limit."""

    up: int | None = None
    down: int | None = None


class Timetable(Struct, frozen=True):
    """Rates by the minute of the day from which they hold (local time); the last entry also holds over midnight."""

    entries: tuple[tuple[int, Rates], ...] = ((0, Rates()),)

    def at(self, minute: int) -> Rates:
        holding = [rates for start, rates in self.entries if start <= minute]
        return (holding or [self.entries[-1][1]])[-1]

    @property
    def unlimited(self) -> bool:
        return all(rates == Rates() for _, rates in self.entries)


def parse_bandwidth(value: object) -> Timetable:
    """A limit as it stands in a flag or a settings file; None is no limit. Raises `ConfigError`.

    Text is one limit or a timetable; a mapping has `upload` and `download`; a list has one `HH:MM LIMIT` each.
    """
    if value is None:
        return Timetable()
    if isinstance(value, Mapping):
        return Timetable(((0, _from_mapping(value)),))
    words = list(value) if isinstance(value, (list, tuple)) else str(value).split()
    if isinstance(value, str) and len(words) == 1 and "," not in words[0]:
        return Timetable(((0, _rates(words[0])),))
    entries = dict(_entry(word) for word in words)
    if not entries or len(entries) != len(words):
        raise _refuse(value, "a timetable needs at least one time, and each time once")
    return Timetable(tuple(sorted(entries.items())))


def _from_mapping(value: Mapping[object, object]) -> Rates:
    unknown = [str(key) for key in value if key not in ("upload", "download")]
    if unknown:
        raise _refuse(value, f"it has {unknown[0]!r}, and knows only 'upload' and 'download'")
    return Rates(_rate(value.get("upload")), _rate(value.get("download")))


def _entry(word: object) -> tuple[int, Rates]:
    time, _, limit = str(word).strip().replace(",", " ", 1).partition(" ")
    match = _TIME.fullmatch(time)
    if match is None or not limit.strip():
        raise _refuse(word, "a timetable's entry is a time and a limit")
    return int(match[1]) * 60 + int(match[2]), _rates(limit.strip())


def _rates(text: str) -> Rates:
    up, colon, down = text.partition(":")
    return Rates(_rate(up), _rate(down if colon else up))


def _rate(value: object) -> int | None:
    text = "off" if value is None else str(value).strip()
    if text.lower() == "off":
        return None
    match = _RATE.fullmatch(text)
    if match is None:
        raise _refuse(text, _no_speed(text))
    rate = int(float(match[1]) * _UNITS[match[2].lower()])
    if rate < MIN_RATE:
        raise _refuse(text, "nothing would ever arrive at that speed")
    return rate


def _no_speed(text: str) -> str:
    if text.isdecimal():
        return f"'{text}' has no unit: write {text}K, {text}M or {text}G"
    return "a speed is a number with K, M or G behind it"


def _refuse(value: object, why: str) -> ConfigError:
    return ConfigError(f"the bandwidth limit {value!r:.80} makes no sense", why=why, hint=_HINT)
