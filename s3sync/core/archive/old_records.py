"""Rows of an older tool's database, as values: what each column may hold, and what of a row makes sense."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from msgspec import Struct

from s3sync.core.archive.records import LogEntry, Statistic
from s3sync.core.times import format_time, parse_time

T = TypeVar("T")
Row: TypeAlias = Mapping[str, Any]
"""Values of one row by the names below; a column that the table lacks is None."""

ARCHIVES, NOTES, LOG, STATISTICS = "s3_backup_archives", "s3_backup_session_notes", "s3_backup_log", "s3_backup_stats"
COLUMNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    ARCHIVES: {
        "session_id": ("session_id",),
        "session_date": ("session_date",),
        "bucket": ("s3_bucket",),
        "key": ("s3_key",),
        "etag": ("s3_etag",),
        "version_id": ("s3_version_id",),
        "files": ("file_count",),
        "original_size": ("original_size_bytes",),
        "size": ("compressed_size_bytes", "archive_size_bytes"),
        "archive_policy": ("archive_policy",),
        "backup_policy": ("backup_policy",),
        "storage_class": ("current_storage_class", "storage_class"),
        "expected_class": ("expected_storage_class",),
        "moved_at": ("transition_date",),
        "uploaded_at": ("uploaded_at",),
        "restore_requested_at": ("restore_requested_at",),
        "restore_expires_at": ("restore_expires_at",),
        "restore_tier": ("restore_tier",),
        "camera": ("camera_name",),
        "telescope": ("telescope_name",),
        "notes": ("notes",),
    },
    NOTES: {
        "session_id": ("session_id",),
        "bucket": ("s3_bucket",),
        "key": ("s3_key",),
        "etag": ("s3_etag",),
        "size": ("file_size_bytes",),
    },
    LOG: {
        "action": ("operation_type",),
        "outcome": ("operation_status",),
        "session_id": ("session_id",),
        "bucket": ("s3_bucket",),
        "key": ("s3_key",),
        "at": ("timestamp",),
        "size": ("bytes_transferred",),
        "error": ("error_message",),
        "notes": ("notes",),
    },
    STATISTICS: {
        "day": ("stat_date",),
        "archives": ("total_archives",),
        "original_size": ("total_original_size_bytes",),
        "size": ("total_compressed_size_bytes",),
    },
}
"""Tables with what is read of them: a name here, and the columns that may have it, the first that is there counts."""
REQUIRED: Mapping[str, tuple[str, ...]] = {
    ARCHIVES: ("session_id", "key"),
    NOTES: ("session_id", "key"),
    LOG: ("action", "at"),
    STATISTICS: ("day", "size"),
}
OLDER_TOOL = "older tool"
"""Author of what an older tool wrote into its log."""
ALL_CLASSES = "ALL"
"""Storage class of statistics that do not tell the classes apart."""
_MOST_TEXT = 64 * 1024
_MOST_KEY = 1024
_POLICIES = {"fast": "DEEP_ARCHIVE", "normal": "DEEP_ARCHIVE", "standard": "DEEP_ARCHIVE", "delayed": "GLACIER"}
_ETAG = re.compile(r"[0-9A-Za-z-]{1,100}")
_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ].{1,30})?", re.ASCII)
_CLASSES = {"GLACIER_FLEXIBLE_RETRIEVAL": "GLACIER", "GLACIER_DEEP_ARCHIVE": "DEEP_ARCHIVE"}
_OUTCOMES = {"success": "done", "completed": "done", "error": "failed"}


class OldArchive(Struct, frozen=True, kw_only=True):
    """Archive as an older tool recorded it. `key` is the whole key in the bucket; `wrong` is what made no sense."""

    session_id: str
    key: str
    bucket: str | None = None
    etag: str | None = None
    size: int | None = None
    original_size: int | None = None
    files: int | None = None
    day: str | None = None
    storage_class: str | None = None
    expected_class: str | None = None
    version_id: str | None = None
    archive_policy: str | None = None
    backup_policy: str | None = None
    moved_at: str | None = None
    uploaded_at: str | None = None
    restore_requested_at: str | None = None
    restore_expires_at: str | None = None
    restore_tier: str | None = None
    camera: str | None = None
    telescope: str | None = None
    notes: str | None = None
    wrong: tuple[str, ...] = ()


class OldNote(Struct, frozen=True, kw_only=True):
    """Notes of a session as an object of their own."""

    session_id: str
    key: str
    bucket: str | None = None
    etag: str | None = None
    size: int | None = None


class RowError(ValueError):
    """A row that cannot be used, with the reason."""


class _Reading:
    """Values of one row, each checked; what makes no sense is noted and left out."""

    def __init__(self, row: Row) -> None:
        self._row, self.wrong = row, list[str]()

    def required(self, name: str, most: int) -> str:
        value = self._row.get(name)
        if not isinstance(value, str) or not value.strip() or len(value) > most or "\0" in value:
            raise RowError(f"its {name} is {_shown(value)}")
        return value

    def text(self, name: str, most: int = _MOST_TEXT) -> str | None:
        return self._checked(name, lambda value: value.strip() if _is_text(value, most) else None)

    def count(self, name: str) -> int | None:
        return self._checked(name, lambda value: value if type(value) is int and value >= 0 else None)

    def time(self, name: str) -> str | None:
        return self._checked(name, _time)

    def day(self, name: str) -> str | None:
        return self._checked(name, _day)

    def etag(self) -> str | None:
        return self._checked("etag", _etag)

    def storage_class(self, name: str) -> str | None:
        found = self.text(name, 50)
        return _CLASSES.get(found.upper(), found.upper()) if found else None

    def _checked(self, name: str, make: Callable[[Any], T | None]) -> T | None:
        value = self._row.get(name)
        if value is None or value == "":
            return None
        found = make(value)
        if found is None:
            self.wrong.append(f"its {name} is {_shown(value)}")
        return found


def _is_text(value: object, most: int) -> bool:
    return isinstance(value, str) and len(value) <= most and "\0" not in value


def _time(value: object) -> str | None:
    found = parse_time(value) if isinstance(value, str) else None
    return None if found is None else format_time(found)


def _day(value: object) -> str | None:
    found = _DAY.fullmatch(value) if isinstance(value, str) else None
    day = "" if found is None else "-".join(found.groups())
    return day if parse_time(f"{day}T00:00:00Z") is not None else None


def _etag(value: object) -> str | None:
    text = value.strip('"') if isinstance(value, str) else ""
    return text if _ETAG.fullmatch(text) else None


def archive_of(row: Row) -> OldArchive:
    """Archive that a row records. Raises `RowError`."""
    read = _Reading(row)
    key = read.required("key", _MOST_KEY)
    values = {name: read.text(name, 200) for name in ("version_id", "archive_policy", "backup_policy", "restore_tier")}
    times = {
        name: read.time(name) for name in ("moved_at", "uploaded_at", "restore_requested_at", "restore_expires_at")
    }
    expected = read.storage_class("expected_class") or _of_policies(values)
    return OldArchive(
        session_id=read.required("session_id", 200),
        key=key.lstrip("/"),
        bucket=read.text("bucket", 255),
        etag=read.etag(),
        size=read.count("size"),
        original_size=read.count("original_size"),
        files=read.count("files"),
        day=read.day("session_date"),
        storage_class=read.storage_class("storage_class"),
        expected_class=expected,
        camera=read.text("camera"),
        telescope=read.text("telescope"),
        notes=read.text("notes"),
        **values,
        **times,
        wrong=tuple(read.wrong),
    )


def note_of(row: Row) -> OldNote:
    """Notes that a row records. Raises `RowError`."""
    read = _Reading(row)
    found = OldNote(
        session_id=read.required("session_id", 200),
        key=read.required("key", _MOST_KEY).lstrip("/"),
        bucket=read.text("bucket", 255),
        etag=read.etag(),
        size=read.count("size"),
    )
    if read.wrong:
        raise RowError(read.wrong[0])
    return found


def log_of(row: Row, set_name: str, root: str) -> LogEntry:
    """Entry of the log that a row records; keys below `root` as the catalogue has them. Raises `RowError`."""
    read = _Reading(row)
    at = read.time("at")
    if at is None:
        raise RowError(read.wrong[0] if read.wrong else "it has no time")
    outcome = (read.text("outcome", 50) or "done").lower()
    return LogEntry(
        at,
        OLDER_TOOL,
        read.required("action", 50),
        set_name,
        read.text("session_id", 200) or "",
        (read.text("key", _MOST_KEY) or "").removeprefix(root),
        read.count("size") or 0,
        _OUTCOMES.get(outcome, outcome),
        (read.text("error") or read.text("notes") or "")[:2000],
    )


def statistic_of(row: Row, set_name: str) -> Statistic:
    """Amount that a row records. Raises `RowError`."""
    read = _Reading(row)
    day, size = read.day("day"), read.count("size")
    if day is None or size is None:
        raise RowError(read.wrong[0] if read.wrong else "it has no day or no size")
    archives, original = read.count("archives") or 0, read.count("original_size") or 0
    return Statistic(day, set_name, ALL_CLASSES, archives, 0, size, original)


def _of_policies(values: Mapping[str, str | None]) -> str | None:
    if values["backup_policy"] == "flexible":
        return "GLACIER"
    return _POLICIES.get(values["archive_policy"] or "")


def _shown(value: object) -> str:
    if value is None:
        return "not there"
    if isinstance(value, bytes):
        return f"{len(value)} bytes that are no text"
    return f"{str(value)[:40]!r}"
