"""One file down: exactly the version that was wanted, verified, or no file at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
import xxhash
from msgspec.structs import replace

from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import ChecksumMismatch, DiskFull, Interrupted, LocalError, NotFound, PreconditionFailed
from s3sync.local.digests import Digests
from s3sync.store import Store
from s3sync.store.port import Headers, Overwrite, Reader
from s3sync.transfer.fetch.download import download
from s3sync.transfer.fetch.wanted import Wanted
from s3sync.transfer.pool import Pool
from s3sync.transfer.progress import Work
from tests.unit.transfer.conftest import (
    KEY,
    MIB,
    ONE_REQUEST,
    PATH,
    RANGES,
    Altered,
    Ending,
    Watcher,
    fetch,
    names,
    one_after_the_other,
    put_whole,
    transport,
)

PART = 5 * MIB


def put_in_parts(store: Store, content: bytes) -> Wanted:
    """As another tool does, with parts of another size than ours."""
    upload_id = store.start_upload(KEY, Headers())
    for number, start in enumerate(range(0, len(content), PART), 1):
        store.put_part(KEY, upload_id, number, content[start : start + PART])
    etag = store.complete_upload(KEY, upload_id, list(store.list_parts(KEY, upload_id)), mode=Overwrite()).etag
    return Wanted(PATH, KEY, len(content), etag, md5(content).hexdigest())


KINDS = pytest.mark.parametrize("put", [put_whole, put_in_parts], ids=["put whole", "put in parts"])


def flip_a_byte(root: Path, size: int) -> None:
    """The disk of the store goes bad: size, time and record stay."""
    path = root / KEY
    status = path.stat()
    with path.open("r+b") as file:
        file.seek(size // 2)
        byte = file.read(1)[0]
        file.seek(size // 2)
        file.write(bytes([byte ^ 1]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


Put = Callable[[Store, bytes], Wanted]


@KINDS
def test_what_was_wanted_comes_verified(store: Store, pool: Pool, partial: Path, put: Put, content: bytes) -> None:
    watcher = Watcher()
    got = fetch(store, put(store, content), partial, pool, watcher)
    assert got.digests == Digests(xxhash.xxh3_128_hexdigest(content), md5(content).hexdigest())
    assert got.bytes_received == watcher.bytes[Work.DOWNLOAD, PATH] == len(content)
    assert got.temp.read_bytes() == content
    assert names(partial) == [got.temp.name]


def test_an_empty_file(store: Store, pool: Pool, partial: Path) -> None:
    got = fetch(store, put_whole(store, b""), partial, pool)
    assert (got.bytes_received, got.temp.read_bytes()) == (0, b"")


@KINDS
@pytest.mark.parametrize("md5_known", [True, False], ids=["MD5", "no MD5"])
def test_f12_a_flipped_byte(
    store: Store, root: Path, pool: Pool, partial: Path, put: Put, content: bytes, md5_known: bool
) -> None:
    wanted = put(store, content)
    flip_a_byte(root, len(content))
    assert store.head(KEY).info.etag == wanted.etag
    with pytest.raises(ChecksumMismatch) as caught:
        fetch(store, wanted if md5_known else replace(wanted, md5=None), partial, pool)
    assert names(partial) == []
    assert PATH in caught.value.message and "nothing was written" in (caught.value.hint or "")


@KINDS
@pytest.mark.parametrize("md5_known", [None, "0" * 32], ids=["no MD5", "a wrong MD5"])
def test_the_etag_vouches_for_the_bytes(
    store: Store, pool: Pool, partial: Path, put: Put, content: bytes, md5_known: str | None
) -> None:
    """An object of another tool has no MD5 of ours, or keeps the one of an older version in its metadata."""
    got = fetch(store, replace(put(store, content), md5=md5_known), partial, pool)
    assert got.temp.read_bytes() == content


@pytest.mark.parametrize("part_size", [None, PART], ids=["asked for", "known"])
def test_the_part_size_is_known_or_asked_for(
    store: Store, pool: Pool, partial: Path, part_size: int | None, content: bytes
) -> None:
    asked: list[str] = []

    def first_part_size(key: str) -> int | None:
        asked.append(key)
        return store.first_part_size(key)

    wanted = replace(put_in_parts(store, content), md5=None, part_size=part_size)
    got = fetch(Altered(store, first_part_size=first_part_size), wanted, partial, pool)
    assert asked == ([KEY] if part_size is None else [])
    assert got.temp.read_bytes() == content


def test_when_nothing_vouches_a_wrong_md5_is_refused(store: Store, pool: Pool, partial: Path, content: bytes) -> None:
    silent = Altered(store, first_part_size=lambda key: None)
    with pytest.raises(ChecksumMismatch):
        fetch(silent, replace(put_in_parts(store, content), md5="0" * 32), partial, pool)
    assert names(partial) == []


def test_when_nothing_is_known_the_size_has_to_do(store: Store, pool: Pool, partial: Path, content: bytes) -> None:
    """As for an object that another tool put there under KMS."""
    silent = Altered(store, first_part_size=lambda key: None)
    wanted = replace(put_in_parts(store, content), md5=None)
    with pytest.raises((ChecksumMismatch, PreconditionFailed)):
        fetch(silent, replace(wanted, size=wanted.size + 1), partial, pool)
    assert names(partial) == []
    assert fetch(silent, wanted, partial, pool).temp.read_bytes() == content


@KINDS
def test_f13_an_object_that_was_replaced(store: Store, pool: Pool, partial: Path, put: Put, content: bytes) -> None:
    wanted = put(store, content)
    put_whole(store, content[::-1])
    with pytest.raises(PreconditionFailed):
        fetch(store, wanted, partial, pool)
    assert names(partial) == []


def test_f13_an_object_that_is_replaced_meanwhile_is_never_mixed(store: Store, partial: Path, content: bytes) -> None:
    """Either all of the old version arrives, or nothing does."""
    wanted = put_whole(store, content)
    replaced: list[Wanted] = []

    def replace_it() -> None:
        if not replaced:
            replaced.append(put_whole(store, content[::-1]))

    try:
        got = one_after_the_other(lambda pool: fetch(store, wanted, partial, pool, Watcher(replace_it)))
    except PreconditionFailed:
        assert content is RANGES
        assert names(partial) == []
    else:
        assert content is ONE_REQUEST
        assert got.temp.read_bytes() == content
    assert replaced


@pytest.mark.parametrize("what", ["etag", "size"])
def test_f13_a_store_that_ignores_the_condition_is_noticed(
    store: Store, pool: Pool, partial: Path, content: bytes, what: str
) -> None:
    def get(key: str, *, if_match: str | None = None, **more: Any) -> Reader:
        return store.get(key, **more)

    wanted = put_whole(store, content)
    put_whole(store, content[::-1] if what == "etag" else content + b"more")
    with pytest.raises(PreconditionFailed):
        fetch(Altered(store, get=get), wanted, partial, pool)
    assert names(partial) == []


def test_an_object_that_is_gone(store: Store, pool: Pool, partial: Path, content: bytes) -> None:
    wanted = put_whole(store, content)
    store.delete(KEY)
    with pytest.raises(NotFound):
        fetch(store, wanted, partial, pool)
    assert names(partial) == []


@pytest.mark.parametrize("md5_known", [True, False], ids=["MD5", "no MD5"])
def test_f11_an_answer_that_ends_early(
    store: Store, pool: Pool, partial: Path, content: bytes, md5_known: bool
) -> None:
    wanted = put_whole(store, content)
    short = Altered(store, get=lambda *args, **more: Ending(store.get(*args, **more), None))
    with pytest.raises(ChecksumMismatch):
        fetch(short, wanted if md5_known else replace(wanted, md5=None), partial, pool)
    assert names(partial) == []


def test_f14_no_room_is_known_before_anything_is_fetched(store: Store, pool: Pool, partial: Path) -> None:
    asked: list[str] = []
    watched = Altered(store, get=asked.append)
    with pytest.raises(DiskFull) as caught:
        fetch(watched, replace(put_whole(store, ONE_REQUEST), size=10**18), partial, pool)
    assert asked == names(partial) == []
    assert "make room" in (caught.value.hint or "")


@pytest.mark.skipif(os.name != "posix", reason="needs a limit that the system sets on file sizes")
def test_f14_the_disk_takes_no_more(store: Store, pool: Pool, partial: Path, content: bytes) -> None:
    import resource

    wanted = put_whole(store, content)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 * MIB, hard))
    try:
        with pytest.raises(DiskFull):
            fetch(store, wanted, partial, pool)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(partial) == []
    assert fetch(store, wanted, partial, pool).temp.read_bytes() == content


def test_stopped_in_the_middle(store: Store, partial: Path) -> None:
    wanted = put_whole(store, ONE_REQUEST)
    with pytest.raises(Interrupted):
        one_after_the_other(lambda pool: fetch(store, wanted, partial, pool, Watcher(pool.stop)))
    assert names(partial) == []


def test_a_folder_that_is_not_there(store: Store, pool: Pool, tmp_path: Path, content: bytes) -> None:
    wanted, folder = put_whole(store, content), tmp_path / "nowhere"
    folder.mkdir()
    with transport(store, pool, tmp_path / "memory", None) as way, GuardedFolder.open(folder) as gone:
        folder.rmdir()
        with pytest.raises(LocalError):
            download(way, wanted, gone)
