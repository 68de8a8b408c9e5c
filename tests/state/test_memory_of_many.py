"""What is held of each file of a project: entries of tables not at all, metadata.json not more than its text."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from s3sync.core.entries import Entry
from s3sync.core.manifest import FileRecord, Manifest, parse, render
from s3sync.state.table import MOST_IN_MEMORY, Table, windows
from s3sync.store.s3.rounds import Names
from tests.manifests import text_of

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


def test_a_manifest_is_read_and_written_in_little_more_than_its_text() -> None:
    record = {"size_bytes": 64, "uploaded_by": "jan", "uploaded_at": "2025-11-03T10:00:00Z"}
    digests = [f"{number:032}" for number in range(MANY)]
    files = [{"name": path(number), "md5": it, "etag": it, **record} for number, it in enumerate(digests)]
    text = json.dumps({"project_id": "p", "repo": "r", "files": files}, indent=2).encode()
    del files, digests
    tracemalloc.start()
    manifest = parse(text, lambda count: Table(FileRecord, count))
    reading = tracemalloc.get_traced_memory()[1] / MIB
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    size = sum(map(len, render(manifest)))
    writing = (tracemalloc.get_traced_memory()[1] - before) / MIB
    tracemalloc.stop()
    assert len(manifest.files) == MANY
    assert parse(text_of(manifest)) == Manifest("p", "r", files=dict(manifest.files))
    assert reading < 12  # beside its 10 MiB of text: where each record stands in it
    assert writing < 8 < size / MIB
