"""state.db: what this computer remembers of a project. SQLite in WAL mode, so that a crash leaves the last commit.

Deleting it loses no user's byte: without a base, every difference is a question and no file is ever deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from s3sync.core import limits
from s3sync.core.entries import Entry
from s3sync.core.names import without_case
from s3sync.state.places import KnownPlace, StorePlace
from s3sync.state.schema import (
    BASE_COLUMNS,
    DIGEST_COLUMNS,
    MIGRATIONS,
    MOST_TEXT,
    OF_A_PLACE,
    SCHEMA,
    VERSION,
    CachedDigest,
    base_row,
    digest_row,
    fact_row,
    place_row,
)
from s3sync.state.sqlite import Database

__all__ = ["FILE", "REPAIR", "VERSION", "CachedDigest", "StateDB"]

T = TypeVar("T")
Row: TypeAlias = tuple[Any, ...]

FILE = "state.db"
REPAIR = "s3sync doctor --fix: it moves the file aside and keeps what is certain; no file of yours is touched"
_NO_PLACE = -1


class StateDB(Database):
    """Open with `StateDB(folder, place)`; with `read_only` nothing on the disk changes, and changes are forgotten.
    Whose it is, is not asked here: see `opening.open_memory`.

    Base, transfers, parts and intents are those of `place` alone. The place is entered with the first of them.
    Without a place (None) there is only what belongs to none: digests and facts.
    """

    def __init__(
        self,
        folder: Path,
        place: StorePlace | None,
        *,
        file: str = FILE,
        read_only: bool = False,
        blank: bool = False,
    ) -> None:
        super().__init__(folder / file, SCHEMA, MIGRATIONS, read_only=read_only, repair=REPAIR, blank=blank)
        self._place = place
        self._place_id = _NO_PLACE if place is None else self._find(place)

    # -- the place

    @property
    def place(self) -> StorePlace | None:
        return self._place

    @property
    def place_id(self) -> int:
        """Number that marks the rows of this place. No row has it while the place is not known."""
        return self._place_id

    def enter_place(self, used_at: str | None = None) -> int:
        """The place's id. Makes its row if there is none, and notes when it was used."""
        place = self._place
        if place is None:
            raise ValueError("this memory was opened without a place")
        with self.transaction():
            if self._place_id == _NO_PLACE:
                self._place_id = self._find(place)
            if self._place_id == _NO_PLACE:
                insert = "INSERT INTO place (url, endpoint, store_id) VALUES (?, ?, ?) RETURNING id"
                self._place_id = self.execute(insert, place.url, place.endpoint, place.store_id)[0][0]
            if used_at is not None:
                self.execute("UPDATE place SET used_at = ? WHERE id = ?", used_at, self._place_id)
        return self._place_id

    def _find(self, place: StorePlace) -> int:
        """The id of a place; one that is known by an older name, or from before its store had an id, is renamed."""
        exact = "SELECT id FROM place WHERE url = ? AND endpoint = ? AND store_id = ?"
        rows = self.execute(exact, place.url, place.endpoint, place.store_id)
        if rows:
            return int(rows[0][0])
        older = "SELECT id FROM place WHERE (url = ? AND endpoint = ? AND store_id = '')"
        rows = self.execute(f"{older} OR v1_name = ?", place.url, place.endpoint, place.v1_name)
        if not rows:
            return _NO_PLACE
        renamed = "UPDATE place SET url = ?, endpoint = ?, store_id = ?, v1_name = NULL WHERE id = ?"
        self.execute(renamed, place.url, place.endpoint, place.store_id, rows[0][0])
        return int(rows[0][0])

    @property
    def place_name(self) -> str:
        """A name for this place among the facts, whether its row is made yet or not."""
        place = self._place
        return "" if place is None else f"{place.url} {place.endpoint} {place.store_id}".rstrip()

    @property
    def is_first_time(self) -> bool:
        """True if this folder was synced with other places, and never with this one.

        A place whose base is empty was used as well: after `cleanup --local` nothing may be left in it.
        """
        used = "SELECT 1 FROM place WHERE id = ? AND used_at IS NOT NULL"
        if self.execute(used, self._place_id):
            return False
        return not self._is_agreed(self._place_id) and any(
            self._is_agreed(row[0]) for row in self.execute("SELECT id FROM place WHERE id <> ?", self._place_id)
        )

    def _is_agreed(self, place_id: int) -> bool:
        return bool(self.execute("SELECT 1 FROM base WHERE place = ? LIMIT 1", place_id))

    @property
    def is_unproven(self) -> bool:
        """True if the base comes from version 1, which mixed places: a file may never have been in this one."""
        return bool(self.execute("SELECT 1 FROM place WHERE id = ? AND unproven", self._place_id))

    def prove(self) -> None:
        """From now on the base is believed as one of this version's own."""
        self.execute("UPDATE place SET unproven = 0 WHERE id = ?", self._place_id)

    def places(self) -> list[KnownPlace]:
        """Every place that is known, the one in use first, then by the time of use."""
        rows = self.execute(
            "SELECT id, url, endpoint, store_id, used_at,"
            " (SELECT count(*) FROM base WHERE place = id), (SELECT count(*) FROM transfer WHERE place = id)"
            " FROM place ORDER BY id <> ?, used_at DESC, url, endpoint, store_id",
            self._place_id,
        )
        with self.rows_of("place"):
            return [place_row(row, self._place_id) for row in rows]

    def forget_place(self, place_id: int) -> None:
        """Forget a place, with its base and whatever else is remembered of it."""
        with self.transaction():
            for table in OF_A_PLACE:
                self.execute(f"DELETE FROM {table} WHERE place = ?", place_id)
            self.execute("DELETE FROM place WHERE id = ?", place_id)
        if place_id == self._place_id:
            self._place_id = _NO_PLACE

    # -- base and digests

    def load_base(self) -> dict[str, Entry]:
        return dict(self.each_base())

    def load_digests(self) -> dict[str, CachedDigest]:
        return dict(self.each_digest())

    def count_base(self) -> int:
        return int(self.execute("SELECT count(*) FROM base WHERE place = ?", self._place_id)[0][0])

    def count_digests(self) -> int:
        return int(self.execute("SELECT count(*) FROM digest")[0][0])

    def each_base(self, place_id: int | None = None) -> Iterator[tuple[str, Entry]]:
        """The base of this place, or of another one, in the order of its paths, not held in memory together."""
        query = f"SELECT {BASE_COLUMNS} FROM base WHERE place = ? AND path > ? ORDER BY path LIMIT {_page()}"
        return self._read("base", base_row, query, self._place_id if place_id is None else place_id)

    def forget_base(self, place_id: int, paths: Iterable[str]) -> None:
        """Drop paths from the base of a place."""
        self.execute_many("DELETE FROM base WHERE place = ? AND path = ?", [(place_id, path) for path in paths])

    def each_digest(self) -> Iterator[tuple[str, CachedDigest]]:
        """The whole digest cache, likewise."""
        query = f"SELECT {DIGEST_COLUMNS} FROM digest WHERE path > ? ORDER BY path LIMIT {_page()}"
        return self._read("digest", digest_row, query)

    def known(self, path: str) -> tuple[Entry | None, CachedDigest | None]:
        """Memory of one path: base entry and digests."""
        bases = self.execute(f"SELECT {BASE_COLUMNS} FROM base WHERE place = ? AND path = ?", self._place_id, path)
        digests = self.execute(f"SELECT {DIGEST_COLUMNS} FROM digest WHERE path = ?", path)
        with self.rows_of("base"):
            entry = base_row(bases[0])[1] if bases else None
        with self.rows_of("digest"):
            return entry, digest_row(digests[0])[1] if digests else None

    def _read(
        self, table: str, decode: Callable[[Row], tuple[str, T]], query: str, *values: object
    ) -> Iterator[tuple[str, T]]:
        after = ""
        while rows := self.execute(query, *values, after):
            with self.rows_of(table):
                found = list(map(decode, rows))
                if found[-1][0] <= after:
                    raise ValueError("the same rows come again")
            yield from found
            after = found[-1][0]

    def save(
        self,
        *,
        base: Mapping[str, Entry | None] | None = None,
        digests: Mapping[str, CachedDigest] | None = None,
        forget_digests: Iterable[str] = (),
    ) -> None:
        """One transaction: base entries set or, when None, dropped; digests set or forgotten."""
        base, digests = base or {}, digests or {}
        kept = [(path, e) for path, e in base.items() if e is not None]
        with self.transaction():
            if kept:
                place = self.enter_place()
                rows = [(place, path, e.size, e.md5, e.etag) for path, e in kept]
                self.execute_many("INSERT OR REPLACE INTO base VALUES (?, ?, ?, ?, ?)", rows)
            gone = [(self._place_id, path) for path, e in base.items() if e is None]
            self.execute_many("DELETE FROM base WHERE place = ? AND path = ?", gone)
            self.execute_many("DELETE FROM digest WHERE path = ?", [(path,) for path in forget_digests])
            self.execute_many(
                f"INSERT OR REPLACE INTO digest ({DIGEST_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(path, d.size, d.mtime_ns, d.inode, d.xxh3, d.md5, d.ctime_ns) for path, d in digests.items()],
            )

    def forget_elsewhere(self, paths: Iterable[str], *, in_any_case: bool = False) -> None:
        """Drop paths from the bases of all other places.

        For files that a run takes away from this disk: in another place, their absence is no wish to delete them.
        `in_any_case`: this disk ignores case, and has one file where two places spell its name in two ways.
        """
        gone = list(paths)
        if in_any_case:
            folded = set(map(without_case, gone))
            gone = [path for path in self._each_elsewhere() if without_case(path) in folded]
        self.execute_many("DELETE FROM base WHERE path = ? AND place <> ?", [(path, self._place_id) for path in gone])

    def _each_elsewhere(self) -> Iterator[str]:
        for (place,) in self.execute("SELECT id FROM place WHERE id <> ?", self._place_id):
            yield from (path for path, _ in self.each_base(place))

    def paths_elsewhere(self) -> Iterator[str]:
        """The paths that are in the base of another place and not in this one's."""
        query = (
            f"SELECT {BASE_COLUMNS} FROM base WHERE place <> ? AND path NOT IN (SELECT path FROM base WHERE place = ?)"
            f" AND path > ? GROUP BY path ORDER BY path LIMIT {_page()}"
        )
        return (path for path, _ in self._read("base", base_row, query, self._place_id, self._place_id))

    # -- facts

    def fact(self, name: str) -> str | None:
        """Something that was found out once, as whether a store honours conditions."""
        rows = self.execute("SELECT value FROM fact WHERE name = ?", name)
        with self.rows_of("fact"):
            return fact_row(rows[0]) if rows else None

    def remember(self, name: str, value: str) -> None:
        self.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", name, value)

    def facts(self, beginning: str) -> list[str]:
        """The values of all facts whose names begin so, in the order of their names."""
        query = "SELECT value FROM fact WHERE substr(name, 1, ?) = ? ORDER BY name"
        rows = self.execute(query, len(beginning), beginning)
        with self.rows_of("fact"):
            return list(map(fact_row, rows))

    def forget_facts(self, names: Iterable[str]) -> None:
        self.execute_many("DELETE FROM fact WHERE name = ?", [(name,) for name in names])

    def raw_facts(self, beginning: str, most: int) -> list[tuple[bytes, bytes]]:
        """Ends of the names of up to `most` facts that begin so, and their values, cut a little beyond `MOST_TEXT`
        characters: as bytes, whatever anybody wrote there."""
        query = (
            "SELECT CAST(substr(name, ?1 + 1, ?2) AS BLOB), CAST(substr(value, 1, ?2) AS BLOB) FROM fact"
            " WHERE substr(name, 1, ?1) = ?3 ORDER BY name LIMIT ?4"
        )
        return self.execute(query, len(beginning), MOST_TEXT + 1, beginning, most)

    def forget_raw(self, beginning: str, rests: Iterable[bytes] | None = None) -> None:
        """Forget the facts of these names, as `raw_facts` has them, or all that begin so."""
        sql = "DELETE FROM fact WHERE substr(name, 1, ?1) = ?2"
        if rests is None:
            self.execute(sql, len(beginning), beginning)
            return
        sql += " AND CAST(substr(name, ?1 + 1, ?3) AS BLOB) = ?4"
        self.execute_many(sql, [(len(beginning), beginning, MOST_TEXT + 1, rest) for rest in rests])


def _page() -> int:
    """Rows that are read together."""
    return limits.now.entries_at_once
