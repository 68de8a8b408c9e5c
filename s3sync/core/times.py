"""Times as text: RFC 3339 in UTC, with as many digits of a second as there are. Used to inform, never to decide."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|z|[+-]\d\d:?\d\d)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NANOSECONDS = 1_000_000_000
_LONGEST_DATE = 64
FILE_TIMES = range(-(2**63), 2**63)
"""Nanoseconds since the Unix epoch that databases and most disks hold: the years 1678 to 2261."""


def format_time(when: datetime) -> str:
    """Seconds are enough for what people did: `2025-11-03T10:00:00Z`."""
    try:
        return _seconds(when.astimezone(UTC)) + "Z"
    except (OverflowError, ValueError):  # the first or the last day of the calendar, in a zone that puts it outside
        return _seconds(when) + "Z"


def moment(time_ns: int) -> datetime:
    """A file's time since the Unix epoch, in UTC. A time that no calendar holds becomes the epoch."""
    try:
        return _EPOCH + timedelta(microseconds=time_ns // 1000)
    except OverflowError:
        return _EPOCH


def _seconds(when: datetime) -> str:
    """Four digits for every year, which `strftime` does not give on every system."""
    return when.replace(tzinfo=None).isoformat(timespec="seconds")


def http_date(text: object) -> datetime | None:
    """The moment that a header of an answer names (RFC 9110, section 5.6.7); None for what is no time.

    Whoever answers may write what he likes: years and zones beyond all numbers are no time either.
    """
    from email.utils import parsedate_to_datetime  # few answers are asked for theirs

    if not isinstance(text, str) or len(text) > _LONGEST_DATE:
        return None
    try:
        found = parsedate_to_datetime(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


@lru_cache(1024)
def format_ns(mtime_ns: int) -> str:
    """A file's time since the Unix epoch, exactly: `2025-11-03T09:58:12.123456789Z`.

    A time that no calendar holds becomes the epoch.
    """
    seconds, fraction = divmod(mtime_ns, NANOSECONDS)
    try:
        text = _seconds(_EPOCH + timedelta(seconds=seconds))
    except OverflowError:
        return format_ns(0)
    return f"{text}.{fraction:09d}".rstrip("0").rstrip(".") + "Z"


def parse_ns(text: str) -> int | None:
    """Nanoseconds since the Unix epoch; without a zone UTC is meant. None for what is no time, or none in UTC."""
    match = _RFC3339.fullmatch(text.strip())
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    try:
        when = datetime.fromisoformat(f"{day}T{clock}{(zone or 'Z').upper().replace('Z', '+00:00')}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    seconds = (when - _EPOCH) // timedelta(seconds=1)
    return seconds * NANOSECONDS + int((fraction or "0").ljust(9, "0"))


def parse_time(text: str) -> datetime | None:
    """The moment a text names, to the microsecond. None for what is no time."""
    nanoseconds = parse_ns(text)
    if nanoseconds is None:
        return None
    seconds, fraction = divmod(nanoseconds, NANOSECONDS)
    return _EPOCH + timedelta(seconds=seconds, microseconds=fraction // 1000)
