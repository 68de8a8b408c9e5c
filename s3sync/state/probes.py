"""Memory of this user's computer of servers: the conditions that they enforce, for all projects and clones.

It spares a question and is worth nothing: whatever is odd about the file counts as not known. Only what makes no write
less protected is kept, for servers that a certificate names, and for a week: a server may be replaced by another.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from s3sync.core.times import format_time, parse_time
from s3sync.state.books import read_book, write_book

FILE = "conditions.json"
MOST = 200
AGE = timedelta(days=7)
SCHEMA = 1


class Known(Struct, frozen=True, forbid_unknown_fields=True):
    """Finding that a server enforces a condition in a bucket, with its time."""

    endpoint: str
    bucket: str
    condition: str
    at: str


class Book(Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    enforced: tuple[Known, ...]


def is_shared(endpoint: str) -> bool:
    """True if findings of one project may count for another: only a certificate says which server it is."""
    return endpoint.lower().startswith("https://")


def enforced(environ: Mapping[str, str], endpoint: str, bucket: str, now: datetime) -> frozenset[str]:
    """The conditions that this server is known to enforce in this bucket."""
    if not is_shared(endpoint):
        return frozenset()
    return frozenset(
        known.condition
        for known in _read(environ)
        if (known.endpoint, known.bucket) == (endpoint, bucket) and _is_fresh(known, now)
    )


def remember(environ: Mapping[str, str], endpoint: str, bucket: str, condition: str, now: datetime) -> None:
    """Remember that it enforces a condition, for as long as the file can be written; the oldest is dropped."""
    if not is_shared(endpoint):
        return
    key = (endpoint, bucket, condition)
    kept = [one for one in _read(environ) if (one.endpoint, one.bucket, one.condition) != key and _is_fresh(one, now)]
    write_book(environ, FILE, Book(SCHEMA, (*kept, Known(*key, format_time(now)))[-MOST:]))


def forget(environ: Mapping[str, str], endpoint: str, bucket: str) -> None:
    """Forget what was found of a bucket, because it was found otherwise."""
    left = tuple(one for one in _read(environ) if (one.endpoint, one.bucket) != (endpoint, bucket))
    write_book(environ, FILE, Book(SCHEMA, left), create=False)


def _read(environ: Mapping[str, str]) -> tuple[Known, ...]:
    book = read_book(environ, FILE, Book)
    return book.enforced[-MOST:] if book is not None and book.schema == SCHEMA else ()


def _is_fresh(known: Known, now: datetime) -> bool:
    found = parse_time(known.at)
    return found is not None and timedelta(0) <= now - found <= AGE
