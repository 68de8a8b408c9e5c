"""Rows of an archive that is still on its way: made while its parts travel, and put in their place in one go.

They wait in temporary tables of the connection, which are in no file that has a name: nobody else sees them or waits
for them, and they are gone with the process.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import TYPE_CHECKING

from s3sync.archive.catalogue import filters, pieces, schema
from s3sync.core.archive.values import Member

if TYPE_CHECKING:
    from s3sync.archive.catalogue.database import Catalogue

BLOCK = pieces.BLOCK
"""Members that are taken in at once; only the last block of an archive is smaller."""
_COLUMNS = "n, path, name, kind, size, mode, mtime_ns, sha256, head, start, target, key"
_TABLES = {
    "staged_member": f"archive, {_COLUMNS.replace('n,', 'n INTEGER PRIMARY KEY,', 1)}",
    "staged_piece": "first INTEGER PRIMARY KEY, bits",
}


class Staged:
    """Rows of one archive. A catalogue has those of one at a time: others that it had are gone when it is made."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue, self._count = catalogue, 0
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

    def put(self, archive: int, count: int) -> bool:
        """Make them the rows of an archive of so many members, once: False where they are of other ones.

        Part of the transaction that is open.
        """
        if count != self._count:
            return False
        catalogue = self._catalogue
        catalogue.execute(f"INSERT INTO member SELECT ?, {_COLUMNS} FROM temp.staged_member ORDER BY n", archive)
        if count < BLOCK:
            for (bits,) in catalogue.execute("SELECT bits FROM temp.staged_piece"):
                filters.keep(catalogue, archive, 0, count, bits)
        else:
            catalogue.execute("INSERT INTO piece SELECT ?, first, bits FROM temp.staged_piece", archive)
        catalogue.coming = None
        return True
