"""Digests: right, in one pass, and only of a file that stood still."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from hashlib import md5
from pathlib import Path

import pytest
import xxhash

from s3sync.core.etag import composite_etag, part_ranges
from s3sync.disk.tree import kept_folders
from s3sync.errors import LocalError, SourceChanged
from s3sync.local import digests
from s3sync.local.digests import (
    CHUNK,
    Digests,
    digest,
    digest_again,
    digest_xxh3,
    local_etag,
    open_unchanged,
    read_range,
)
from s3sync.local.modes import may_be_run
from s3sync.local.scan import LocalFile, scan_folder
from tests.unit.local.conftest import Put, local_file

SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK]


def content_of(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


@pytest.mark.parametrize("size", SIZES)
def test_digest(put: Put, size: int) -> None:
    content, seen = content_of(size), list[int]()
    file = put("a.mp4", content)
    assert digest(file, seen.append) == Digests(xxhash.xxh3_128_hexdigest(content), md5(content).hexdigest())
    assert sum(seen) == size, "each byte is read once"
    seen.clear()
    assert digest_xxh3(file, seen.append) == xxhash.xxh3_128_hexdigest(content)
    assert sum(seen) == size


def counting(function: Callable[[LocalFile], int], calls: list[str]) -> Callable[[LocalFile], int]:
    def counted(file: LocalFile) -> int:
        calls.append(file.where)
        return function(file)

    return counted


@pytest.mark.parametrize("size", SIZES)
def test_a_file_that_was_touched(put: Put, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """MD5 is made again only where the content is another one, and a small file is opened once."""
    content, seen, made = content_of(size), list[int](), list[str]()
    file = put("a.mp4", content)
    right = Digests(xxhash.xxh3_128_hexdigest(content), md5(content).hexdigest())
    known = Digests(right.xxh3, "the one that was made before")
    assert digest_again(file, known, seen.append) == known
    assert sum(seen) == size
    seen.clear()
    for name in ("open_file", "_open_still"):
        monkeypatch.setattr(digests, name, counting(getattr(digests, name), made))
    assert digest_again(file, Digests("another", right.md5), seen.append) == right
    assert (sum(seen), len(made)) == (size, 1 if size <= CHUNK else 2)


def test_a_touched_file_that_is_gone_or_changed(put: Put) -> None:
    file = put("a.mp4", b"0123456789")
    os.utime(file.where, ns=(0, 0))
    with pytest.raises(SourceChanged):
        digest_again(file, digest(local_file(file.disk_path)))
    file.disk_path.unlink()
    with pytest.raises(LocalError):
        digest_again(file, Digests("", ""))


@pytest.mark.parametrize("part_size", [1000, CHUNK, CHUNK + 7, 4 * CHUNK])
@pytest.mark.parametrize("size", [0, 1, 1000, 2000, CHUNK, 2 * CHUNK, 2 * CHUNK + 14, 3 * CHUNK])
def test_local_etag_is_that_of_the_parts(put: Put, size: int, part_size: int) -> None:
    content = content_of(size)
    parts = [md5(content[start:stop]).digest() for start, stop in part_ranges(size, part_size)]
    assert local_etag(put("a.mp4", content), part_size) == composite_etag(parts)


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (0, 5), (3, 7), (9, 10), (0, 10)])
def test_read_range(put: Put, start: int, stop: int) -> None:
    assert read_range(put("a.mp4", b"0123456789"), start, stop) == b"0123456789"[start:stop]


def test_f15_a_file_that_grows_while_it_is_read(put: Put) -> None:
    file = put("a.mp4", b"0123456789")
    with pytest.raises(SourceChanged), open_unchanged(file) as stream:
        assert stream.read() == b"0123456789"
        with file.disk_path.open("ab") as other:
            other.write(b"more")


def test_f15_a_file_that_grows_while_it_is_hashed(put: Put) -> None:
    file = put("a.mp4", content_of(3 * CHUNK))
    grown: list[int] = []

    def grow(n: int) -> None:
        if not grown:
            with file.disk_path.open("ab") as other:
                grown.append(other.write(b"more"))

    with pytest.raises(SourceChanged) as caught:
        digest(file, grow)
    assert "another program" in (caught.value.why or "")


def test_f15_a_file_rewritten_in_place_while_it_is_hashed(put: Put) -> None:
    file = put("a.mp4", content_of(3 * CHUNK))

    def rewrite(n: int) -> None:
        with file.disk_path.open("r+b") as other:
            other.write(b"other")

    with pytest.raises(SourceChanged):
        digest_xxh3(file, rewrite)


@pytest.mark.parametrize("content", [b"01234", b"0123456789 and more", b"9876543210"])
def test_f15_a_file_that_changed_since_the_scan(put: Put, content: bytes) -> None:
    file = put("a.mp4", b"0123456789")
    file.disk_path.write_bytes(content)
    for read in (lambda: read_range(file, 0, 10), lambda: digest(file), lambda: local_etag(file, 5)):
        with pytest.raises(SourceChanged):
            read()


def test_a_range_past_the_end_is_never_short(put: Put) -> None:
    with pytest.raises(SourceChanged):
        read_range(put("a.mp4", b"0123456789"), 5, 11)


def test_a_file_that_is_gone(put: Put) -> None:
    file = put("a.mp4")
    file.disk_path.unlink()
    with pytest.raises(LocalError) as caught:
        digest(file)
    assert caught.value.why == "it is not there"


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_f27_a_link_swapped_in_after_the_scan_is_not_followed(put: Put, staging: Path, tmp_path: Path) -> None:
    """Even when what it points to looks the same from outside."""
    file = put("a.mp4", b"public")
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    os.utime(secret, ns=(file.mtime_ns, file.mtime_ns))
    file.disk_path.unlink()
    file.disk_path.symlink_to(secret)
    assert local_file(secret).size == file.size
    with pytest.raises(LocalError, match="symbolic link"):
        digest(file)


def test_a_small_file_that_is_sent_is_opened_once_and_looked_at_only_before_and_after(
    put: Put, staging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look lets another thread have the interpreter, which costs more than the look."""
    put("cut/deep/a.bin", b"0123456789").disk_path.chmod(0o755)
    put("cut/deep/b.bin", b"0123456789")
    found = scan_folder(staging, lambda path: False)
    calls: Counter[str] = Counter()
    with kept_folders():
        read_range(found.files["cut/deep/b.bin"], 0, 10)
        for name in ("open", "stat", "lstat", "fstat", "read"):
            monkeypatch.setattr(os, name, _counted(getattr(os, name), name, calls))
        for path, runs in (("cut/deep/a.bin", True), ("cut/deep/b.bin", False)):
            assert may_be_run(found.files[path], staging, runs) is runs
            assert read_range(found.files[path], 0, 10) == b"0123456789"
    monkeypatch.undo()
    assert calls == Counter(open=2, read=2, fstat=4, lstat=2), "lstat: whether the folder is still the one that is open"


def _counted(call: Callable[..., object], name: str, calls: Counter[str]) -> Callable[..., object]:
    def counted(*values: object, **more: object) -> object:
        calls[name] += 1
        return call(*values, **more)

    return counted
