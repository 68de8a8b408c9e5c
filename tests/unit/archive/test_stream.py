"""Bytes of an archive as they are made: the same by the short way for small files as by the long one, and as safe."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from s3sync.archive import stream as stream_module
from s3sync.archive.stream import Position, TarStream
from s3sync.core.archive.values import Member
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import LocalError, SourceChanged
from tests.unit.archive.packing import sources_of

BEGIN = Position()
posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows opens no file relative to a folder")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "m42"
    for at, size in enumerate((0, 1, 511, 512, 513, 10_000, 70_000, 300_000, 3)):
        path = root / f"night {at % 3}" / f"light {at:03d}.fits"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([65 + at]) * size)
        os.utime(path, ns=(at, 1_700_000_000_000_000_000 + at))
    (root / ("n" * 120 + " é")).write_bytes(b"a long name")
    (root / "latest").symlink_to("night 0")
    return root


def made(root: Path, size: int, at: Position = BEGIN) -> tuple[bytes, tuple[Member, ...], list[Position]]:
    """All bytes in views of a size, the members, and the place after each view."""
    stream, buffer, found, places = TarStream(str(root), "m42", sources_of(root)), bytearray(size), bytearray(), []
    stream.resume(at)
    while got := stream.fill(memoryview(buffer)):
        found += buffer[:got]
        places.append(stream.tell())
        buffer[:] = b"\xff" * size  # what is not written must not show
    stream.close()
    return bytes(found), tuple(stream.members()), places


@pytest.mark.parametrize("size", [512, 4096, 10_001, 100_000, 1 << 20])
def test_small_files_give_the_bytes_that_they_give_piece_by_piece(
    size: int, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, members, _ = made(tree, size)
    monkeypatch.setattr(stream_module, "SMALL", -1)
    assert (body, members) == made(tree, 700)[:2]
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        assert len(archive.getmembers()) == len(members)
        for member in members:
            there = archive.getmember(f"m42/{member.path}")
            assert there.isfile() == bool(member.sha256)
            if there.isfile():
                assert (there.offset_data, there.size) == (member.offset, member.size)


def test_a_stream_resumes_at_each_place_that_it_told(tree: Path) -> None:
    body, members, places = made(tree, 10_001)
    done = b""
    for place in places:
        done += place.done
        rest, again, _ = made(tree, 50_000, Position(place.at, done, place.partial))
        assert body[place.at :] == rest
        assert again == members


def _elsewhere(path: Path) -> Path:
    """A file like that one, outside of the unit."""
    folder = path.parent.parent.parent / "outside"
    folder.mkdir()
    (folder / path.name).write_bytes(b"Z" * path.stat().st_size)
    os.utime(folder / path.name, ns=(0, path.stat().st_mtime_ns))
    return folder


def _link(path: Path) -> None:
    folder = _elsewhere(path)
    path.unlink()
    path.symlink_to(folder / path.name)


def _linked_folder(path: Path) -> None:
    folder = _elsewhere(path)
    path.parent.rename(path.parent.parent.parent / "away")
    path.parent.symlink_to(folder)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _touch(path: Path) -> None:
    os.utime(path, ns=(0, 7))


@posix_only
@pytest.mark.parametrize("change", [_link, _linked_folder, _pipe, _touch, Path.unlink])
def test_f15_a_small_file_that_is_not_what_the_scan_saw_fails_its_unit(
    change: Callable[[Path], None], tree: Path
) -> None:
    """A link, its folder a link, a pipe, another time, nothing: of each the error is the one for a large file."""
    stream = TarStream(str(tree), "m42", sources_of(tree))
    change(tree / "night 1" / "light 001.fits")
    buffer = memoryview(bytearray(1 << 20))
    with pytest.raises(LocalError, match="night 1"):
        stream.fill(buffer)
    assert b"ZZ" not in bytes(buffer)
    stream.close()


@posix_only
@pytest.mark.parametrize("longer", [False, True])
def test_f15_a_small_file_that_is_written_while_it_is_read_fails_its_unit(
    longer: bool, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, readv = tree / "night 2" / "light 005.fits", os.readv

    def written(descriptor: int, buffers: list[memoryview]) -> int:
        got = readv(descriptor, buffers)
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            with path.open("r+b") as file:
                file.seek(0, os.SEEK_END if longer else os.SEEK_SET)
                file.write(b"other")
        return got

    monkeypatch.setattr(os, "readv", written)
    stream = TarStream(str(tree), "m42", sources_of(tree))
    with pytest.raises(SourceChanged, match=r"light 005\.fits changed while it was being archived"):
        stream.fill(memoryview(bytearray(1 << 20)))
    stream.close()


@posix_only
@pytest.mark.parametrize("name", ["", ".", "..", "night 0/light 000.fits", "../m42"])
def test_f49_a_small_file_is_read_by_a_plain_name_only(name: str, tree: Path) -> None:
    with GuardedFolder.open(tree, shared=True) as folder:
        view = memoryview(bytearray(tree.joinpath(name).stat().st_size))
        assert not folder.read_unchanged(name, view, tree.joinpath(name).stat().st_mtime_ns)
