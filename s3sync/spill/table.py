"""Dictionaries by path whose memory is bounded: beyond a number of entries they continue in a temporary file.

A run holds several entries for each file of a project, and a project may have any number of files.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from bisect import bisect_right
from collections.abc import ItemsView, Iterator, Mapping, MutableMapping, Sequence, ValuesView
from typing import Any, Generic, TypeVar, overload

from s3sync.core import limits
from s3sync.errors import DiskFull, LocalError
from s3sync.spill.coding import decoder, encode

T = TypeVar("T")
D = TypeVar("D")


class _File:
    """Rows of path and value in a file that has no name: SQLite deletes it at once (sqlite.org/inmemorydb.html)."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._lock = threading.Lock()
        weakref.finalize(self, self.connection.close)
        for pragma in ("page_size = 8192", "cache_size = -500", "journal_mode = OFF", "synchronous = OFF"):
            self.run(f"PRAGMA {pragma}")
        self.run("CREATE TABLE entry (path TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")

    def run(self, sql: str, *values: object) -> list[Any]:
        """The rows of one statement. Raises `DiskFull`, `LocalError`."""
        try:
            with self._lock:
                return self.connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise _translated(error) from error

    def put(self, rows: Sequence[tuple[str, bytes]]) -> None:
        """Write rows, over those that have the same path. Raises as `run`."""
        try:
            with self._lock:
                self.connection.execute("BEGIN")
                self.connection.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", rows)
                self.connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise _translated(error) from error

    def copy_to(self, other: _File) -> None:
        """Raises as `run`."""
        try:
            with self._lock:
                self.connection.backup(other.connection)
        except sqlite3.Error as error:
            raise _translated(error) from error


def _translated(error: sqlite3.Error) -> LocalError:
    if "full" in str(error):
        hint = "make room, or set TMPDIR to a folder with more of it"
        return DiskFull("cannot write a temporary file", why="the disk for them is full", hint=hint)
    return LocalError("cannot use a temporary file", why=str(error))


class SpilledDict(MutableMapping[str, T], Generic[T]):
    """A dictionary by path of one kind of struct, or of what else msgspec can encode.

    An entry that is changed has to be put in again: on the disk there are copies. None is no entry. Several threads
    may read a table while nobody writes it. Raises `DiskFull` and `LocalError` where the disk fails.
    """

    def __init__(self, kind: type[T], expected: int = 0) -> None:
        """`expected` is how many entries there will be, if that is known: many go to the disk from the beginning."""
        self._kind = kind
        most = limits.now.entries_in_memory
        self._most = most if expected <= most else limits.now.entries_at_once
        self._held: dict[str, T] = {}  # all entries; once there is a file, those that are not in it yet
        self._order: list[str] | None = None
        self._file: _File | None = None
        self._lock = threading.Lock()

    @property
    def in_memory(self) -> bool:
        return self._file is None

    def __setitem__(self, path: str, value: T) -> None:
        self._held[path] = value
        self._order = None
        if len(self._held) > self._most:
            self._flushed()

    def __getitem__(self, path: str) -> T:
        found = self._look_up(path)
        if found is None:
            raise KeyError(path)
        return found

    @overload
    def get(self, path: str, /) -> T | None: ...
    @overload
    def get(self, path: str, /, default: T | D) -> T | D: ...
    def get(self, path: str, /, default: Any = None) -> Any:
        found = self._look_up(path)
        return default if found is None else found

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._look_up(path) is not None

    def _look_up(self, path: str) -> T | None:
        found = self._held.get(path)
        if found is not None or self._file is None:
            return found
        rows = self._file.run("SELECT value FROM entry WHERE path = ?", path)
        return self._decode(rows[0][0]) if rows else None

    def __delitem__(self, path: str) -> None:
        self._order = None
        if path not in self:
            raise KeyError(path)
        self._held.pop(path, None)
        if self._file is not None:
            self._file.run("DELETE FROM entry WHERE path = ?", path)

    def __len__(self) -> int:
        if self._file is None:
            return len(self._held)
        return int(self._flushed().run("SELECT count(*) FROM entry")[0][0])

    def __iter__(self) -> Iterator[str]:
        """The paths, as everything that goes through a table does, in their order (by code point)."""
        for stretch in self.stretches():
            yield from stretch

    def items(self) -> ItemsView[str, T]:
        return _Items(self)

    def values(self) -> ValuesView[T]:
        return _Values(self)

    def stretches(self) -> Iterator[dict[str, T]]:
        """All entries in the order of their paths, as many at a time as memory may hold."""
        after = ""
        while stretch := self.slice(after, limits.now.entries_at_once):
            yield stretch
            after = next(reversed(stretch))

    def slice(self, after: str, count: int) -> dict[str, T]:
        """The first `count` entries in the order of their paths (by code point) that come after a path."""
        if self._file is None:
            if self._order is None:
                self._order = sorted(self._held)
            start = bisect_right(self._order, after)
            return {path: self._held[path] for path in self._order[start : start + count]}
        query, decode = "SELECT path, value FROM entry WHERE path > ? ORDER BY path LIMIT ?", self._decode
        return {path: decode(value) for path, value in self._flushed().run(query, after, count)}

    def __copy__(self) -> SpilledDict[T]:
        """Another table with the same entries."""
        other = SpilledDict(self._kind)
        if self._file is None:
            other._held = self._held.copy()
        else:
            self._flushed().copy_to(other._flushed())
        return other

    def _flushed(self) -> _File:
        """The file, with all entries in it."""
        with self._lock:
            if self._file is None:
                self._decode = decoder(self._kind)
                self._file, self._most = _File(), limits.now.entries_at_once
            if self._held:
                self._file.put([(path, encode(value)) for path, value in self._held.items()])
                self._held = {}
            return self._file


class _Items(ItemsView[str, T]):
    """Read in order, where looking each of them up would take several times as long."""

    _mapping: SpilledDict[T]

    def __iter__(self) -> Iterator[tuple[str, T]]:
        for stretch in self._mapping.stretches():
            yield from stretch.items()


class _Values(ValuesView[T]):
    _mapping: SpilledDict[T]

    def __iter__(self) -> Iterator[T]:
        for stretch in self._mapping.stretches():
            yield from stretch.values()


def spilled(kind: type[T], entries: Mapping[str, T]) -> SpilledDict[T]:
    """These entries in a table: the same one, if they are in one already."""
    if isinstance(entries, SpilledDict):
        return entries
    table = SpilledDict(kind, len(entries))
    table.update(entries)
    return table


def merge_by_path(*tables: SpilledDict[Any]) -> Iterator[tuple[dict[str, Any], ...]]:
    """The entries of several tables beside each other: one stretch of paths after another, in order.

    Each window has, of each table, all entries within its stretch. Tables that are in memory make one window. They
    may be changed meanwhile, as long as no path is added or taken away.
    """
    if all(table.in_memory for table in tables):
        yield tuple(table._held for table in tables)
        return
    after, count = "", limits.now.entries_at_once
    while True:
        slices = [table.slice(after, count) for table in tables]
        ends = [next(reversed(found)) for found in slices if len(found) == count]
        if not ends:
            yield tuple(slices)
            return
        after = min(ends)
        yield tuple({path: value for path, value in found.items() if path <= after} for found in slices)
