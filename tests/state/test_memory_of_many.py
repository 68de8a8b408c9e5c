"""What is held of each file of a project: entries of tables not at all, nor the text of metadata.json."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from hashlib import md5
from pathlib import Path

import pytest

from s3sync.core import manifest
from s3sync.core.edits import Edits
from s3sync.core.entries import Entry
from s3sync.core.manifest import FileRecord, Manifest
from s3sync.state.manifest_store import read_manifest, write_edits
from s3sync.state.table import MOST_IN_MEMORY, Table, windows
from s3sync.store import StoreOptions, open_store
from s3sync.store.port import Create, Headers
from s3sync.store.s3.rounds import Names
from tests.manifests import text_of
from tests.state.conftest import PREFIX

MANY = 40_000
MIB = 1024 * 1024


def path(number: int) -> str:
    return f"folder {number // 100:04}/file {number:06}.mp4"


@pytest.fixture
def peak_mib() -> Iterator[Callable[[], float]]:
    """How much more than now was held at most, so far."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1] / MIB
    tracemalloc.stop()


def test_tables_are_not_in_memory(peak_mib: Callable[[], float]) -> None:
    here, there = Table(Entry), Table(Entry)
    for number in range(MANY):
        here[path(number)] = Entry(number, f"{number:032}", None, number)
        there[path(number)] = Entry(number, f"{number:032}", f"{number:032}")
    assert sum(len(mine) for mine, theirs in windows(here, there) if mine.keys() == theirs.keys()) == MANY
    assert peak_mib() < 2 * MOST_IN_MEMORY * 600 / MIB + 4


def test_names_that_come_in_order_take_a_few_bytes(peak_mib: Callable[[], float]) -> None:
    names = Names()
    assert all(names.add(path(number)) for number in range(MANY))
    assert len(names) == MANY
    assert peak_mib() < 2
    assert not names.add(path(7))
    assert names.add("another")
    assert len(names) == MANY + 1


def record(number: int) -> FileRecord:
    digest = f"{number:032}"
    return FileRecord(path(number), 64, "jan", "2025-11-03T10:00:00Z", md5=digest, etag=digest)


def test_the_text_of_a_manifest_is_never_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "refuse_reason", lambda name: None)  # it keeps what it said of some of the names
    store = open_store((tmp_path / "store").as_uri(), StoreOptions(create=True))
    plain = Manifest("b63-flivideo", "v-appydave", files={path(number): record(number) for number in range(MANY)})
    text = text_of(plain)
    size = len(text) / MIB
    store.put(f"{PREFIX}metadata.json", text, mode=Create(), headers=Headers(), md5=md5(text).digest())
    del text
    tracemalloc.start()
    known = read_manifest(store, PREFIX)
    reading = tracemalloc.get_traced_memory()[1] / MIB
    tracemalloc.reset_peak()
    write_edits(store, PREFIX, known, Edits("jan", "2025-11-03T10:00:00Z", "jans-mac"))
    writing = tracemalloc.get_traced_memory()[1] / MIB
    tracemalloc.stop()
    assert dict(known.manifest.files) == plain.files
    assert read_manifest(store, PREFIX).manifest.revision == 1
    entries_of_the_table, pieces = 1.5, 2.5
    assert reading < entries_of_the_table + pieces < size / 2
    assert writing < entries_of_the_table + pieces
