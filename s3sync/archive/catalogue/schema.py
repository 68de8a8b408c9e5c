"""Tables of the catalogue, and how their rows are read and written.

`member.name` is the last segment of the path without case, and `member.head` the first eight bytes of the SHA-256 as a
number: by these two a member is found among millions. The UNIQUE constraints are the indexes of the tables. `part` has
the volumes of a split unit, `piece` what names have in their middle, `request` the restores that wait for a thaw,
`store` which disk a folder store was on, `turn` how the last look at an archive ended (`turns`), `job` and `task` what
S3 Batch Operations do (`batch`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from msgspec import json

from s3sync.archive.catalogue import pieces
from s3sync.core.archive.classes import CLASSES_OF
from s3sync.core.archive.lifecycle import expected_class
from s3sync.core.archive.records import Archived, FoundMember, LogEntry, Statistic, Status, ThawNote, date_of
from s3sync.core.archive.values import Index, Kind, Member, Pack, traits_of
from s3sync.core.names import nfc
from s3sync.core.times import FILE_TIMES, format_time
from s3sync.state.sqlite import Migration

SCHEMA = """
CREATE TABLE archive (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, unit TEXT NOT NULL, name TEXT NOT NULL, set_name TEXT NOT NULL,
    pack TEXT NOT NULL, status TEXT NOT NULL, size INTEGER NOT NULL, original_size INTEGER NOT NULL,
    files INTEGER NOT NULL, uploaded_at TEXT NOT NULL, created_by TEXT NOT NULL, storage_class TEXT NOT NULL,
    archive_date TEXT, etag TEXT, md5 TEXT, crc64nvme TEXT, version_id TEXT, transitioned_at TEXT, verified_at TEXT,
    verified_how TEXT, volume INTEGER NOT NULL, volumes INTEGER NOT NULL, tags TEXT NOT NULL, fields TEXT NOT NULL,
    camera TEXT, telescope TEXT, notes TEXT, index_etag TEXT, expected_class TEXT,
    UNIQUE (key), UNIQUE (name, id), UNIQUE (md5, id)
);
CREATE TABLE member (
    archive INTEGER NOT NULL, n INTEGER NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
    size INTEGER NOT NULL, mode INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, sha256 TEXT NOT NULL, head INTEGER,
    start INTEGER NOT NULL, target TEXT, key TEXT,
    PRIMARY KEY (archive, n), UNIQUE (name, archive, n), UNIQUE (head, archive, n)
) WITHOUT ROWID;
CREATE TABLE sidecar (
    archive INTEGER NOT NULL, path TEXT NOT NULL, key TEXT, size INTEGER NOT NULL, sha256 TEXT NOT NULL,
    PRIMARY KEY (archive, path)
) WITHOUT ROWID;
CREATE TABLE part (
    archive INTEGER NOT NULL, n INTEGER NOT NULL, key TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT,
    PRIMARY KEY (archive, n), UNIQUE (key, archive, n)
) WITHOUT ROWID;
CREATE TABLE request (key TEXT PRIMARY KEY, asked_at TEXT NOT NULL, options TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE store (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE thaw (
    key TEXT PRIMARY KEY, tier TEXT NOT NULL, days INTEGER NOT NULL, requested_at TEXT NOT NULL, state TEXT NOT NULL,
    until TEXT, ready_at TEXT
) WITHOUT ROWID;
CREATE TABLE log (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, by TEXT NOT NULL, action TEXT NOT NULL, set_name TEXT NOT NULL,
    unit TEXT NOT NULL, key TEXT NOT NULL, size INTEGER NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE TABLE statistic (
    day TEXT NOT NULL, set_name TEXT NOT NULL, storage_class TEXT NOT NULL, archives INTEGER NOT NULL,
    files INTEGER NOT NULL, size INTEGER NOT NULL, original_size INTEGER NOT NULL,
    PRIMARY KEY (day, set_name, storage_class)
) WITHOUT ROWID;
"""
_TURNS = """
CREATE TABLE turn (
    key TEXT NOT NULL, kind TEXT NOT NULL, at TEXT NOT NULL, outcome TEXT NOT NULL, PRIMARY KEY (key, kind)
) WITHOUT ROWID;
"""
_BATCHES = """
CREATE TABLE job (
    token TEXT PRIMARY KEY, kind TEXT NOT NULL, algorithm TEXT NOT NULL, options TEXT NOT NULL, begun_at TEXT NOT NULL,
    etag TEXT NOT NULL, id TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE task (
    job TEXT NOT NULL, key TEXT NOT NULL, version TEXT NOT NULL, archive TEXT NOT NULL, expected TEXT NOT NULL,
    state TEXT NOT NULL, why TEXT NOT NULL, PRIMARY KEY (job, key), UNIQUE (job, archive, key)
) WITHOUT ROWID;
"""
_MORE = """
CREATE TABLE part (
    archive INTEGER NOT NULL, n INTEGER NOT NULL, key TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT,
    PRIMARY KEY (archive, n), UNIQUE (key, archive, n)
) WITHOUT ROWID;
CREATE TABLE request (key TEXT PRIMARY KEY, asked_at TEXT NOT NULL, options TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE store (id TEXT PRIMARY KEY) WITHOUT ROWID;
"""
SCHEMA += pieces.SCHEMA + _TURNS + _BATCHES
MIGRATIONS: tuple[Migration, ...] = (
    _MORE,
    "ALTER TABLE archive ADD COLUMN expected_class TEXT;",
    pieces.add_pieces,
    _TURNS,
    _BATCHES,
)

ARCHIVE_COLUMNS = (
    "a.key, a.unit, a.set_name, a.pack, a.status, a.size, a.original_size, a.files, a.uploaded_at, a.created_by,"
    " a.storage_class, a.archive_date, a.etag, a.md5, a.crc64nvme, a.version_id, a.transitioned_at, a.verified_at,"
    " a.verified_how, a.volume, a.volumes, a.tags, a.fields, a.camera, a.telescope, a.notes, a.expected_class"
)
_COLUMNS = ARCHIVE_COLUMNS.count(",") + 1
THAW_COLUMNS = "t.tier, t.days, t.requested_at, t.state, t.until, t.ready_at"
ADD_MEMBER = f"INSERT INTO member VALUES ({', '.join('?' * 13)})"
MEMBER_COLUMNS = "path, kind, size, mode, mtime_ns, sha256, start, target, key"
FOUND_COLUMNS = "a.unit, coalesce(m.key, a.key), m.path, m.kind, m.size, m.mtime_ns, m.sha256, a.storage_class"
LOG_COLUMNS = "at, by, action, set_name, unit, key, size, outcome, detail"
STATISTIC_COLUMNS = "day, set_name, storage_class, archives, files, size, original_size"
_MOST = 2**63 - 1
_EARLIEST, _LATEST = FILE_TIMES.start, FILE_TIMES.stop - 1
_HEAD = struct.Struct(">q").unpack
_TAGS = json.Decoder(dict[str, str])


def archive_row(row: tuple[Any, ...]) -> Archived:
    """An archive of its columns and those of its thaw."""
    *plain, tags, fields, camera, telescope, notes, expected = row[:_COLUMNS]
    (key, unit, set_name, pack, status, size, original, files, uploaded_at, created_by, storage_class) = plain[:11]
    date, etag, md5, crc, version_id, transitioned_at, verified_at, how, volume, volumes = plain[11:]
    return Archived(
        key=key,
        unit=unit,
        set=set_name,
        pack=Pack(pack),
        status=Status(status),
        size=int(size),
        original_size=int(original),
        files=int(files),
        uploaded_at=uploaded_at,
        created_by=created_by,
        storage_class=storage_class,
        archive_date=date,
        etag=etag,
        md5=md5,
        crc64nvme=crc,
        version_id=version_id,
        transitioned_at=transitioned_at,
        verified_at=verified_at,
        verified_how=how,
        volume=int(volume),
        volumes=int(volumes),
        tags=_mapping(tags),
        fields=_mapping(fields),
        camera=camera,
        telescope=telescope,
        notes=notes,
        expected_class=expected or (None if storage_class in _WITHOUT_RULES else _expected_class(tags)),
        thaw=None if row[_COLUMNS] is None else ThawNote(*row[_COLUMNS:]),
    )


_WITHOUT_RULES = frozenset(CLASSES_OF["az"].order)
"""Classes of a store that has tags, too, whose rules go by others."""


@lru_cache(4096)
def _mapping(text: str) -> Mapping[str, str]:
    """Tags or fields, which many archives share."""
    return MappingProxyType(_TAGS.decode(text))


@lru_cache(4096)
def _expected_class(text: str) -> str | None:
    return expected_class(_mapping(text))


def archive_values(index: Index, index_etag: str | None) -> dict[str, object]:
    """Columns of what an index says of its archive."""
    files = sum(one.kind is not Kind.FOLDER for one in traits_of(index.members))
    fields = {text(name): text(value) for name, value in index.fields.items()}
    return {
        "key": text(index.key),
        "unit": text(index.unit),
        "name": folded(index.unit),
        "set_name": text(index.set),
        "pack": str(index.pack),
        "status": str(Status.STORED),
        "size": number(index.size),
        "original_size": number(index.original_size),
        "files": files,
        "uploaded_at": format_time(index.created_at),
        "created_by": text(index.created_by),
        "storage_class": text(index.storage_class),
        "archive_date": date_of(index),
        "etag": index.etag,
        "md5": index.md5.lower() if index.md5 else None,
        "crc64nvme": index.crc64nvme,
        "version_id": index.version_id,
        "volume": number(index.volume),
        "volumes": number(index.volumes),
        "tags": json.encode({text(name): text(value) for name, value in index.tags.items()}).decode(),
        "fields": json.encode(fields).decode(),
        "camera": fields.get("camera"),
        "telescope": fields.get("telescope"),
        "index_etag": index_etag,
    }


def member_values(archive: int, n: int, member: Member, holder: str | None = None) -> tuple[object, ...]:
    """Columns of a member; `holder` is the volume that it is in."""
    key, target, sha256 = member.key or holder, member.target, member.sha256
    path = text(member.path)
    mtime_ns = member.mtime_ns
    if not _EARLIEST <= mtime_ns <= _LATEST:
        mtime_ns = min(max(mtime_ns, _EARLIEST), _LATEST)
    return (
        archive, n, path, folded(path.rpartition("/")[2]), member.kind._value_, number(member.size),
        number(member.mode), mtime_ns, text(sha256), head_of(sha256), number(member.offset),
        None if target is None else text(target), None if key is None else text(key),
    )  # fmt: skip


def block_values(
    archive: int, begin: int, members: Sequence[Member], holders: Iterator[str | None]
) -> list[tuple[object, ...]]:
    """Rows of some neighbouring members, of which the first is number `begin`."""
    return [
        member_values(archive, n, member, holder)
        for n, (member, holder) in enumerate(zip(members, holders, strict=False), begin)
    ]


def filter_of(rows: Sequence[tuple[object, ...]]) -> bytes:
    """Filter of the names in the rows of a block."""
    return pieces.filter_of(str(row[3]) for row in rows)


def member_row(row: tuple[Any, ...]) -> Member:
    path, kind, *rest = row
    return Member(path, Kind(kind), *rest)


def found_row(row: tuple[Any, ...]) -> FoundMember:
    unit, key, path, kind, *rest = row
    return FoundMember(unit, key, path, Kind(kind), *rest)


def log_row(row: tuple[Any, ...]) -> LogEntry:
    return LogEntry(*row)


def statistic_row(row: tuple[Any, ...]) -> Statistic:
    return Statistic(*row)


def text(value: str) -> str:
    """A text as SQLite and JSON can hold it: bytes that are no UTF-8 are written as escapes."""
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()


def number(value: int) -> int:
    """A number as SQLite can hold it. An index may come from anybody."""
    return value if 0 <= value <= _MOST else min(max(value, 0), _MOST)


def summed(column: str) -> str:
    """Sum of a column, in SQL. Each number may be anybody's: where they are too large together, the largest stands."""
    return f"CAST(total({column}) AS INTEGER)"


def folded(name: str) -> str:
    """A name as it is searched for: without case, in one Unicode form."""
    return name.lower() if name.isascii() else nfc(text(name)).casefold()


def head_of(sha256: str) -> int | None:
    """The first eight bytes of a digest as a number; None where there is no digest."""
    try:
        return _HEAD(bytes.fromhex(sha256[:16]))[0] if len(sha256) == 64 else None
    except (ValueError, struct.error):
        return None
