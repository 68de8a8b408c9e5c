"""Secret of this user's on this computer, and the marks by which a state.db is known to be his own.

A state.db can come with a clone, an archive or a disk: its rows say which files were agreed on, so that whoever wrote
them would have the next `sync` delete files of the team. So it is believed only with a digest in it that nobody else
can make: one for each computer that uses it, and for each place in a store that it knows, so that one of another
project proves nothing. What tells nothing of its maker's rows is no proof of them: who had a state.db of this user's
with its mark can change that one, for that very place.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeAlias

from s3sync.config import says_trust
from s3sync.config.locate import user_data_folder
from s3sync.disk.own import own_folder
from s3sync.disk.secret import secret_in
from s3sync.errors import ConfigError, LocalError
from s3sync.state import trusted
from s3sync.state.memory import StateDB
from s3sync.state.places import StorePlace
from s3sync.state.schema import OF_A_PLACE, SCHEMA, is_place

FOLDER, SECRET = "seen", "secret"
MARK = "known to "
"""Begins the name of the fact that is a mark: what follows tells this computer's, for a place, from others."""
_HALF = 32
_MOST_PLACES = 1_000
"""Places of a state.db whose marks are looked at: nobody has so many, and others may write what they like."""
_HAS_ROWS = " OR ".join(f"EXISTS (SELECT 1 FROM {name})" for name in (*OF_A_PLACE, "place", "digest"))
_MARK_OF_FILE = "SELECT value FROM fact WHERE name = ?"
Execute: TypeAlias = Callable[..., list[tuple[Any, ...]]]
"""Runs a statement with values, and gives its rows."""


def own_secret(environ: Mapping[str, str], *, create: bool) -> bytes:
    """The secret in the user's data folder, made if need be. Raises `OSError`, `ConfigError`, `LocalError`."""
    with own_folder(user_data_folder(environ), FOLDER, create=create) as folder:
        return secret_in(folder, SECRET, create=create)


class Owner:
    """This user on this computer, as a state.db knows him. Without a secret nothing is known to be his own."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def accepts(self, state: StateDB) -> bool:
        """True if this memory may be believed of its place: it has the mark, holds nothing yet, or the user says yes to
        everything.

        One that holds nothing, or was only marked as a whole by an earlier version, gets the mark unless it is read
        only. Without a place one that has only facts, which are of places, has nothing to be believed, and gets none.
        Raises `LocalError`.
        """
        key, place = self._key(create=False), state.place
        if place is not None and _has(state.execute, key, place):
            return True
        if place is None and not state.execute(f"SELECT {_HAS_ROWS}")[0][0]:
            return True
        is_all_own = says_trust(self._environ) or _has(state.execute, key, None) or _is_blank(state)
        if not is_all_own and not _is_of(state.execute, key, place):
            return False
        if not state.read_only:
            self.mark(state, every=is_all_own)
        return True

    def mark(self, state: StateDB, *, every: bool = True) -> bool:
        """Have a memory known as this user's own from now on, `every` place of it or the one in use; whether that is
        possible."""
        key = self._key(create=True)
        places = [state.place] if state.place is not None else []
        places += _places(state.execute) if every else []
        if not key:
            return False
        with state.transaction():
            for place in places:
                state.remember(*_mark(key, place))
            if every:
                state.forget_facts([_mark(key, None)[0]])
        return True

    def owns(self, file: Path, place: StorePlace | None, *, max_bytes: int = trusted.MOST_BYTES) -> bool:
        """True if a database has the mark for a place (None: for any), or the user says yes to everything; False also
        for one that is none, or is larger than `max_bytes`."""
        with (
            suppress(OSError, *trusted.ERRORS),
            trusted.private_copy(file, max_bytes=max_bytes) as copy,
            closing(sqlite3.connect(copy)) as connection,
        ):
            trusted.harden(connection)
            trusted.refuse_foreign_schema(connection)
            key, execute = self._key(create=False), _execute(connection)
            return says_trust(self._environ) or _has(execute, key, None) or _is_of(execute, key, place)
        return False

    def owns_open(self, connection: sqlite3.Connection, place: StorePlace) -> bool:
        """The same of one that is open, and whose schema was looked at. Raises `sqlite3.Error`."""
        key, execute = self._key(create=False), _execute(connection)
        return says_trust(self._environ) or _has(execute, key, None) or _has(execute, key, place)

    def _key(self, *, create: bool) -> bytes:
        """The secret; empty where there is none."""
        try:
            return own_secret(self._environ, create=create)
        except (OSError, ConfigError, LocalError):
            return b""


def _mark(key: bytes, place: StorePlace | None) -> tuple[str, str]:
    """Name and value of the fact. Without a place: as the first version with marks made it, for a whole file."""
    of = b"" if place is None else repr((place.url, place.endpoint, place.store_id)).encode(errors="replace")
    digest = blake2b(of, key=key, digest_size=_HALF, person=b"state.db").hexdigest()
    return MARK + digest[:_HALF], digest[_HALF:]


def _has(execute: Execute, key: bytes, place: StorePlace | None) -> bool:
    if not key:
        return False
    name, value = _mark(key, place)
    return execute(_MARK_OF_FILE, name) == [(value,)]


def _is_of(execute: Execute, key: bytes, place: StorePlace | None) -> bool:
    """True if a memory is this user's of a project: it has the mark for the place, by one of its names; or it knows
    nothing of the place yet, and is marked for another one of this project. Without a place: for any."""
    known = _places(execute)
    if place is None:
        return any(_has(execute, key, one) for one in known)
    names = [place, StorePlace(place.url, place.endpoint), *([StorePlace(place.v1_name)] if place.v1_name else [])]
    if any(_has(execute, key, one) for one in names):
        return True
    if any(_id(one) == _id(place) for one in known):
        return False
    return any(_project(one) == _project(place) and _has(execute, key, one) for one in known)


def _places(execute: Execute) -> list[StorePlace]:
    """Places that a memory knows, each by its name and by the one that version 1 gave it."""
    rows = execute("SELECT url, endpoint, store_id, v1_name FROM place LIMIT ?", _MOST_PLACES)
    sound = [row for row in rows if is_place(*row)]
    return [StorePlace(*row[:3]) for row in sound] + [StorePlace(row[3]) for row in sound if row[3]]


def _id(place: StorePlace) -> tuple[str, str, str]:
    return place.url, place.endpoint, place.store_id


def _project(place: StorePlace) -> list[str]:
    """The names of the repository and the project, which end the address of each of its places."""
    return place.url.rstrip("/").split("/")[-2:]


def _execute(connection: sqlite3.Connection) -> Execute:
    return lambda sql, *values: connection.execute(sql, values).fetchall()


def _is_blank(state: StateDB) -> bool:
    """True for one that holds nothing, and whose tables are ours to the letter: of a table that only has our columns,
    a rule of its own (`UNIQUE (size) ON CONFLICT REPLACE`) would lose rows later on."""
    texts = (sql for (sql,) in state.execute("SELECT sql FROM sqlite_master WHERE type = 'table'"))
    if {_plain(str(sql)) for sql in texts} != {_plain(sql) for sql in SCHEMA.split(";") if sql.strip()}:
        return False
    return not state.execute(f"SELECT {_HAS_ROWS}")[0][0] and not state.execute(
        "SELECT 1 FROM fact WHERE substr(name, 1, ?) <> ? LIMIT 1", len(MARK), MARK
    )


def _plain(sql: str) -> str:
    """Text of a table without the blanks and quotes in which versions of SQLite and of s3sync may differ."""
    return "".join(sql.replace('"', "").split()).casefold()
