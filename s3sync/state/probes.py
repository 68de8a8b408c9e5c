"""Memory of this user's computer of servers: the conditions that they enforce, for all projects and clones.

It spares a question and is worth nothing: whatever is odd about the file counts as not known. Only what makes no write
less protected is kept, for servers that a certificate names, and for a week: a server may be replaced by another.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import DecodeError, Struct, ValidationError, json

from s3sync.config.locate import user_data_folder
from s3sync.core.times import format_time, parse_time
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.own import own_folder

FOLDER, FILE = "stores", "conditions.json"
MOST = 200
MOST_BYTES = 1 << 18
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
    book = Book(SCHEMA, (*kept, Known(*key, format_time(now)))[-MOST:])
    with suppress(OSError), own_folder(user_data_folder(environ), FOLDER) as folder:
        folder.write(FILE, json.format(json.encode(book)))


def forget(environ: Mapping[str, str], endpoint: str, bucket: str) -> None:
    """Forget what was found of a bucket, because it was found otherwise."""
    left = tuple(one for one in _read(environ) if (one.endpoint, one.bucket) != (endpoint, bucket))
    with suppress(OSError), GuardedFolder.open(os.path.realpath(_path(environ).parent)) as folder:
        folder.write(FILE, json.format(json.encode(Book(SCHEMA, left))))


def _path(environ: Mapping[str, str]) -> Path:
    return user_data_folder(environ) / FOLDER / FILE


def _read(environ: Mapping[str, str]) -> tuple[Known, ...]:
    try:
        with GuardedFolder.open(os.path.realpath(_path(environ).parent)) as folder:
            book = json.decode(folder.read(FILE, MOST_BYTES), type=Book)
    except (OSError, ValidationError, DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    return book.enforced[-MOST:] if book.schema == SCHEMA else ()


def _is_fresh(known: Known, now: datetime) -> bool:
    found = parse_time(known.at)
    return found is not None and timedelta(0) <= now - found <= AGE
