"""Rows are lists, in memory as in their file."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.entries import Entry
from s3sync.core.plan import Action, Do
from s3sync.errors import DiskFull, LocalError
from s3sync.spill import scratch as temporary
from s3sync.spill.sequence import SpilledList
from tests.kit.limits import limit

LENGTHS = (0, 1, 5, 6, 7, 8, 9, 10, 30)
"""Around what is held in memory (5), and what is written together (3)."""


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, entries_in_memory=5, entries_at_once=3)


@given(st.lists(st.integers(0, 9), max_size=30), st.lists(st.integers(0, 9), max_size=30))
def test_like_a_list(first: list[int], then: list[int]) -> None:
    rows, model = SpilledList(int, first), list(first)
    assert rows == model and list(rows) == model
    rows.extend(then)
    model.extend(then)
    assert rows.in_memory == (len(model) <= 5)
    assert (
        len(rows) == len(model)
        and bool(rows) == bool(model)
        and list(rows) == model
        and rows == SpilledList(int, model)
    )
    assert [rows[number] for number in range(-len(model), len(model))] == model * 2
    assert rows[1:7] == model[1:7] and rows[::-1] == model[::-1] and list(reversed(rows)) == model[::-1]
    assert (rows == first) == (model == first) and rows != SpilledList(int, [*model, 1])


@given(st.lists(st.tuples(st.text("ab é😀/", max_size=2), st.integers(0, 3)), max_size=30))
def test_ordered_like_a_list(items: list[tuple[str, int]]) -> None:
    rows = SpilledList(tuple[str, int], items)
    rows.sort(key=lambda item: item[0])
    assert list(rows) == sorted(items, key=lambda item: item[0])
    rows.append(("z", 1))
    assert rows[-1] == ("z", 1) and len(rows) == len(items) + 1


@pytest.mark.parametrize("length", LENGTHS)
def test_what_is_shed_is_there_all_the_same(length: int) -> None:
    rows = SpilledList(int, range(length))
    rows.flush()
    assert rows.in_memory == (length < 3) and len(rows._held) < 3
    assert rows == list(range(length)) and len(rows) == length
    rows.append(length)
    assert rows == list(range(length + 1))


@pytest.mark.parametrize("length", LENGTHS)
def test_no_index_beyond_the_end(length: int) -> None:
    rows = SpilledList(int, range(length))
    for index in (length, -length - 1):
        with pytest.raises(IndexError):
            rows[index]


def test_shown_like_a_list_and_only_its_beginning() -> None:
    assert repr(SpilledList(int, range(2))) == "[0, 1]"
    assert repr(SpilledList(int, range(3))) == "[0, 1, 2]"
    assert repr(SpilledList(int, range(10))) == "[0, 1, 2, ...]"


def test_what_is_in_it_comes_back_as_it_was() -> None:
    actions = [Action(Do.UPLOAD, f"{n}/ü", Entry(n, None, None, 10**18), None, n == 3, None) for n in range(12)]
    assert list(SpilledList(Action, actions)) == actions


def test_it_can_be_read_while_it_is_read() -> None:
    rows = SpilledList(int, range(20))
    assert [(one, other) for one in rows for other in rows] == [(a, b) for a in range(20) for b in range(20)]


def test_the_file_has_no_name_and_goes_with_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    opened = Path("/proc/self/fd")
    if not opened.is_dir():
        pytest.skip("asks /proc")
    gc.collect()
    before = len(os.listdir(opened))
    rows = SpilledList(int, range(20))
    assert not list(tmp_path.iterdir()) and len(os.listdir(opened)) == before + 1
    del rows
    gc.collect()
    assert len(os.listdir(opened)) == before


@pytest.mark.parametrize(("folder", "error"), [("/nowhere", LocalError), ("/dev/full", LocalError)])
def test_a_disk_that_fails_is_told(folder: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporary, "_folder", lambda: folder)
    with pytest.raises(error, match="temporary file"):
        SpilledList(int, range(20))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "r+b", buffering=0) as full:
        monkeypatch.setattr("s3sync.spill.sequence.unnamed_file", lambda: full)
        with pytest.raises(DiskFull):
            SpilledList(int, range(20))


def test_where_temporary_files_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in memory, which is what `/tmp` is on many systems, unless the user says so."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "given"))
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(temporary, "LASTING", str(tmp_path))
    assert temporary._folder() == str(tmp_path)
    monkeypatch.setattr(temporary, "LASTING", str(tmp_path / "nowhere"))
    assert temporary._folder() == str(tmp_path / "given")
    monkeypatch.setattr(temporary, "LASTING", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "given"))
    assert temporary._folder() == str(tmp_path / "given")
