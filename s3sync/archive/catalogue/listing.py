"""A listing of the store beside the catalogue: what is new, what is gone, and what differs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from s3sync.archive.catalogue.database import Catalogue
from s3sync.core.archive.records import Status
from s3sync.core.archive.values import index_key
from s3sync.core.batches import batched
from s3sync.core.times import format_time, parse_time
from s3sync.store.aspects import Thaw, ThawState
from s3sync.store.port import ObjectInfo

STANDARD = "STANDARD"
_AT_ONCE = 10_000
_TABLE = """CREATE TEMP TABLE listed (
    key TEXT PRIMARY KEY, size INTEGER NOT NULL, etag TEXT NOT NULL, class TEXT NOT NULL, modified TEXT NOT NULL,
    thaw TEXT, until TEXT
) WITHOUT ROWID"""


_LISTED = """LEFT JOIN part p ON p.archive = a.id AND p.n = (SELECT max(n) FROM part q WHERE q.archive = a.id)
    JOIN listed l ON l.key = coalesce(p.key, a.key)"""
"""Object of an archive as it was listed; of a split unit its last volume, which is the last one to move."""


class Listing:
    """The objects of a store as they were listed, in a temporary table that no other process sees.

    Archives that are recorded after it was begun may be missing in it, and are not called gone.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue, self._newest = catalogue, 0

    def __enter__(self) -> Self:
        self._newest = self._catalogue.execute("SELECT coalesce(max(id), 0) FROM archive")[0][0]
        self._catalogue.execute(_TABLE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._catalogue.execute("DROP TABLE listed")

    def add(self, found: Iterable[tuple[ObjectInfo, Thaw | None]]) -> None:
        for block in batched(found, _AT_ONCE):
            rows = [
                (
                    info.key, info.size, info.etag, info.storage_class or STANDARD, format_time(info.modified),
                    None if thaw is None else str(thaw.state),
                    None if thaw is None or thaw.until is None else format_time(thaw.until),
                )
                for info, thaw in block
            ]  # fmt: skip
            self._catalogue.execute_many("INSERT OR REPLACE INTO listed VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def has(self, key: str) -> bool:
        return bool(self._catalogue.execute("SELECT 1 FROM listed WHERE key = ?", key))

    def unread_indexes(self, suffix: str) -> list[tuple[str, str]]:
        """Keys of archives whose index is new or changed, each with the index's ETag."""
        return [
            (key, etag)
            for key, etag in self._catalogue.execute(
                "SELECT substr(l.key, 1, length(l.key) - ?), l.etag FROM listed l"
                " WHERE substr(l.key, -?) = ? AND NOT EXISTS (SELECT 1 FROM archive a"
                " WHERE a.key = substr(l.key, 1, length(l.key) - ?) AND a.index_etag = l.etag AND a.status = 'stored')",
                len(suffix), len(suffix), suffix, len(suffix),
            )
        ]  # fmt: skip

    def unread_rows(self, folder: str, end: str) -> list[tuple[str, str]]:
        """Names of sets without containers whose rows are new or changed, each with the ETag of the file.

        A file without rows, of which all units moved on or were removed, is known where none is known.
        """
        found = self._catalogue.execute(
            "SELECT key, etag, size FROM listed WHERE substr(key, 1, ?) = ? AND substr(key, -?) = ?",
            len(folder), folder, len(end), end,
        )  # fmt: skip
        known = set(
            self._catalogue.execute("SELECT DISTINCT set_name, index_etag, status FROM archive WHERE pack = 'none'")
        )
        etags, stored = {one[:2] for one in known}, {name for name, _, status in known if status == "stored"}
        names = [(key[len(folder) : -len(end)], etag, size) for key, etag, size in found]
        return [(name, etag) for name, etag, size in names if (size or name in stored) and (name, etag) not in etags]

    def proposals(self, suffix: str) -> list[tuple[ObjectInfo, str]]:
        """Objects of which somebody wrote a proposal, that have no index and of which nothing better is known here.

        Each with the ETag of the proposal.
        """
        rows = self._catalogue.execute(
            "SELECT o.key, o.size, o.etag, o.class, o.modified, l.etag FROM listed l"
            " JOIN listed o ON o.key = substr(l.key, 1, length(l.key) - ?)"
            " WHERE substr(l.key, -?) = ? AND NOT EXISTS (SELECT 1 FROM listed i WHERE i.key = o.key || ?)"
            " AND NOT EXISTS (SELECT 1 FROM archive a WHERE a.key = o.key AND a.size = o.size AND a.etag = o.etag"
            " AND (a.status = 'adopted' OR (a.status = 'proposed' AND a.index_etag = l.etag))) ORDER BY o.key",
            len(suffix), len(suffix), suffix, index_key(""),
        )  # fmt: skip
        return [
            (ObjectInfo(key, size, etag, parse_time(modified) or datetime.fromtimestamp(0, UTC), name), told)
            for key, size, etag, name, modified, told in rows
        ]

    def written_here(self) -> tuple[set[str], set[str]]:
        """Keys of archives whose index this computer wrote and did not read back, and the sets of those in rows."""
        rows = self._catalogue.execute(
            "SELECT key, set_name, pack FROM archive WHERE index_etag IS NULL AND status = 'stored'"
        )
        return {key for key, _, _ in rows}, {name for _, name, pack in rows if pack == "none"}

    def keep_rows(self, set_name: str, keys: Collection[str]) -> None:
        """Forget units of a set without containers that its rows no longer have."""
        known = self._catalogue.execute(
            "SELECT key FROM archive WHERE set_name = ? AND pack = 'none' AND status = 'stored'", set_name
        )
        for (key,) in known:
            if key not in keys:
                self._catalogue.forget(key)

    def take_classes(self, now: str) -> int:
        """Note in which class each archive is, and how its thaw stands; how many archives moved."""
        moved = self._catalogue.execute(
            f"SELECT a.key, l.class FROM archive a {_LISTED} WHERE a.storage_class != l.class"
        )
        for key, storage_class in moved:
            self._catalogue.note_class(key, storage_class, now)
        self._catalogue.execute(
            "INSERT INTO thaw (key, tier, days, requested_at, state, until)"
            f" SELECT a.key, '', 0, ?, l.thaw, l.until FROM archive a {_LISTED}"
            " WHERE l.thaw IN (?, ?) ON CONFLICT (key) DO UPDATE SET state = excluded.state, until = excluded.until",
            now, str(ThawState.THAWING), str(ThawState.THAWED),
        )  # fmt: skip
        self._catalogue.execute(
            "UPDATE thaw SET state = ? WHERE state != ? AND key IN"
            f" (SELECT a.key FROM archive a {_LISTED} WHERE l.thaw = ?)",
            *[str(ThawState.COLD)] * 3,
        )
        return len(moved)

    def gone(self) -> list[str]:
        """Keys of archives that are no longer in the store, without a container if one object of theirs is not."""
        found = self._catalogue.execute(
            "SELECT key FROM archive a WHERE status IN ('stored', 'not indexed', 'adopted', 'proposed')"
            " AND id <= ? AND ("
            " (pack != 'none' AND NOT EXISTS (SELECT 1 FROM part p WHERE p.archive = a.id)"
            " AND NOT EXISTS (SELECT 1 FROM listed l WHERE l.key = a.key)) OR"
            " EXISTS (SELECT 1 FROM part p WHERE p.archive = a.id"
            " AND NOT EXISTS (SELECT 1 FROM listed l WHERE l.key = p.key)) OR"
            " (pack = 'none' AND EXISTS (SELECT 1 FROM member m WHERE m.archive = a.id AND m.key IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM listed l WHERE l.key = m.key)))) ORDER BY key",
            self._newest,
        )
        return [str(key) for (key,) in found]

    def mark_gone(self) -> list[str]:
        """Note that archives are gone, and return their keys."""
        gone = self.gone()
        for key in gone:
            self._catalogue.note_status(key, Status.GONE)
        return gone

    def differing(self) -> list[tuple[str, str]]:
        """Archives that are not the object that their index was written for, each with what differs."""
        rows = self._catalogue.execute(
            "SELECT a.key, a.size, l.size, a.etag, l.etag FROM archive a JOIN listed l ON l.key = a.key"
            " WHERE a.status IN ('stored', 'adopted', 'proposed') AND a.pack != 'none'"
            " AND (a.size != l.size OR (a.etag IS NOT NULL AND a.etag != l.etag))"
            " UNION ALL SELECT p.key, p.size, l.size, p.etag, l.etag FROM archive a JOIN part p ON p.archive = a.id"
            " JOIN listed l ON l.key = p.key WHERE a.status = 'stored'"
            " AND (p.size != l.size OR (p.etag IS NOT NULL AND p.etag != l.etag)) ORDER BY 1"
        )
        return [
            (key, f"it has {size} bytes, and its index says {said}" if size != said else "its content is another one")
            for key, said, size, _, _ in rows
        ]
