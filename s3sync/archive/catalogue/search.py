"""Search in the catalogue: members by name or digest, units by name."""

from __future__ import annotations

from collections.abc import Iterator

from s3sync.archive.catalogue import pieces, schema
from s3sync.archive.catalogue.globs import WILD, as_glob, patterns_of
from s3sync.archive.catalogue.schema import FOUND_COLUMNS, folded
from s3sync.core.archive.records import FoundMember
from s3sync.state.sqlite import Database

_HITS_AT_ONCE = 2_000
_FILTERS_AT_ONCE = 5_000
_MOST_BLOCKS, _MOST_SHARE = 200, 5
"""Blocks of members that are looked through one by one: so many, or a fifth of all. The names of all blocks are read in
the time that the rows of half of them take."""
_COMMON = 20_000
"""Hits in blocks from which on a name is common, and soon found among all names."""
_IN_BLOCK = "SELECT name, archive, n FROM member WHERE archive = ? AND n >= ? AND n < ? AND name GLOB ?"
_IN_SHARED = """SELECT m.name, m.archive, m.n FROM archive a CROSS JOIN member m ON m.archive = a.id
    WHERE a.id >= ? AND a.id < ? AND NOT EXISTS (SELECT 1 FROM piece p WHERE p.archive = a.id) AND m.name GLOB ?"""
MOST_NAME = 4096
"""Characters of a name that is searched for: no path is longer."""

MOST_UNITS = 10_000


class Searching(Database):
    """The questions that a catalogue answers about what is in its archives."""

    def find(
        self, name: str | None = None, *, md5: str | None = None, sha256: str | None = None, limit: int = 1000
    ) -> list[FoundMember]:
        """Members by name, or by a digest. The name is a glob, or else the beginning or any part, in any case.

        With `/` in it, all of the path must match its end. A beginning is found at once among millions of members,
        and so is mostly any other part (`pieces`); one that may be in many blocks by a look at all names.
        """
        if md5 is not None:
            return self._found("a.md5 = ?", [schema.text(md5.lower())], limit)
        if sha256 is not None:
            return self._found(
                "m.head = ? AND m.sha256 = ?", [schema.head_of(sha256), schema.text(sha256.lower())], limit
            )
        name = schema.text(name or "")
        if len(name) > MOST_NAME:
            return []
        folder, _, last = name.rpartition("/")
        end: list[object] = [f"*{name}", name] if folder else []
        patterns = patterns_of(folded(last))
        if folder and not set(WILD) & set(last):
            del patterns[1:]  # a path that ends in it has a name that begins with it
        in_folder = " AND (m.path GLOB ? OR a.unit || '/' || m.path GLOB ?)" if folder else ""
        for pattern in patterns:
            start = pattern[: min(pattern.find(sign) for sign in WILD if sign in pattern)]
            if start:
                where = f"m.name >= ? AND m.name < ? AND m.name GLOB ?{in_folder}"
                found = self._found(where, [start, f"{start}\U0010ffff", pattern, *end], limit)
            else:
                found = self._found_anywhere(pattern, in_folder, end, limit)
            if found:
                return found
        return []

    def _found_anywhere(self, pattern: str, in_folder: str, end: list[object], limit: int) -> list[FoundMember]:
        """Members whose name fits, wherever: at first the names alone, as rows take ten times as long."""
        found: list[FoundMember] = []
        blocks = self._blocks_with(pattern)
        hits = None if blocks is None else self._hits_in(blocks, pattern)
        for archive, n in self._hits_everywhere(pattern) if hits is None else hits:
            found += self._found(f"m.archive = ? AND m.n = ?{in_folder}", [archive, n, *end], 1)
            if len(found) == limit:
                break
        return found

    def _blocks_with(self, pattern: str) -> list[pieces.Place] | None:
        """The blocks of members whose names may fit; None for too many, and where the pattern tells nothing."""
        wanted, found, after, count = pieces.numbers_of(pattern), list[pieces.Place](), 0, 0
        if not wanted:
            return None
        while filters := self.execute(
            "SELECT rowid, archive, first, bits FROM piece WHERE rowid > ? ORDER BY rowid LIMIT ?",
            after, _FILTERS_AT_ONCE,
        ):  # fmt: skip
            with self.rows_of("piece"):
                found += [pieces.Place(int(at), int(n)) for _, at, n, bits in filters if pieces.has_all(bits, wanted)]
            count += len(filters)
            after = filters[-1][0]
        return found if len(found) <= max(_MOST_BLOCKS, count // _MOST_SHARE) else None

    def _hits_in(self, blocks: list[pieces.Place], pattern: str) -> Iterator[tuple[int, int]] | None:
        """Members of some blocks whose name fits, by name; None for too many."""
        hits = set[tuple[str, int, int]]()
        for block in blocks:
            if block.archive < 0:
                hits.update(self.execute(_IN_SHARED, *block.archives, pattern))
            else:
                begin, end = block.first, block.first + pieces.BLOCK
                hits.update(self.execute(_IN_BLOCK, block.archive, begin, end, pattern))
            if len(hits) > _COMMON:
                return None
        return ((archive, n) for _, archive, n in sorted(hits))

    def _hits_everywhere(self, pattern: str) -> Iterator[tuple[int, int]]:
        """Members whose name fits, by name, of all names in their index."""
        after: tuple[object, ...] = ("", -1, -1)
        while True:
            hits = self.execute(
                "SELECT m.name, m.archive, m.n FROM member m"
                " WHERE m.name GLOB ? AND (m.name, m.archive, m.n) > (?, ?, ?) ORDER BY m.name, m.archive, m.n LIMIT ?",
                pattern, *after, _HITS_AT_ONCE,
            )  # fmt: skip
            yield from ((archive, n) for _, archive, n in hits)
            if len(hits) < _HITS_AT_ONCE:
                return
            after = hits[-1]

    def units_like(self, name: str) -> list[str]:
        """Ids of units that have a text in them, without case."""
        if len(name) > MOST_NAME:
            return []
        pattern = f"*{as_glob(folded(name))}*" if not set(WILD) & set(name) else folded(name)
        rows = self.execute("SELECT DISTINCT unit FROM archive WHERE name GLOB ? ORDER BY unit", pattern)
        return [str(row[0]) for row in rows]

    def units_begun(self, word: str, limit: int = MOST_UNITS) -> list[str]:
        """Ids of units that begin with a word, or whose last name does, without case."""
        if not 0 < len(word) <= MOST_NAME:
            return []
        name = folded(word)
        rows = self.execute(
            "SELECT DISTINCT unit FROM archive WHERE (name >= ? AND name < ?) OR name GLOB ? ORDER BY unit LIMIT ?",
            name, f"{name}\U0010ffff", f"*/{as_glob(name)}*", limit,
        )  # fmt: skip
        return [str(row[0]) for row in rows]

    def _found(self, where: str, values: list[object], limit: int) -> list[FoundMember]:
        rows = self.execute(
            f"SELECT {FOUND_COLUMNS} FROM member m JOIN archive a ON a.id = m.archive"
            f" WHERE {where} AND a.status IN ('stored', 'adopted', 'proposed') ORDER BY m.name, m.archive, m.n LIMIT ?",
            *values, limit,
        )  # fmt: skip
        with self.rows_of("member"):
            return [schema.found_row(row) for row in rows]
