"""What is held of each file of a project: entries of tables not at all, nor the text of metadata.json."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import md5
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from s3sync.core import limits
from s3sync.core.entries import Entry
from s3sync.core.manifest.edits import Edits
from s3sync.core.manifest.record import FileRecord, Manifest
from s3sync.core.names import refuse
from s3sync.core.times import moment
from s3sync.local.scan import LocalFile, LocalScan, scan_folder
from s3sync.shared.manifest import StoredManifest, read_manifest, write_edits
from s3sync.shared.scan import COPY_FROM, RemoteFile, RemoteScan, _match
from s3sync.spill.table import SpilledDict, merge_by_path
from s3sync.state.memory import CachedDigest
from s3sync.store import StoreOptions, open_store
from s3sync.store.folder.layout import Layout
from s3sync.store.folder.listing import _entries
from s3sync.store.lanes.attempts import Retries
from s3sync.store.lanes.limiter import Limiter
from s3sync.store.lanes.listing import list_objects
from s3sync.store.lanes.rounds import Names
from s3sync.store.port import Create, Headers, ObjectInfo
from s3sync.sync.case import take_the_remotes_case
from s3sync.sync.twins import hide_twins
from s3sync.sync.view import View
from tests.kit.manifests import text_of
from tests.unit.state.conftest import PREFIX

pytestmark = pytest.mark.slow

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
    here, there = SpilledDict(Entry), SpilledDict(Entry)
    for number in range(MANY):
        here[path(number)] = Entry(number, f"{number:032}", None, number)
        there[path(number)] = Entry(number, f"{number:032}", f"{number:032}")
    assert sum(len(mine) for mine, theirs in merge_by_path(here, there) if mine.keys() == theirs.keys()) == MANY
    assert peak_mib() < 2 * limits.now.entries_in_memory * 600 / MIB + 4


def test_names_that_come_in_order_take_a_few_bytes(peak_mib: Callable[[], float]) -> None:
    """Also when a listing begins anew, and gives what it did not give before."""
    names = Names()
    assert all(names.add(path(number)) for number in range(MANY) if number % 3)
    assert sum(names.add(path(number)) for number in range(MANY)) == len(range(0, MANY, 3))
    assert not any(names.add(path(number)) for number in range(0, MANY, 7))
    assert len(names) == MANY
    assert peak_mib() < 2
    assert names.add("another") and not names.add("another")
    assert len(names) == MANY + 1


def record(number: int) -> FileRecord:
    digest = f"{number:032}"
    return FileRecord(path(number), 64, "jan", "2025-11-03T10:00:00Z", md5=digest, etag=digest)


def test_the_text_of_a_manifest_is_never_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "s3sync.core.manifest.parse.refuse_reason", lambda name: None
    )  # it keeps what it said of some of the names
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


def spelled_otherwise(number: int) -> str:
    return path(number).replace("folder", "Folder")


def seen_of(mine: Callable[[int], str], theirs: Callable[[int], str]) -> View:
    """Many files on both sides, and in the base as they are here."""
    files, objects, base = SpilledDict(LocalFile, MANY), SpilledDict(RemoteFile, MANY), SpilledDict(Entry, MANY)
    for number in range(MANY):
        files[mine(number)] = LocalFile("", 1, 2, number, 3)
        base[mine(number)] = Entry(1, "m")
        objects[theirs(number)] = RemoteFile("", Entry(1, "m", "e"), FileRecord("", 1, "jan", ""))
    there = RemoteScan(StoredManifest(Manifest("p", "r"), None), objects)
    return View(base, LocalScan(files), there, SpilledDict(CachedDigest))


@contextmanager
def at_most(mib: float) -> Iterator[None]:
    """What is done meanwhile must never hold more than so much beyond what there was before."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1] / MIB
    finally:
        tracemalloc.stop()
    assert peak < mib


@pytest.mark.parametrize("blind", [False, True])
def test_names_that_one_disk_can_hold_are_not_collected(blind: bool) -> None:
    seen = seen_of(path, path)
    with at_most(2):
        hide_twins(seen, blind)
    assert not seen.hidden


@pytest.mark.parametrize(("theirs", "mib"), [(path, 2), (spelled_otherwise, 4)])
def test_spellings_of_the_remote_are_not_collected(theirs: Callable[[int], str], mib: float) -> None:
    seen = seen_of(path, theirs)
    with at_most(mib):
        base = take_the_remotes_case(seen.base, seen.here, seen.there)
    assert len(base) == len(seen.here.files) == MANY
    assert theirs(7) in base and theirs(7) in seen.here.files


def test_a_folder_of_very_many_files_is_not_in_memory(tmp_path: Path) -> None:
    for number in range(MANY):
        os.close(os.open(tmp_path / f"frame.{number:06}.exr", os.O_CREAT | os.O_WRONLY))
    refuse.cache_clear()
    with at_most(9):  # the answers about names that are remembered are most of it
        assert len(scan_folder(tmp_path, lambda path: False, MANY).files) == MANY
    with at_most(1):
        assert sum(1 for _ in _entries(Layout(tmp_path).folder())) == MANY


def test_empty_objects_of_a_bucket_are_not_collected() -> None:
    def pages(prefix: str, after: str = "") -> Iterator[list[ObjectInfo]]:
        for start in range(0, MANY, 1000):
            yield [ObjectInfo(prefix + path(number), 0, "e", moment(0)) for number in range(start, start + 1000)]

    fast: Any = SimpleNamespace(
        pages=pages,
        server="a server",
        cannot=lambda key: False,
        attempts=lambda doing: Retries(Limiter(), "a server", doing),
    )
    full: Any = SimpleNamespace(list_objects=lambda prefix, after="": chain.from_iterable(pages(prefix)))
    with at_most(3):
        assert sum(info.size == 0 for info in list_objects(fast, full, "p/")) == MANY


def test_what_a_scan_finds_of_the_remote_is_not_in_memory() -> None:
    scan = RemoteScan(StoredManifest(Manifest("p", "r"), None), SpilledDict(RemoteFile, MANY))
    records, objects = SpilledDict(FileRecord, MANY), SpilledDict(ObjectInfo, MANY)
    for number in range(MANY):
        objects[path(number)] = ObjectInfo(path(number), COPY_FROM + number, "e", moment(0))
        for name in (path(number), f"gone {number}"):
            records[name] = FileRecord(name, COPY_FROM + number, "jan", "t", etag="e")
    with at_most(8):
        assert not _match(scan, records, objects, lambda name: False)
    assert len(scan.without_md5) == len(scan.vanished) == MANY
