"""Rows of the table `piece`: written with their members, and made anew where an earlier version wrote them."""

from __future__ import annotations

from s3sync.archive.catalogue import pieces
from s3sync.state.sqlite import Database

_AT_ONCE = 100


def keep(database: Database, archive: int, first: int, count: int, bits: bytes) -> None:
    """Write the filter of `count` members of an archive, which begin with number `first`."""
    place = pieces.place_of(archive, first, count)
    if place.archive < 0:
        known = database.execute("SELECT bits FROM piece WHERE archive = ? AND first = ?", *place)
        if known:
            with database.rows_of("piece"):
                bits = pieces.joined(bits, known[0][0])
            database.execute("UPDATE piece SET bits = ? WHERE archive = ? AND first = ?", bits, *place)
            return
    database.execute("INSERT INTO piece VALUES (?, ?, ?)", *place, bits)


def renew(database: Database) -> None:
    """Make the filters of an earlier version anew, some at a time, so that no other process waits for long."""
    after = 0
    while True:
        with database.transaction():
            rows = database.execute(
                "SELECT rowid, archive, first FROM piece WHERE rowid > ? AND length(bits) = ? ORDER BY rowid LIMIT ?",
                after, pieces.EARLIER_BYTES, _AT_ONCE,
            )  # fmt: skip
            for row, archive, first in rows:
                database.execute("DELETE FROM piece WHERE rowid = ?", row)
                names = database.execute(
                    "SELECT name FROM member WHERE archive = ? AND n >= ? AND n < ?",
                    archive, first, first + pieces.BLOCK,
                )  # fmt: skip
                if names:
                    keep(database, archive, first, len(names), pieces.filter_of(str(name) for (name,) in names))
        if not rows:
            return
        after = rows[-1][0]
