"""Unfinished transfers and part digests of the place that a `StateDB` was opened for."""

from __future__ import annotations

import msgspec

from s3sync.core.unfinished import Direction, Unfinished
from s3sync.local.digests import Digests, PartDigests
from s3sync.state.memory import StateDB
from s3sync.state.schema import PARTS_COLUMNS, TRANSFER_COLUMNS, part_row, partial_name, parts_row, transfer_row

UNSURE = "unsure "
"""Begins the ETag of a version in `parts` of which not all was sent or fetched: no ETag does. Older versions of s3sync
do not find such a row, and send the whole."""
DONE = "(SELECT count(*) FROM transferred d WHERE (d.place, d.path, d.way) = (t.place, t.path, t.way))"


class UnfinishedTransfers:
    """A `transfer.ledger.Ledger` that lasts. See there for what its methods promise."""

    def __init__(self, state: StateDB) -> None:
        self._state = state

    def begin(self, transfer: Unfinished) -> None:
        digests = _as_json([transfer.md5, transfer.xxh3, *transfer.part_xxh3])
        row = (
            transfer.path,
            transfer.way.value,
            transfer.key,
            transfer.token,
            transfer.fingerprint,
            transfer.size,
            transfer.part_size,
            digests,
            transfer.started_at,
        )
        with self._state.transaction():
            self.end(transfer.path, transfer.way)
            insert = f"INSERT INTO transfer (place, {TRANSFER_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            self._state.execute(insert, self._state.enter_place(), *row)

    def find(self, path: str, way: Direction) -> Unfinished | None:
        return next((found for found in self.all() if (found.path, found.way) == (path, way)), None)

    def all(self) -> list[Unfinished]:
        """Every unfinished transfer, with the number of parts that have arrived."""
        query = f"SELECT {TRANSFER_COLUMNS}, {DONE} FROM transfer t WHERE place = ? ORDER BY path, way"
        rows = self._state.execute(query, self._state.place_id)
        with self._state.rows_of("transfer"):
            return [transfer_row(row) for row in rows]

    def end(self, path: str, way: Direction) -> None:
        with self._state.transaction():
            for table in ("transfer", "transferred"):
                query = f"DELETE FROM {table} WHERE place = ? AND path = ? AND way = ?"
                self._state.execute(query, self._state.place_id, path, way.value)

    def part_done(self, path: str, way: Direction, number: int, digest: str) -> None:
        insert = "INSERT OR REPLACE INTO transferred (place, path, way, number, digest) VALUES (?, ?, ?, ?, ?)"
        self._state.execute(insert, self._state.enter_place(), path, way.value, number, digest)

    def digested(self, path: str, way: Direction, digests: Digests, parts: PartDigests) -> None:
        row = _as_json([digests.md5, digests.xxh3, *parts.xxh3])
        query = "UPDATE transfer SET digests = ? WHERE place = ? AND path = ? AND way = ?"
        self._state.execute(query, row, self._state.place_id, path, way.value)

    def parts_done(self, path: str, way: Direction) -> dict[int, str]:
        query = "SELECT number, digest FROM transferred WHERE place = ? AND path = ? AND way = ?"
        rows = self._state.execute(query, self._state.place_id, path, way.value)
        with self._state.rows_of("transferred"):
            return dict(map(part_row, rows))

    def parts_of(self, path: str, etag: str) -> PartDigests | None:
        query = f"SELECT {PARTS_COLUMNS} FROM parts WHERE place = ? AND path = ? AND etag IN (?, ?)"
        rows = self._state.execute(query, self._state.place_id, path, etag, UNSURE + etag)
        with self._state.rows_of("parts"):
            return parts_row(rows[0]) if rows else None

    def is_sure_of(self, path: str, etag: str) -> bool:
        query = "SELECT 1 FROM parts WHERE place = ? AND path = ? AND etag = ?"
        return bool(self._state.execute(query, self._state.place_id, path, etag))

    def remember_parts(self, path: str, etag: str, parts: PartDigests, *, sure: bool = True) -> None:
        insert = "INSERT OR REPLACE INTO parts (place, path, etag, part_size, xxh3) VALUES (?, ?, ?, ?, ?)"
        version = etag if sure else UNSURE + etag
        self._state.execute(insert, self._state.enter_place(), path, version, parts.part_size, " ".join(parts.xxh3))

    def forget_parts(self, path: str) -> None:
        self._state.execute("DELETE FROM parts WHERE place = ? AND path = ?", self._state.place_id, path)


def _as_json(digests: list[str | None]) -> str:
    return msgspec.json.encode(digests).decode()


def partial_names(state: StateDB) -> set[str]:
    """Files in `partial/` from which a download resumes, of every place that is known."""
    rows = state.execute("SELECT token FROM transfer WHERE way = ?", Direction.DOWN.value)
    with state.rows_of("transfer"):
        return set(map(partial_name, rows))
