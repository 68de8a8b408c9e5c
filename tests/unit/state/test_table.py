"""Tables are dictionaries, in memory as in their file; and windows see each entry once, beside those of its name."""

from __future__ import annotations

import copy
import gc
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from s3sync.core.entries import Entry
from s3sync.core.manifest.record import FileRecord
from s3sync.errors import DiskFull, LocalError
from s3sync.local.scan import LocalFile
from s3sync.shared.scan import RemoteFile
from s3sync.spill.table import SpilledDict, merge_by_path
from s3sync.state.memory import CachedDigest
from tests.kit.limits import limit

PATHS = st.one_of(st.sampled_from(["a", "b", "a/b", "z", "é", "😀", "a b"]), st.text("ab/é", min_size=1, max_size=4))


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, entries_in_memory=5, entries_at_once=3)


class LikeADictionary(RuleBasedStateMachine):
    """Whatever is done to a table and to a dictionary, they stay equal."""

    paths = Bundle("paths")

    @initialize()
    def begin(self) -> None:
        self.table, self.model = SpilledDict(Entry), dict[str, Entry]()

    @rule(target=paths, path=PATHS, size=st.integers(0, 99))
    def put(self, path: str, size: int) -> str:
        self.table[path] = self.model[path] = Entry(size, "m" * 32)
        return path

    @rule(path=st.one_of(paths, PATHS))
    def take(self, path: str) -> None:
        if path in self.model:
            del self.model[path]
            del self.table[path]
        else:
            with pytest.raises(KeyError):
                del self.table[path]

    @rule(path=st.one_of(paths, PATHS))
    def look(self, path: str) -> None:
        assert self.table.get(path) == self.model.get(path)
        assert (path in self.table) == (path in self.model)

    @rule()
    def go_on_with_a_copy(self) -> None:
        other = copy.copy(self.table)
        self.table["only here"] = Entry(1)
        self.table = other

    @rule(after=PATHS, count=st.integers(1, 4))
    def slice(self, after: str, count: int) -> None:
        expected = sorted(path for path in self.model if path > after)[:count]
        assert list(self.table.slice(after, count).items()) == [(path, self.model[path]) for path in expected]

    @invariant()
    def equal(self) -> None:
        assert dict(self.table.items()) == self.model
        assert len(self.table) == len(self.model)
        assert bool(self.table) == bool(self.model)


def test_a_table_is_a_dictionary(few: None) -> None:
    run_state_machine_as_test(LikeADictionary, settings=settings(max_examples=60, stateful_step_count=30))


FILES = st.dictionaries(PATHS, st.integers(0, 9), max_size=12)


@given(dicts=st.lists(FILES, min_size=1, max_size=4))
def test_windows_put_beside_each_other_what_has_one_name(dicts: list[dict[str, int]]) -> None:
    sides = [SpilledDict(int) for _ in dicts]
    for side, entries in zip(sides, dicts, strict=True):
        side.update(entries)
    joined: list[dict[str, int]] = [{} for _ in dicts]
    met: set[str] = set()
    for window in merge_by_path(*sides):
        names = set().union(*window)
        assert not names & met
        assert not met or not names or max(met) < min(names)
        met |= names
        for whole, part in zip(joined, window, strict=True):
            whole.update(part)
    assert joined == dicts


@pytest.mark.parametrize(
    "value",
    [
        Entry(1, None, "e", 5),
        LocalFile("/x/ä", 2**40, -5, 2**63, -6),
        FileRecord("a", 1, "jan", "2025-01-01T00:00:00Z", part_size=5),
        CachedDigest(1, 2, 3, None, "m"),
        RemoteFile("k", Entry(1, "m", "e"), FileRecord("a", 1, "jan", "t")),
    ],
)
def test_what_comes_back_from_the_file_is_equal(value: object) -> None:
    table = SpilledDict(type(value))
    for number in range(20):
        table[str(number)] = value
    assert not table.in_memory
    assert list(table.values()) == [value] * 20
    assert table["7"] == value


def test_many_threads_may_read_one_table() -> None:
    table = SpilledDict(int)
    table.update((f"{number:05}", number) for number in range(2000))
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda number: table[f"{number:05}"], range(2000))) == list(range(2000))


def test_a_table_leaves_nothing_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    table = SpilledDict(str)
    table.update((f"{number:05}", "x" * 1000) for number in range(5000))
    assert list(tmp_path.iterdir()) == []
    connection = table._file.connection  # type: ignore[union-attr]
    del table
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_f14_a_full_disk_is_one_clear_error() -> None:
    table = SpilledDict(str)
    table.update((str(number), "x") for number in range(9))
    connection = table._file.connection  # type: ignore[union-attr]
    connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(DiskFull, match="temporary file") as caught:
        table.update((f"{number:09}", "x" * 500) for number in range(200))
    assert "TMPDIR" in str(caught.value.hint)


def test_f14_a_file_that_cannot_be_read_is_one_clear_error() -> None:
    table = SpilledDict(str)
    table.update((str(number), "x") for number in range(9))
    table._file.connection.execute("DROP TABLE entry")  # type: ignore[union-attr]
    with pytest.raises(LocalError, match="temporary file"):
        table.get("nobody")
