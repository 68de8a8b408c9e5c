"""The catalogue as a database: one file for each store, in the user's own data folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain, count, repeat
from pathlib import Path
from typing import Any, Self

from s3sync.archive.catalogue import filters, pieces, schema
from s3sync.archive.catalogue.schema import ARCHIVE_COLUMNS, THAW_COLUMNS
from s3sync.archive.catalogue.search import Searching
from s3sync.archive.catalogue.staged import Staged
from s3sync.archive.passed import Passed
from s3sync.config.locate import user_data_folder
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.records import PRESENT, Archived, LogEntry, Statistic, Status, ThawNote
from s3sync.core.archive.values import Index, Kind, Member, SplitIndex
from s3sync.disk.errors import local_errors
from s3sync.disk.own import make_own

FOLDER = "archive"
REPAIR = "s3sync archive catalogue rebuild --anew: it puts the file aside, and reads the indexes in the store"
_MEMBERS_AT_ONCE = 10_000
_CACHE_KB, _LITTLE_CACHE_KB = 32_000, 8_000
"""Pages of the file in memory: with SQLite's own 2 MB, many members are written twice as slowly."""


def catalogue_path(store: str, endpoint: str | None, environ: Mapping[str, str]) -> Path:
    """Path of the catalogue of a store with its prefix.

    A folder has no server: its catalogue is one, whatever `endpoint` a shell has set. One that was made for a folder
    under an endpoint is used as long as there is no other.
    """
    if scheme_of(store).is_folder and endpoint:
        path = _path(store, None, environ)
        made = _path(store, endpoint, environ)
        return made if made.exists() and not path.exists() else path
    return _path(store, endpoint, environ)


def _path(store: str, endpoint: str | None, environ: Mapping[str, str]) -> Path:
    place = hashlib.sha256(f"{store.rstrip('/')}\n{endpoint or ''}".encode()).hexdigest()[:16]
    return user_data_folder(environ) / FOLDER / f"{place}.db"


def set_aside(path: Path) -> Path | None:
    """Rename a catalogue, damaged or not, with the files beside it, and return its new name; None where none is."""
    if not os.path.lexists(path):
        return None
    number = next(n for n in count(1) if not os.path.lexists(f"{path}.old-{n}"))
    aside = Path(f"{path}.old-{number}")
    with local_errors("cannot put aside", path, hint="make the folder yours and writable"):
        for ending in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                Path(f"{path}{ending}").rename(f"{aside}{ending}")
    return aside


class Catalogue(Searching):
    """Archives of one store. Open with `Catalogue.of(store, endpoint, environ)`, and close it: it is a context manager.

    Everything in it but the log, the statistics and the notes of verifications can be made anew of the store.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        if not read_only:
            with local_errors("cannot use", path.parent, hint="make the folder yours and writable"):
                make_own(path.parent)
        self.coming: Staged | None = None
        super().__init__(path, schema.SCHEMA, schema.MIGRATIONS, read_only=read_only, repair=REPAIR, look_through=False)
        self.execute(f"PRAGMA cache_size = -{_CACHE_KB}")

    @classmethod
    def of(cls, store: str, endpoint: str | None, environ: Mapping[str, str], *, read_only: bool = False) -> Self:
        return cls(catalogue_path(store, endpoint, environ), read_only=read_only)

    def hold_less(self) -> None:
        """Hold fewer pages of the file in memory from now on, for a run whose other parts take much."""
        self.execute(f"PRAGMA cache_size = -{_LITTLE_CACHE_KB}")

    # -- what archives hold

    def record(
        self, index: Index, *, index_etag: str | None = None, status: Status = Status.STORED, moved: bool = False
    ) -> None:
        """Take in an archive from its index, all anew if its key is known. Notes stay while the archive is the same.

        `moved`: it is the same in another class, whatever its ETag is now.
        """
        values = {**schema.archive_values(index, index_etag), "status": str(status)}
        with self.transaction():
            old = self.execute("SELECT id, etag, size FROM archive WHERE key = ?", values["key"])
            same = bool(old) and (moved or old[0][1:] == (values["etag"], values["size"]))
            if old:
                self._drop_members(old[0][0])
                forgotten = {} if same else dict.fromkeys(("verified_at", "verified_how", "transitioned_at"))
                if not same:
                    self.execute("DELETE FROM turn WHERE key = ?", values["key"])
                else:
                    del values["storage_class"]  # it may have moved since its index was written
                self._update(old[0][0], {**values, **forgotten})
                archive = old[0][0]
            else:
                names = ", ".join(values)
                marks = ", ".join("?" * len(values))
                self.execute(f"INSERT INTO archive ({names}) VALUES ({marks})", *values.values())
                archive = self.execute("SELECT last_insert_rowid()")[0][0]
            self._add_members(archive, index)

    def members(self, key: str) -> Iterator[Member]:
        """Members of an archive in their order, read in blocks."""
        after = -1
        while True:
            rows = self.execute(
                f"SELECT n, {schema.MEMBER_COLUMNS} FROM member"
                " WHERE archive = (SELECT id FROM archive WHERE key = ?) AND n > ? ORDER BY n LIMIT ?",
                key, after, _MEMBERS_AT_ONCE,
            )  # fmt: skip
            if not rows:
                return
            with self.rows_of("member"):
                yield from [schema.member_row(row[1:]) for row in rows]
            after = rows[-1][0]

    def parts(self, key: str) -> list[tuple[str, int, str | None]]:
        """Volumes of a split unit: key, size and ETag of each."""
        return [
            (str(part), int(size), etag)
            for part, size, etag in self.execute(
                "SELECT key, size, etag FROM part WHERE archive = (SELECT id FROM archive WHERE key = ?) ORDER BY n",
                key,
            )
        ]

    def newest_ns(self, key: str) -> int | None:
        """Time of the newest file of an archive; None where none of its files is known."""
        rows = self.execute(
            "SELECT max(mtime_ns) FROM member WHERE archive = (SELECT id FROM archive WHERE key = ?) AND kind = ?",
            key,
            str(Kind.FILE),
        )
        return rows[0][0] if rows else None

    def archives(
        self,
        *,
        set: str | None = None,
        unit: str | None = None,
        year: str | None = None,
        storage_class: str | None = None,
        status: Iterable[Status] = PRESENT,
    ) -> list[Archived]:
        """Archives by set and date, the oldest first."""
        wanted = {"a.set_name": set, "a.unit": unit, "a.storage_class": storage_class}
        where = {f"{column} = ?": value for column, value in wanted.items() if value is not None}
        if year is not None:
            where["substr(coalesce(a.archive_date, a.uploaded_at), 1, 4) = ?"] = year
        states = [str(one) for one in status]
        where_status = f"a.status IN ({', '.join('?' * len(states))})"
        rows = self.execute(
            f"SELECT {ARCHIVE_COLUMNS}, {THAW_COLUMNS} FROM archive a LEFT JOIN thaw t ON t.key = a.key"
            f" WHERE {' AND '.join([where_status, *where])}"
            " ORDER BY a.set_name, coalesce(a.archive_date, a.uploaded_at), a.unit, a.volume",
            *states, *map(schema.text, where.values()),
        )  # fmt: skip
        with self.rows_of("archive"):
            return [schema.archive_row(row) for row in rows]

    def digests(self, set: str) -> dict[str, str | None]:
        """MD5 of a set's archives in the store, by key, where it is known."""
        rows = self.execute("SELECT key, md5 FROM archive WHERE set_name = ? AND status = ?", set, str(Status.STORED))
        return {str(key): md5 for key, md5 in rows}

    def archive(self, key: str) -> Archived | None:
        rows = self.execute(
            f"SELECT {ARCHIVE_COLUMNS}, {THAW_COLUMNS} FROM archive a LEFT JOIN thaw t ON t.key = a.key"
            " WHERE a.key = ?",
            key,
        )
        with self.rows_of("archive"):
            return schema.archive_row(rows[0]) if rows else None

    # -- what was done

    def note(self, entry: LogEntry) -> None:
        """Write an entry of the log."""
        self.execute(
            f"INSERT INTO log ({schema.LOG_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(schema.text(value) if isinstance(value, str) else value for value in _values(entry)),
        )

    def log(self, *, unit: str | None = None, limit: int = 100) -> list[LogEntry]:
        """The newest entries of the log, the newest first."""
        where, values = ("WHERE unit = ?", [schema.text(unit)]) if unit is not None else ("", [])
        rows = self.execute(
            f"SELECT {schema.LOG_COLUMNS} FROM log {where} ORDER BY at DESC, id DESC LIMIT ?", *values, limit
        )
        with self.rows_of("log"):
            return [schema.log_row(row) for row in rows]

    def restored(self) -> list[tuple[str, str, str, str]]:
        """Set and unit of all that was ever restored from here, with when that was last, and by whom."""
        rows = self.execute(
            "SELECT set_name, unit, max(at), by FROM log WHERE action = 'restore' GROUP BY set_name, unit"
        )
        return [(str(row[0]), str(row[1]), str(row[2]), str(row[3])) for row in rows]

    def note_verified(self, key: str, at: str, how: str) -> None:
        """`how`: "listed", "checksum" or "read"."""
        self.execute("UPDATE archive SET verified_at = ?, verified_how = ? WHERE key = ?", at, how, key)

    def note_class(self, key: str, storage_class: str, at: str, etag: str | None = None) -> None:
        """Storage class that an archive moved to; no change if that is known."""
        self.execute(
            "UPDATE archive SET storage_class = ?, transitioned_at = ?, etag = coalesce(?, etag)"
            " WHERE key = ? AND (storage_class != ? OR transitioned_at IS NULL)",
            storage_class, at, etag, key, storage_class,
        )  # fmt: skip

    def note_thaw(self, key: str, thaw: ThawNote) -> None:
        self.execute("INSERT OR REPLACE INTO thaw VALUES (?, ?, ?, ?, ?, ?, ?)", key, *_values(thaw))

    def note_status(self, key: str, status: Status) -> None:
        self.execute("UPDATE archive SET status = ? WHERE key = ?", str(status), key)

    def forget(self, key: str) -> None:
        """Drop an archive with its members. The log stays."""
        with self.transaction():
            for (archive,) in self.execute("SELECT id FROM archive WHERE key = ?", key):
                self._drop_members(archive)
                self.execute("DELETE FROM archive WHERE id = ?", archive)
            self.execute("DELETE FROM thaw WHERE key = ?", key)
            self.execute("DELETE FROM turn WHERE key = ?", key)

    # -- statistics

    def take_statistics(self, day: str) -> None:
        """Note how much there is today; what was noted today before is replaced. What is too large is the largest."""
        with self.transaction():
            self.execute("DELETE FROM statistic WHERE day = ?", day)
            self.execute(
                f"INSERT INTO statistic ({schema.STATISTIC_COLUMNS}) SELECT ?, set_name, storage_class, count(*),"
                f" {schema.summed('files')}, {schema.summed('size')}, {schema.summed('original_size')}"
                " FROM archive WHERE status IN ('stored', 'not indexed', 'adopted', 'proposed')"
                " GROUP BY set_name, storage_class",
                day,
            )

    def statistics(self) -> list[Statistic]:
        """All days, the oldest first."""
        rows = self.execute(f"SELECT {schema.STATISTIC_COLUMNS} FROM statistic ORDER BY day, set_name, storage_class")
        with self.rows_of("statistic"):
            return [schema.statistic_row(row) for row in rows]

    def damage(self) -> str | None:
        """Look through the whole file; say what is wrong with it, or None."""
        said = str(self.execute("PRAGMA quick_check(1)")[0][0])
        return None if said == "ok" else said

    # -- rows

    def _add_members(self, archive: int, index: Index) -> None:
        staged = index.members.staged if isinstance(index.members, Passed) else None
        if staged is None or staged is not self.coming or not staged.put(archive, len(index.members)):
            holders = _holders(index)
            for begin in range(0, len(index.members), pieces.BLOCK):
                block = index.members[begin : begin + pieces.BLOCK]
                rows = schema.block_values(archive, begin, block, holders)
                self.execute_many(schema.ADD_MEMBER, rows)
                filters.keep(self, archive, begin, len(rows), schema.filter_of(rows))
        sidecars = {member.path: member for member in index.sidecars}.values()
        self.execute_many(
            "INSERT INTO sidecar VALUES (?, ?, ?, ?, ?)",
            [
                (archive, schema.text(one.path), one.key, schema.number(one.size), schema.text(one.sha256))
                for one in sidecars
            ],
        )

        parts = index.parts if isinstance(index, SplitIndex) else ()
        self.execute_many(
            "INSERT INTO part VALUES (?, ?, ?, ?, ?)",
            [(archive, n, schema.text(one.key), schema.number(one.size), one.etag) for n, one in enumerate(parts)],
        )

    def _drop_members(self, archive: int) -> None:
        self.execute("DELETE FROM member WHERE archive = ?", archive)
        self.execute("DELETE FROM piece WHERE archive = ?", archive)
        self.execute("DELETE FROM part WHERE archive = ?", archive)
        self.execute("DELETE FROM sidecar WHERE archive = ?", archive)

    def _update(self, archive: int, values: Mapping[str, object]) -> None:
        assigned = ", ".join(f"{name} = ?" for name in values)
        self.execute(f"UPDATE archive SET {assigned} WHERE id = ?", *values.values(), archive)


def _holders(index: Index) -> Iterator[str | None]:
    """For each member the volume that holds it; None in a unit that is not split."""
    if not isinstance(index, SplitIndex):
        return repeat(None)
    return chain.from_iterable(repeat(part.key, part.members) for part in index.parts)


def _values(struct: Any) -> list[Any]:
    return [getattr(struct, name) for name in struct.__struct_fields__]
