"""Secret of this user's on this computer, and the mark by which a state.db is known to be his own.

A state.db can come with a clone, an archive or a disk: its rows say which files were agreed on, so that whoever wrote
them would have the next `sync` delete files of the team. So it is believed only with a digest in it that nobody else
can make. It has one for each computer that uses it. What tells nothing of its maker's rows is no proof of them: who had
a state.db of this user's with its mark can change that one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from hashlib import blake2b
from pathlib import Path

from s3sync.config import says_trust
from s3sync.config.locate import user_data_folder
from s3sync.disk.own import own_folder
from s3sync.disk.secret import secret_in
from s3sync.errors import ConfigError, LocalError
from s3sync.state import trusted
from s3sync.state.memory import StateDB
from s3sync.state.schema import OF_A_PLACE, SCHEMA

FOLDER, SECRET = "seen", "secret"
MARK = "known to "
"""Begins the name of the fact that is a mark: what follows tells this computer's from others."""
_HALF = 32
_HAS_ROWS = " OR ".join(f"EXISTS (SELECT 1 FROM {name})" for name in (*OF_A_PLACE, "place", "digest"))
_MARK_OF_FILE = "SELECT value FROM fact WHERE name = ?"


def own_secret(environ: Mapping[str, str], *, create: bool) -> bytes:
    """The secret in the user's data folder, made if need be. Raises `OSError`, `ConfigError`, `LocalError`."""
    with own_folder(user_data_folder(environ), FOLDER, create=create) as folder:
        return secret_in(folder, SECRET, create=create)


class Owner:
    """This user on this computer, as a state.db knows him. Without a secret nothing is known to be his own."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def accepts(self, state: StateDB) -> bool:
        """True if this memory may be believed: it has the mark, holds nothing yet, or the user says yes to everything.

        One that holds nothing gets the mark, unless it is read only. Raises `LocalError`.
        """
        name, value = self._mark(create=False)
        if name and state.fact(name) == value:
            return True
        if not says_trust(self._environ) and not _is_blank(state):
            return False
        if not state.read_only:
            self.mark(state)
        return True

    def mark(self, state: StateDB) -> bool:
        """Have a memory known as this user's own from now on; whether that is possible."""
        name, value = self._mark(create=True)
        if name:
            state.remember(name, value)
        return bool(name)

    def owns(self, file: Path, *, max_bytes: int = trusted.MOST_BYTES) -> bool:
        """True if a database has the mark, or the user says yes to everything; False also for one that is none, or is
        larger than `max_bytes`."""
        with (
            suppress(OSError, sqlite3.Error),
            trusted.private_copy(file, max_bytes=max_bytes) as copy,
            closing(sqlite3.connect(copy)) as connection,
        ):
            trusted.harden(connection)
            trusted.refuse_foreign_schema(connection)
            return self.owns_open(connection)
        return False

    def owns_open(self, connection: sqlite3.Connection) -> bool:
        """The same of one that is open, and whose schema was looked at. Raises `sqlite3.Error`."""
        if says_trust(self._environ):
            return True
        name, value = self._mark(create=False)
        found = connection.execute(_MARK_OF_FILE, (name,)).fetchone() if name else None
        return found == (value,)

    def _mark(self, *, create: bool) -> tuple[str, str]:
        """Name and value of the fact; two empty texts where there is no secret."""
        try:
            key = own_secret(self._environ, create=create)
        except (OSError, ConfigError, LocalError):
            return "", ""
        digest = blake2b(key=key, digest_size=_HALF, person=b"state.db").hexdigest()
        return MARK + digest[:_HALF], digest[_HALF:]


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
