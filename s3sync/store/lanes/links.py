"""Links that work without credentials: how long one may last, and the name that a browser saves its file under."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

from s3sync.errors import StoreError

LONGEST = timedelta(days=7)
"""Signature version 4 allows no more, neither AWS's nor Google's."""


def seconds_of(lasts: timedelta) -> int:
    """Raises `StoreError` for a time that no link may last."""
    if not timedelta(seconds=1) <= lasts <= LONGEST:
        raise StoreError("could not make the link", why="it can last from 1 second to 7 days", hint="choose less")
    return int(lasts.total_seconds())


def attachment(name: str) -> str:
    """A `Content-Disposition` that makes browsers save a file (RFC 6266), whatever its name."""
    plain = "".join(char if char.isascii() and char.isprintable() and char not in '"\\' else "_" for char in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
