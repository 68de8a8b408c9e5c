"""Small files down, several in one go: each by itself arrives verified and synced, or fails and leaves nothing."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
import xxhash
from msgspec.structs import replace

from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import (
    ChecksumMismatch,
    DiskFull,
    Interrupted,
    LocalError,
    NotFound,
    PreconditionFailed,
    S3syncError,
    Unreachable,
)
from s3sync.local.digests import Digests
from s3sync.store import Store
from s3sync.store.port import Headers, Overwrite
from s3sync.transfer.fetch import small as small_download
from s3sync.transfer.fetch.small import SMALL, download_together
from s3sync.transfer.fetch.wanted import SPARE_BYTES, Downloaded, Wanted
from s3sync.transfer.pool import Pool, Result
from s3sync.transfer.progress import Progress, Work
from tests.unit.transfer.conftest import Altered, Ending, Watcher, content_of, fetch, names, transport

SIZES = (4096, 0, 1, SMALL, 4097)


def put(store: Store, number: int, content: bytes) -> Wanted:
    key, digest = f"project/{number}.txt", md5(content)
    etag = store.put(key, content, mode=Overwrite(), headers=Headers(), md5=digest.digest()).etag
    return Wanted(f"{number}.txt", key, len(content), etag, digest.hexdigest())


def together(
    store: Any, wanted: list[Wanted], folder: Path, pool: Pool, progress: Progress | None = None
) -> list[Result[Downloaded]]:
    with transport(store, pool, folder.parent / "memory", progress) as way:
        return download_together(way, wanted, GuardedFolder.open(folder))


def errors(settled: list[Result[Downloaded]]) -> list[type[BaseException] | None]:
    return [error_of(one) for one in settled]


def error_of(one: Result[Downloaded]) -> type[BaseException] | None:
    try:
        one.result()
    except S3syncError as error:
        return type(error)
    return None


@pytest.fixture
def contents() -> list[bytes]:
    return [content_of(size) for size in SIZES]


@pytest.fixture
def wanted(store: Store, contents: list[bytes]) -> list[Wanted]:
    return [put(store, number, content) for number, content in enumerate(contents)]


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[tuple[int, bytes]]]:
    """The files that were synced, with what they held then."""
    found: set[tuple[int, bytes]] = set()
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        status = os.fstat(descriptor)
        with open(f"/proc/self/fd/{descriptor}", "rb") as file:
            found.add((status.st_ino, file.read()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    yield found


def test_all_come_verified(
    store: Store, pool: Pool, partial: Path, wanted: list[Wanted], contents: list[bytes]
) -> None:
    watcher = Watcher()
    got = [one.result() for one in together(store, wanted, partial, pool, watcher)]
    assert [one.temp.read_bytes() for one in got] == contents
    assert [one.digests for one in got] == [
        Digests(xxhash.xxh3_128_hexdigest(content), md5(content).hexdigest()) for content in contents
    ]
    assert [one.bytes_received for one in got] == list(SIZES)
    assert [watcher.bytes[Work.DOWNLOAD, one.path] for one in wanted] == list(SIZES)
    assert sorted(names(partial)) == sorted(one.temp.name for one in got)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="looks at what stands behind a descriptor")
def test_each_is_synced_whole(
    store: Store,
    pool: Pool,
    partial: Path,
    wanted: list[Wanted],
    contents: list[bytes],
    synced: set[tuple[int, bytes]],
) -> None:
    got = [one.result() for one in together(store, wanted, partial, pool)]
    assert {(one.temp.stat().st_ino, content) for one, content in zip(got, contents, strict=True)} <= synced


def test_one_alone_goes_the_same_way(store: Store, pool: Pool, partial: Path, wanted: list[Wanted]) -> None:
    assert fetch(store, wanted[0], partial, pool).temp.read_bytes() == content_of(SIZES[0])


def test_one_that_fails_leaves_the_others_alone(
    store: Store, pool: Pool, partial: Path, wanted: list[Wanted], contents: list[bytes]
) -> None:
    """Replaced, deleted, and cut short."""
    put(store, 0, b"another one")
    store.delete(wanted[1].key)

    def get(key: str, **more: Any) -> Any:
        reader = store.get(key, **more)
        return Ending(reader, None) if key == wanted[3].key else reader

    got = together(Altered(store, get=get), wanted, partial, pool)
    assert errors(got) == [PreconditionFailed, NotFound, None, ChecksumMismatch, None]
    assert [got[n].result().temp.read_bytes() for n in (2, 4)] == [contents[2], contents[4]]
    assert len(names(partial)) == 2


def test_bytes_that_are_not_those_promised_leave_nothing(
    store: Store, root: Path, pool: Pool, partial: Path, wanted: list[Wanted]
) -> None:
    for one in wanted:
        path = root / one.key
        status = path.stat()
        path.write_bytes(b"\xff" * one.size)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    got = together(store, [one for one in wanted if one.size], partial, pool)
    assert errors(got) == [ChecksumMismatch] * 4
    assert names(partial) == []


def test_the_etag_vouches_where_no_md5_is_known(
    store: Store, pool: Pool, partial: Path, wanted: list[Wanted], contents: list[bytes]
) -> None:
    unknown = [replace(one, md5=None) for one in wanted]
    assert [one.result().temp.read_bytes() for one in together(store, unknown, partial, pool)] == contents


def test_what_ends_the_run_ends_it_at_once(store: Store, pool: Pool, partial: Path, wanted: list[Wanted]) -> None:
    """Those before it arrive; for those behind it nobody asks, however long an answer would be waited for."""
    asked: list[str] = []

    def get(key: str, **more: Any) -> Any:
        asked.append(key)
        if key == wanted[2].key:
            raise Unreachable("no connection")
        return store.get(key, **more)

    got = together(Altered(store, get=get), wanted, partial, pool)
    assert errors(got) == [None, None, Unreachable, Unreachable, Unreachable]
    assert asked == [one.key for one in wanted[:3]]
    assert len(names(partial)) == 2


def test_stopped_in_the_middle(store: Store, partial: Path, wanted: list[Wanted]) -> None:
    """What has come need not come again."""
    with Pool(1) as pool:
        got = together(store, wanted, partial, pool, Watcher(pool.stop))
    assert errors(got) == [None, *[Interrupted] * (len(wanted) - 1)]
    assert names(partial) == [got[0].result().temp.name]


def test_a_mistake_of_ours_leaves_nothing(
    store: Store, pool: Pool, partial: Path, wanted: list[Wanted], monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(small_download, "verify", wrong)
    gc.collect()  # what earlier tests left open is closed now, and not while this one runs
    opened = os.listdir("/dev/fd")
    with pytest.raises(RuntimeError):
        together(store, wanted, partial, pool)
    assert names(partial) == []
    assert os.listdir("/dev/fd") == opened


def test_f14_all_of_them_need_room(
    store: Store, pool: Pool, partial: Path, wanted: list[Wanted], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would fit alone."""
    free = SPARE_BYTES + SMALL + 1
    usage = type("usage", (), {"free": free})
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    got = together(store, [wanted[3], wanted[0], wanted[2], wanted[4]], partial, pool)
    assert errors(got) == [None, DiskFull, None, DiskFull]


def test_f14_a_disk_that_refuses_one_file(
    store: Store, pool: Pool, partial: Path, wanted: list[Wanted], monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, calls = os.fsync, list[int]()

    def refuses(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(28, "no space left on device")
        fsync(descriptor)

    def together_now() -> list[Result[Downloaded]]:
        with transport(store, pool, partial.parent / "memory", None) as way:
            monkeypatch.setattr(os, "fsync", refuses)
            return download_together(way, wanted, GuardedFolder.open(partial))

    assert errors(together_now()) == [None, DiskFull, None, None, None]
    assert len(names(partial)) == 4


def test_a_folder_that_is_not_there(store: Store, pool: Pool, tmp_path: Path, wanted: list[Wanted]) -> None:
    folder = tmp_path / "nowhere"
    folder.mkdir()
    with transport(store, pool, tmp_path / "memory", None) as way, GuardedFolder.open(folder) as gone:
        folder.rmdir()
        with pytest.raises(LocalError):
            for one in download_together(way, wanted, gone):
                one.result()
