"""Versions of one file as values: which there are, how each is named, and which one a word or a time means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from s3sync.core.times import format_time, parse_time

SHORTEST_ID = 6
_ID = re.compile(r"[0-9a-f]{4,64}")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?\s*([Zz]|[+-]\d\d:?\d\d)?)?", re.ASCII)


class Where(StrEnum):
    """Place in which a version lies."""

    REMOTE = "remote"
    """Under the file's name, as everybody sees it."""
    OLD_VERSION = "old_version"
    """Kept by a bucket with versioning, of what was replaced or deleted."""
    REMOTE_TRASH = "remote_trash"
    LOCAL_TRASH = "local_trash"


class FileVersion(Struct, frozen=True):
    """One version of a file. `key` is that in the store, or the path on this disk.

    `since` is when this content came to be, `until` when it was replaced or deleted; None where that is not known, of
    `until` also while it stands. `by` sent it, `ended_by` replaced or deleted it. `is_deletion`: nobody saw the file
    from then on, and there is nothing to bring back.
    """

    name: str
    where: Where
    key: str
    size: int
    id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    by: str | None = None
    ended_by: str | None = None
    md5: str | None = None
    etag: str | None = None
    version_id: str | None = None
    is_deletion: bool = False

    @property
    def at(self) -> datetime | None:
        """The time that is known best: since when it stood, or until when."""
        return self.since or self.until


def named(found: Iterable[FileVersion]) -> list[FileVersion]:
    """The versions, each with its id, the newest first.

    An id is the beginning of a hash of where the version lies, long enough to be the only one: it stays the same while
    others come and go.
    """
    versions = sorted(found, key=_order, reverse=True)
    hashes = [sha256("\n".join(_identity(one)).encode("utf-8", "surrogatepass")).hexdigest() for one in versions]
    length = SHORTEST_ID
    while len({text[:length] for text in hashes}) < len(set(hashes)):
        length += 1
    return [replace(one, id=text[:length]) for one, text in zip(versions, hashes, strict=True)]


def _identity(one: FileVersion) -> tuple[str, ...]:
    """What tells a version from all others, whether or not it is the newest by now."""
    return "here" if one.where is Where.LOCAL_TRASH else "store", one.key, one.version_id or one.etag or ""


_FIRST = datetime(1, 1, 1, tzinfo=UTC)


def _order(one: FileVersion) -> tuple[bool, bool, datetime, datetime]:
    """What stands now is the newest, though a store that tells whole seconds dates it before what it ended."""
    stands = one.is_deletion and one.until is None
    return one.where is Where.REMOTE, stands, one.at or _FIRST, one.until or _FIRST


def by_id(versions: Sequence[FileVersion], word: str) -> list[FileVersion]:
    """The versions that an id may mean: its beginning, the store's own id, or an MD5. Empty for none."""
    exact = [one for one in versions if word in (one.id, one.version_id, one.md5)]
    if exact or not _ID.fullmatch(word.lower()):
        return exact[:1]
    return [one for one in versions if one.id.startswith(word.lower()) or word.lower().startswith(one.id)]


def at_time(versions: Sequence[FileVersion], when: datetime) -> FileVersion | None:
    """The version that stood at a time: the one that was replaced first after it. None where none is known to have.

    A deletion stands until something takes the name again.
    """
    alive = [
        one for one in versions if (one.since is None or one.since <= when) and (one.until is None or when < one.until)
    ]
    return min(
        alive, key=lambda one: (one.where is Where.LOCAL_TRASH, one.until is None, one.until or when), default=None
    )


def parse_at(text: str, now: datetime) -> datetime | None:
    """The moment that `--at` means, None for none. A day or a minute means its end, a duration that long ago.

    Without a zone it is UTC, as times are shown.
    """
    from s3sync.core.durations import parse_duration

    found = _TIME.fullmatch(text.strip())
    if found is None:
        ago = parse_duration(text.removesuffix("ago").strip())
        try:
            return now - timedelta(seconds=ago) if ago is not None else None
        except OverflowError:
            return None
    day, minute, second, zone = found.groups()
    moment = parse_time(f"{day}T{minute or '23:59'}{second or ':59'}{(zone or 'Z')}")
    return moment + timedelta(seconds=1, microseconds=-1) if moment is not None else None


def time_text(when: datetime | None) -> str:
    return format_time(when).replace("T", " ").replace("Z", " UTC") if when is not None else "at an unknown time"
