"""One file down: exactly the version that was wanted, verified, or no file at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
import xxhash

from s3sync.core.etag import MIB
from s3sync.errors import ChecksumMismatch, DiskFull, Interrupted, LocalError, NotFound, PreconditionFailed, Unreachable
from s3sync.local.digests import Digests
from s3sync.store import Store
from s3sync.store.port import Buffer, Headers, Overwrite, Reader
from s3sync.transfer.download import Downloaded, Wanted
from s3sync.transfer.pool import Pool
from s3sync.transfer.progress import Work
from tests.transfer.conftest import KEY, PATH, Altered, Watcher, content_of, fetch

PART = 5 * MIB
CONTENT = content_of(2 * PART + 7)


@pytest.fixture
def temp(tmp_path: Path) -> Iterator[Path]:
    """Where the download goes; nothing else may ever stand beside it."""
    folder = tmp_path / "partial"
    folder.mkdir()
    yield folder / "temp"
    assert {path.name for path in folder.iterdir()} <= {"temp"}


def put_whole(store: Store, content: bytes = CONTENT) -> Wanted:
    etag = store.put(KEY, content, mode=Overwrite(), headers=Headers(), md5=md5(content).digest())
    return Wanted(PATH, KEY, len(content), etag, md5(content).hexdigest())


def put_in_parts(store: Store) -> Wanted:
    upload_id = store.start_upload(KEY, Headers())
    for number, start in enumerate(range(0, len(CONTENT), PART), 1):
        body = CONTENT[start : start + PART]
        store.put_part(KEY, upload_id, number, body, md5(body).digest())
    etag = store.complete_upload(KEY, upload_id, list(store.list_parts(KEY, upload_id)), mode=Overwrite())
    return Wanted(PATH, KEY, len(CONTENT), etag, md5(CONTENT).hexdigest())


KINDS = pytest.mark.parametrize("put", [put_whole, put_in_parts], ids=["whole", "in parts"])


def flip_a_byte(root: Path) -> None:
    """The disk of the store goes bad: size, time and record stay."""
    path = root / KEY
    status = path.stat()
    with path.open("r+b") as file:
        file.seek(len(CONTENT) // 2)
        byte = file.read(1)[0]
        file.seek(len(CONTENT) // 2)
        file.write(bytes([byte ^ 1]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@KINDS
def test_what_was_wanted_comes_verified(store: Store, pool: Pool, temp: Path, put: Callable[[Store], Wanted]) -> None:
    watcher = Watcher()
    got = fetch(store, put(store), temp, pool, watcher)
    digests = Digests(xxhash.xxh3_128_hexdigest(CONTENT), md5(CONTENT).hexdigest())
    assert got == Downloaded(temp, digests, len(CONTENT))
    assert temp.read_bytes() == CONTENT
    assert watcher.moved[Work.DOWNLOAD, PATH] == len(CONTENT)


def test_an_empty_file(store: Store, pool: Pool, temp: Path) -> None:
    assert fetch(store, put_whole(store, b""), temp, pool).bytes_received == 0
    assert temp.read_bytes() == b""


@KINDS
@pytest.mark.parametrize("knows", ["md5", "no md5"])
def test_f12_a_flipped_byte(
    store: Store, root: Path, pool: Pool, temp: Path, put: Callable[[Store], Wanted], knows: str
) -> None:
    wanted = put(store)
    flip_a_byte(root)
    assert store.head(KEY).info.etag == wanted.etag
    with pytest.raises(ChecksumMismatch) as caught:
        fetch(store, wanted if knows == "md5" else replace(wanted, md5=None), temp, pool)
    assert not temp.exists()
    assert PATH in caught.value.message and "nothing was written" in (caught.value.hint or "")


@KINDS
@pytest.mark.parametrize("md5_known", [None, "0" * 32], ids=["no MD5", "a wrong MD5"])
def test_the_etag_vouches_for_the_bytes(
    store: Store, pool: Pool, temp: Path, put: Callable[[Store], Wanted], md5_known: str | None
) -> None:
    """An object of another tool has no MD5 of ours, or keeps the one of an older version in its metadata."""
    fetch(store, replace(put(store), md5=md5_known), temp, pool)
    assert temp.read_bytes() == CONTENT


@pytest.mark.parametrize("part_size", [None, PART], ids=["asked for", "known"])
def test_the_part_size_is_known_or_asked_for(store: Store, pool: Pool, temp: Path, part_size: int | None) -> None:
    wanted = replace(put_in_parts(store), md5=None, part_size=part_size)
    asked: list[str] = []

    def first_part_size(key: str) -> int | None:
        asked.append(key)
        return store.first_part_size(key)

    fetch(Altered(store, first_part_size=first_part_size), wanted, temp, pool)
    assert asked == ([KEY] if part_size is None else [])
    assert temp.read_bytes() == CONTENT


def test_when_nothing_vouches_a_wrong_md5_is_refused(store: Store, pool: Pool, temp: Path) -> None:
    silent = Altered(store, first_part_size=lambda key: None)
    with pytest.raises(ChecksumMismatch):
        fetch(silent, replace(put_in_parts(store), md5="0" * 32), temp, pool)
    assert not temp.exists()


def test_when_nothing_is_known_the_size_has_to_do(store: Store, pool: Pool, temp: Path) -> None:
    silent = Altered(store, first_part_size=lambda key: None)
    wanted = replace(put_in_parts(store), md5=None)
    with pytest.raises(ChecksumMismatch):
        fetch(silent, replace(wanted, size=wanted.size + 1), temp, pool)
    assert not temp.exists()
    fetch(silent, wanted, temp, pool)
    assert temp.read_bytes() == CONTENT


@KINDS
def test_f13_an_object_that_was_replaced(store: Store, pool: Pool, temp: Path, put: Callable[[Store], Wanted]) -> None:
    wanted = put(store)
    put_whole(store, b"another")
    with pytest.raises(PreconditionFailed):
        fetch(store, wanted, temp, pool)
    assert not temp.exists()


def test_f13_an_object_that_is_replaced_meanwhile_is_never_mixed(store: Store, pool: Pool, temp: Path) -> None:
    wanted = put_whole(store)
    watcher = Watcher(lambda: put_whole(store, content_of(len(CONTENT))[::-1]))
    fetch(store, wanted, temp, pool, watcher)
    assert temp.read_bytes() == CONTENT
    assert store.head(KEY).info.etag != wanted.etag


def test_an_object_that_is_gone(store: Store, pool: Pool, temp: Path) -> None:
    wanted = put_whole(store)
    store.delete(KEY)
    with pytest.raises(NotFound):
        fetch(store, wanted, temp, pool)
    assert not temp.exists()


class Ending:
    """A real answer that ends early: silently, or with an error."""

    def __init__(self, reader: Reader, error: Exception | None) -> None:
        self._reader, self._error = reader, error
        self.info = reader.info

    def __enter__(self) -> Ending:
        self._reader.__enter__()
        return self

    def __exit__(self, *what: Any) -> None:
        self._reader.__exit__(*what)

    def __iter__(self) -> Iterator[Buffer]:
        yield next(iter(self._reader))
        if self._error:
            raise self._error


@pytest.mark.parametrize("error", [None, Unreachable("the line dropped")], ids=["silently", "with an error"])
@pytest.mark.parametrize("md5_known", [True, False])
def test_f11_an_answer_that_ends_early(
    store: Store, pool: Pool, temp: Path, error: Exception | None, md5_known: bool
) -> None:
    wanted = put_whole(store)
    short = Altered(store, get=lambda *args, **more: Ending(store.get(*args, **more), error))
    with pytest.raises(type(error) if error else ChecksumMismatch):
        fetch(short, wanted if md5_known else replace(wanted, md5=None), temp, pool)
    assert not temp.exists()


def test_f14_no_room_is_known_before_anything_is_fetched(store: Store, pool: Pool, temp: Path) -> None:
    asked: list[str] = []
    watched = Altered(store, get=asked.append)
    with pytest.raises(DiskFull) as caught:
        fetch(watched, replace(put_whole(store), size=10**18), temp, pool)
    assert asked == [] and not temp.exists()
    assert "make room" in (caught.value.hint or "")


@pytest.mark.skipif(os.name != "posix", reason="needs a limit that the system sets on file sizes")
def test_f14_the_disk_takes_no_more(store: Store, pool: Pool, temp: Path) -> None:
    import resource

    wanted = put_whole(store)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 * MIB, hard))
    try:
        with pytest.raises(DiskFull):
            fetch(store, wanted, temp, pool)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not temp.exists()


def test_stopped_in_the_middle(store: Store, pool: Pool, temp: Path) -> None:
    with pytest.raises(Interrupted):
        fetch(store, put_whole(store), temp, pool, Watcher(pool.stop))
    assert not temp.exists()


def test_a_folder_that_is_not_there(store: Store, pool: Pool, tmp_path: Path) -> None:
    with pytest.raises(LocalError):
        fetch(store, put_whole(store), tmp_path / "nowhere" / "temp", pool)
