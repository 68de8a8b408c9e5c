"""Unfinished transfers and part digests, in state.db."""

from __future__ import annotations

import json

from msgspec.structs import replace

from s3sync.core.unfinished import Unfinished, Way
from s3sync.local.digests import PartDigests
from s3sync.state.db import StateDB

_COLUMNS = "path, way, key, token, fingerprint, size, part_size, digests, started_at"


class Transfers:
    """A `transfer.ledger.Ledger` that lasts. See there for what its methods promise."""

    def __init__(self, state: StateDB) -> None:
        self._state = state

    def begin(self, transfer: Unfinished) -> None:
        digests = json.dumps([transfer.md5, transfer.xxh3, *transfer.part_xxh3])
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
            self._state.execute(f"INSERT INTO transfer ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *row)

    def find(self, path: str, way: Way) -> Unfinished | None:
        return next((found for found in self.all() if (found.path, found.way) == (path, way)), None)

    def all(self) -> list[Unfinished]:
        """Every unfinished transfer, with the number of parts that have arrived."""
        rows = self._state.execute(
            f"SELECT {_COLUMNS}, (SELECT count(*) FROM transferred d WHERE d.path = t.path AND d.way = t.way)"
            " FROM transfer t ORDER BY path, way"
        )
        return [_unfinished(row) for row in rows]

    def end(self, path: str, way: Way) -> None:
        with self._state.transaction():
            self._state.execute("DELETE FROM transfer WHERE path = ? AND way = ?", path, way.value)
            self._state.execute("DELETE FROM transferred WHERE path = ? AND way = ?", path, way.value)

    def part_done(self, path: str, way: Way, number: int, digest: str) -> None:
        self._state.execute(
            "INSERT OR REPLACE INTO transferred (path, way, number, digest) VALUES (?, ?, ?, ?)",
            path,
            way.value,
            number,
            digest,
        )

    def parts_done(self, path: str, way: Way) -> dict[int, str]:
        rows = self._state.execute("SELECT number, digest FROM transferred WHERE path = ? AND way = ?", path, way.value)
        return dict(rows)

    def parts_of(self, path: str, etag: str) -> PartDigests | None:
        rows = self._state.execute("SELECT part_size, xxh3 FROM parts WHERE path = ? AND etag = ?", path, etag)
        return PartDigests(rows[0][0], tuple(rows[0][1].split())) if rows else None

    def remember_parts(self, path: str, etag: str, parts: PartDigests) -> None:
        self._state.execute(
            "INSERT OR REPLACE INTO parts (path, etag, part_size, xxh3) VALUES (?, ?, ?, ?)",
            path,
            etag,
            parts.part_size,
            " ".join(parts.xxh3),
        )


def _unfinished(row: tuple[str, str, str, str, str, int, int, str, str, int]) -> Unfinished:
    path, way, key, token, fingerprint, size, part_size, digests, started_at, done = row
    md5, xxh3, *parts = json.loads(digests)
    found = Unfinished(path, Way(way), key, token, fingerprint, size, part_size, started_at, md5, xxh3, tuple(parts))
    return replace(found, done_parts=done)
