"""File locks as values: what a lock object says, and whether it still holds.

A lock is a courtesy between people. What keeps two writers apart is the compare-and-swap of every write.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any

import msgspec

from s3sync.core.names import STATE_DIR, nfc, refuse_reason
from s3sync.core.records import records
from s3sync.decoding import ready

SCHEMA = 1
DEFAULT_S, SHORTEST_S, LONGEST_S = 4 * 3600, 60, 30 * 86400
"""Seconds that a lock lasts: where nobody says it, at least, and at most."""
NEWER_S = 86400
"""Seconds that a lock of a newer version holds, where this one cannot read how long."""
LONGEST_REASON = 200
MOST_BYTES = 4096
"""Size of a lock object: what is larger is none."""
AHEAD = timedelta(days=1)
"""Time by which a lock may lie in the future of the store's own clock, which may have been set back since."""

_ID = re.compile(r"[0-9a-f]{64}")


class LockState(StrEnum):
    HELD = "held"
    EXPIRED = "expired"
    UNREADABLE = "unreadable"
    """Nobody can tell whose lock it is, or until when: it keeps nobody out."""


class FileLock(msgspec.Struct, frozen=True):
    """A lock as it was found. All times are by the store's clock; `left_s` is None where that is not known.

    `name` is None where the lock object does not say it; `reason` is why an unreadable one is.
    """

    id: str
    etag: str
    state: LockState
    since: datetime | None = None
    name: str | None = None
    by: str | None = None
    host: str | None = None
    why: str | None = None
    until: datetime | None = None
    left_s: int | None = None
    newer: bool = False
    reason: str | None = None

    def keeps_out(self, user: str | None) -> bool:
        """True if it is held by somebody else."""
        return self.state is LockState.HELD and self.by != user


class _Record(msgspec.Struct, omit_defaults=True):
    """Content of a lock object. The nonce makes each write differ: equal content would have an equal ETag."""

    schema: int
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
    by: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    for_s: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_S)]
    nonce: Annotated[str, msgspec.Meta(max_length=64)]
    why: Annotated[str, msgspec.Meta(max_length=LONGEST_REASON)] | None = None
    host: Annotated[str, msgspec.Meta(max_length=256)] | None = None


def lock_id(path: str) -> str:
    """Name of a path's lock object: a hash, so that no path is too long or too odd, or stands in another's way."""
    return sha256(nfc(path).encode("utf-8", "surrogatepass")).hexdigest()


def is_lock_id(word: str) -> bool:
    return _ID.fullmatch(word) is not None


def all_locks_prefix(repo: str) -> str:
    """Prefix of the keys of the locks of all projects of a repository."""
    return f"{repo}/{STATE_DIR}/locks/"


def locks_prefix(prefix: str) -> str:
    """Prefix of the keys of a project's locks. `prefix` is the project's, `repo/project/`."""
    return records(prefix, "locks")


def lock_body(path: str, by: str, for_s: int, nonce: str, why: str | None, host: str | None) -> bytes:
    return msgspec.json.encode(_Record(SCHEMA, path, by, for_s, nonce, why, host))


def read_lock(lock: str, etag: str, body: bytes | None, since: datetime, now: datetime | None) -> FileLock:
    """A lock from what its object holds; `body` None is more than a lock has.

    `since` is when the object was written, `now` the time of the answer, both by the store's clock.
    """

    def unreadable(reason: str, name: str | None = None) -> FileLock:
        return FileLock(lock, etag, LockState.UNREADABLE, since, name, reason=reason)

    if body is None:
        return unreadable(f"it has more than {MOST_BYTES} bytes")
    record, newer = _decoded(body)
    if record is None:
        return unreadable("it is no lock as s3sync writes it")
    if lock_id(record.name) != lock or refuse_reason(record.name):
        return unreadable("it names another file")
    if now is not None and since - now > AHEAD:
        return unreadable("it was written in the future, by the clock of the store", record.name)
    until = _later(since, record.for_s)
    left = None if now is None or until is None else (until - max(now, since)) // timedelta(seconds=1)
    state = LockState.EXPIRED if left is not None and left <= 0 else LockState.HELD
    return FileLock(lock, etag, state, since, record.name, record.by, record.host, record.why, until, left, newer=newer)


def _later(since: datetime, seconds: int) -> datetime | None:
    try:
        return since + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _decoded(body: bytes) -> tuple[_Record | None, bool]:
    """The record, and whether a newer version wrote it: of such a one only whose it is and of what must be readable."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        newer = msgspec.json.decode(fields.get("schema", b"null"), type=int) > SCHEMA
        if newer:
            kept: dict[str, Any] = {name: msgspec.json.decode(fields[name]) for name in ("schema", "name", "by")}
            return msgspec.convert({**kept, "for_s": NEWER_S, "nonce": ""}, ready(_Record)), True
        found = msgspec.json.decode(body, type=ready(_Record))
    except (msgspec.MsgspecError, KeyError, UnicodeDecodeError, RecursionError):
        return None, False
    return (found, False) if found.schema == SCHEMA else (None, False)
