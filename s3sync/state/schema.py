"""The tables of state.db, the way from each older version to this one, and how each row is read.

Version 2: `base`, `parts`, `transfer`, `transferred` and `intent` belong to a place in a store, `digest` knows ctime.
"""

from __future__ import annotations

import re
import sqlite3
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from s3sync.core.entries import Entry
from s3sync.core.keep_both import Intent
from s3sync.core.manifest.record import DeletedRecord
from s3sync.core.names import refuse_reason
from s3sync.core.unfinished import Direction, Unfinished, is_token
from s3sync.decoding import ready
from s3sync.local.digests import PartDigests
from s3sync.state.places import KnownPlace, StorePlace
from s3sync.state.sqlite import Migration, run_script

SCHEMA = """
CREATE TABLE place (
    id INTEGER PRIMARY KEY, url TEXT NOT NULL, endpoint TEXT NOT NULL, store_id TEXT NOT NULL,
    used_at TEXT, v1_name TEXT, unproven INTEGER NOT NULL DEFAULT 0,
    UNIQUE (url, endpoint, store_id)
);
CREATE TABLE base (
    place INTEGER NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL, md5 TEXT, etag TEXT,
    PRIMARY KEY (place, path)
) WITHOUT ROWID;
CREATE TABLE digest (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, inode INTEGER NOT NULL,
    xxh3 TEXT, md5 TEXT NOT NULL, ctime_ns INTEGER
) WITHOUT ROWID;
CREATE TABLE parts (
    place INTEGER NOT NULL, path TEXT NOT NULL, etag TEXT NOT NULL, part_size INTEGER NOT NULL, xxh3 TEXT NOT NULL,
    PRIMARY KEY (place, path)
) WITHOUT ROWID;
CREATE TABLE transfer (
    place INTEGER NOT NULL, path TEXT NOT NULL, way TEXT NOT NULL, key TEXT NOT NULL, token TEXT NOT NULL,
    fingerprint TEXT NOT NULL, size INTEGER NOT NULL, part_size INTEGER NOT NULL, digests TEXT NOT NULL,
    started_at TEXT NOT NULL,
    PRIMARY KEY (place, path, way)
) WITHOUT ROWID;
CREATE TABLE transferred (
    place INTEGER NOT NULL, path TEXT NOT NULL, way TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (place, path, way, number)
) WITHOUT ROWID;
CREATE TABLE intent (
    place INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (place, kind, name)
) WITHOUT ROWID;
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

OF_A_PLACE = ("base", "parts", "transfer", "transferred", "intent")
"""The tables whose rows belong to one place in a store."""

V1_BASE_OF = "the base was agreed on with"
_V1_MASKED = "****"
_V1_INTENTS = {"intent: conflict ": "conflict", "intent: delete ": "delete"}


class CachedDigest(Struct, frozen=True, gc=False):
    """Digests of a file as it was when its directory entry said this.

    `xxh3` None: only MD5 is known. `ctime_ns` None: remembered by a version that did not look at it.
    """

    size: int
    mtime_ns: int
    inode: int
    xxh3: str | None
    md5: str
    ctime_ns: int | None = None


def _one_base_for_each_place(connection: sqlite3.Connection) -> None:
    """Version 1 to 2. What version 1 remembered goes to the place that it named as the one of its base.

    Its base may hold files that were only ever sent elsewhere, so it is `unproven`: see `sync.scan`. Without a name,
    or where the name was masked and could be any of several, nobody's base is known, and none is taken over.
    """
    old = ("base", "digest", "parts", "transfer", "transferred")
    for name in old:
        connection.execute(f"ALTER TABLE {name} RENAME TO v1_{name}")
    connection.execute("ALTER TABLE fact RENAME TO v1_fact")
    run_script(connection, SCHEMA)
    run_script(
        connection,
        "INSERT INTO digest (path, size, mtime_ns, inode, xxh3, md5)"
        " SELECT path, size, mtime_ns, inode, xxh3, md5 FROM v1_digest;\n"
        "INSERT INTO fact SELECT name, value FROM v1_fact WHERE name LIKE '%condition: %';",
    )
    found = connection.execute("SELECT value FROM v1_fact WHERE name = ?", (V1_BASE_OF,)).fetchone()
    if found is not None and _V1_MASKED not in found[0]:
        _take_over(connection, found[0])
    for name in (*old, "fact"):
        connection.execute(f"DROP TABLE v1_{name}")


def _take_over(connection: sqlite3.Connection, name: str) -> None:
    """Give all rows of version 1 to one place, which is known by its old name until it is used again."""
    connection.execute(
        "INSERT INTO place (id, url, endpoint, store_id, v1_name, unproven) VALUES (1, ?, '', '', ?, 1)", (name, name)
    )
    run_script(
        connection,
        "INSERT INTO base SELECT 1, path, size, md5, etag FROM v1_base;\n"
        "INSERT INTO parts SELECT 1, path, etag, part_size, xxh3 FROM v1_parts;\n"
        "INSERT INTO transfer SELECT 1, path, way, key, token, fingerprint, size, part_size, digests, started_at"
        " FROM v1_transfer;\n"
        "INSERT INTO transferred SELECT 1, path, way, number, digest FROM v1_transferred;",
    )
    for prefix, kind in _V1_INTENTS.items():
        connection.execute(
            "INSERT INTO intent SELECT 1, ?, substr(name, ?), value FROM v1_fact WHERE substr(name, 1, ?) = ?",
            (kind, len(prefix) + 1, len(prefix), prefix),
        )


MIGRATIONS: tuple[Migration, ...] = (_one_base_for_each_place,)
VERSION = len(MIGRATIONS) + 1

# -- how rows are read: one function for each table, so that what is believed of a file is decided here. What no s3sync
# could have written raises ValueError or TypeError: state.db may be anybody's.

MOST_TEXT = 4096
MOST_INTENT = 64 * 1024
CONFLICT, DELETION = "conflict", "delete"
_HEX = re.compile("[0-9a-f]{32}")
_T = TypeVar("_T")

BASE_COLUMNS = "path, size, md5, etag"
DIGEST_COLUMNS = "path, size, mtime_ns, inode, xxh3, md5, ctime_ns"
TRANSFER_COLUMNS = "path, way, key, token, fingerprint, size, part_size, digests, started_at"
PARTS_COLUMNS = "part_size, xxh3"


def base_row(row: tuple[Any, ...]) -> tuple[str, Entry]:
    path, size, md5, etag = row
    if not (_is_path(path) and _is_size(size) and (md5 is None or _is_hex(md5)) and (etag is None or _is_text(etag))):
        raise ValueError("no entry of a base")
    return path, Entry(size, md5, etag)


def digest_row(row: tuple[Any, ...]) -> tuple[str, CachedDigest]:
    path, size, mtime_ns, inode, xxh3, md5, ctime_ns = row
    numbers = type(mtime_ns) is type(inode) is int and (ctime_ns is None or type(ctime_ns) is int)
    if not (type(path) is str and _is_size(size) and numbers and (xxh3 is None or _is_hex(xxh3)) and _is_hex(md5)):
        raise ValueError("no digests of a file")
    return path, CachedDigest(size, mtime_ns, inode, xxh3, md5, ctime_ns)


def parts_row(row: tuple[Any, ...]) -> PartDigests:
    part_size, xxh3 = row
    parts = tuple(xxh3.split()) if type(xxh3) is str else ()
    if not (_is_size(part_size) and part_size and all(map(_is_hex, parts))):
        raise ValueError("no digests of parts")
    return PartDigests(part_size, parts)


def part_row(row: tuple[Any, ...]) -> tuple[int, str]:
    """A part that is done: its number and digest."""
    number, digest = row
    if not (_is_size(number) and _is_hex(digest)):
        raise ValueError("no part of a transfer")
    return number, digest


def partial_name(row: tuple[Any, ...]) -> str:
    """The name of a file in `partial/`."""
    if not (type(row[0]) is str and is_token(row[0])):
        raise ValueError("no file of a download")
    return row[0]


def intent_row(row: tuple[Any, ...], kind: type[_T]) -> _T:
    if not (type(row[0]) is str and len(row[0]) <= MOST_INTENT):
        raise ValueError("no intent")
    return msgspec.json.decode(row[0], type=ready(kind))


def known_intent_row(row: tuple[Any, ...]) -> Intent | DeletedRecord:
    """A value and its kind."""
    return intent_row(row, Intent) if row[1] == CONFLICT else intent_row(row, DeletedRecord)


def is_place(url: object, endpoint: object, store_id: object, more: object) -> bool:
    """True if the cells of a row can be a place; `more` is its older name or its time of use, either of which it may
    lack."""
    return all(map(_is_text, (url, endpoint, store_id))) and (more is None or _is_text(more))


def place_row(row: tuple[Any, ...], here: int) -> KnownPlace:
    """A place with its time of use and the counts of its files and transfers. `here` is the id of the one in use."""
    place_id, url, endpoint, store_id, used_at, files, unfinished = row
    if not is_place(url, endpoint, store_id, used_at):
        raise ValueError("no place")
    return KnownPlace(place_id, StorePlace(url, endpoint, store_id), files, unfinished, used_at, place_id == here)


def fact_row(row: tuple[Any, ...]) -> str:
    if not _is_text(row[0]):
        raise ValueError("no fact")
    return str(row[0])


def _is_path(value: object) -> bool:
    return type(value) is str and refuse_reason(value) is None


def _is_size(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_text(value: object) -> bool:
    return type(value) is str and len(value) <= MOST_TEXT


def _is_hex(value: object) -> bool:
    """True if it is a digest of 128 bits, as MD5 and xxh3-128 are."""
    return type(value) is str and _HEX.fullmatch(value) is not None


def transfer_row(row: tuple[Any, ...]) -> Unfinished:
    """`TRANSFER_COLUMNS` and the number of parts that are done."""
    path, way, key, token, fingerprint, size, part_size, digests, started_at, done = row
    if not (_is_path(path) and all(map(_is_text, (key, token, fingerprint, started_at)))):
        raise ValueError("no transfer")
    if not (_is_size(size) and _is_size(part_size) and part_size and _is_size(done)):
        raise ValueError("no sizes of a transfer")
    if Direction(way) is Direction.DOWN:
        partial_name((token,))
    md5, xxh3, *parts = msgspec.json.decode(digests, type=list[str | None])
    if not all(digest is None or _is_hex(digest) for digest in (md5, xxh3)) or not all(map(_is_hex, parts)):
        raise ValueError("no digests of a transfer")
    of_parts = tuple(str(part) for part in parts)
    found = Unfinished(path, Direction(way), key, token, fingerprint, size, part_size, started_at, md5, xxh3, of_parts)
    return replace(found, done_parts=done)
