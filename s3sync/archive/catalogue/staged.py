"""Rows of an archive that is still on its way: made while its parts travel, and put in their place in one go.

They wait in temporary tables of the connection, which are in no file that has a name: nobody else sees them or waits
for them, and they are gone with the process. Where an archive is a moment from being complete they are put in their
place before it is, in a transaction that is ended when the archive is recorded, or undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from threading import Timer
from typing import TYPE_CHECKING

from s3sync.archive.catalogue import filters, pieces, schema
from s3sync.core.archive.values import Member

if TYPE_CHECKING:
    from s3sync.archive.catalogue.database import Catalogue

BLOCK = pieces.BLOCK
"""Members that are taken in at once; only the last block of an archive is smaller."""
LONGEST_S = 5.0
"""Seconds for which others may wait for the catalogue because rows were placed. Then that is undone."""
_COLUMNS = "n, path, name, kind, size, mode, mtime_ns, sha256, head, start, target, key"
_TABLES = {
    "staged_member": f"archive, {_COLUMNS.replace('n,', 'n INTEGER PRIMARY KEY,', 1)}",
    "staged_piece": "first INTEGER PRIMARY KEY, bits",
}


class Staged:
    """Rows of one archive. A catalogue has those of one at a time: others that it had are gone when it is made."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue, self._count = catalogue, 0
        self._placed: int | None = None
        self._timer: Timer | None = None
        catalogue.coming = self
        for name, columns in _TABLES.items():
            catalogue.execute(f"DROP TABLE IF EXISTS temp.{name}")
            catalogue.execute(f"CREATE TEMP TABLE {name} ({columns})")

    def add(self, members: Sequence[Member]) -> None:
        """Take in the next block. Raises `DiskFull`, `LocalError`."""
        rows = schema.block_values(0, self._count, members, repeat(None))
        catalogue = self._catalogue
        with catalogue.aside():
            catalogue.execute_many(schema.ADD_MEMBER.replace(" member ", " temp.staged_member "), rows)
            catalogue.execute("INSERT INTO temp.staged_piece VALUES (?, ?)", self._count, schema.filter_of(rows))
        self._count += len(members)

    def place(self, key: str) -> None:
        """Put them where they will be, if the archive is one that nobody knows yet. Raises `DiskFull`, `LocalError`.

        Nobody else can write until they are `put`, or that is undone; after `LONGEST_S` it is.
        """
        catalogue = self._catalogue
        with catalogue.early():
            is_known = bool(catalogue.execute("SELECT 1 FROM archive WHERE key = ?", key))
            if not is_known:
                self._placed = int(catalogue.execute("SELECT coalesce(max(id), 0) + 1 FROM archive")[0][0])
                self._write(self._placed)
        if is_known:
            catalogue.undo_early()
            return
        self._timer = Timer(LONGEST_S, catalogue.undo_early)
        self._timer.daemon = True
        self._timer.start()

    def undo(self) -> None:
        """Take them out of their place, unless they were put there for good."""
        if self._timer is not None:
            self._timer.cancel()
        self._catalogue.undo_early()

    def put(self, archive: int, count: int) -> bool:
        """Make them the rows of an archive of so many members, once: False where they are of other ones.

        Part of the transaction that is open.
        """
        if self._timer is not None:
            self._timer.cancel()
        if count != self._count:
            return False
        if archive != self._placed or not self._are_there(archive):
            self._write(archive)
        self._catalogue.coming = None
        return True

    def _are_there(self, archive: int) -> bool:
        """False where it was undone that they were placed."""
        return bool(self._catalogue.execute("SELECT 1 FROM member WHERE archive = ? LIMIT 1", archive))

    def _write(self, archive: int) -> None:
        catalogue, count = self._catalogue, self._count
        catalogue.execute(f"INSERT INTO member SELECT ?, {_COLUMNS} FROM temp.staged_member ORDER BY n", archive)
        if count < BLOCK:
            for (bits,) in catalogue.execute("SELECT bits FROM temp.staged_piece"):
                filters.keep(catalogue, archive, 0, count, bits)
        else:
            catalogue.execute("INSERT INTO piece SELECT ?, first, bits FROM temp.staged_piece", archive)
