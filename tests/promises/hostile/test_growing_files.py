"""Another user of a shared disk makes a file longer for as long as it is read: with a hole, which costs him nothing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from s3sync.archive.place import Destination, Target
from s3sync.archive.remove_local import checksum_here, is_here
from s3sync.core.archive.values import Kind, Member
from s3sync.core.checksum import Checksum
from s3sync.core.content_hash import Running
from s3sync.disk.copying import pieces
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import SourceChanged
from s3sync.local import digests, modes
from s3sync.local.digests import digest, digest_xxh3, file_checksum, file_hash, local_etag
from s3sync.local.modes import copy_file
from s3sync.local.scan import LocalFile
from s3sync.pairs.api import TwoPlaces
from tests.unit.local.conftest import local_file

MIB = 1 << 20
STEPS = 20
"""As many pieces as nobody reads of a file that had three."""


class Growth:
    """Makes a file longer with each piece that is read of it, and ends what goes on with that."""

    def __init__(self, path: Path) -> None:
        self.path, self.steps = path, 0

    def __call__(self, *_: object) -> None:
        self.steps += 1
        assert self.steps < STEPS, "what somebody adds is read for as long as he adds to it"
        os.truncate(self.path, self.path.stat().st_size + MIB)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "s3-staging" / "film.mov"
    path.parent.mkdir()
    path.write_bytes(b"film" * (3 * MIB // 4))
    return path


class Fed:
    """A checksum, or another running digest, that grows the file whenever it is fed."""

    def __init__(self, grow: Growth) -> None:
        self.update = grow

    def value(self) -> str:
        return ""

    hexdigest = value


READS: dict[str, Callable[[LocalFile, Growth], object]] = {
    "both digests": digest,
    "the quick one": digest_xxh3,
    "a store's checksum": lambda file, grow: file_checksum(file, _checksum(grow)),
    "a store's hash": lambda file, grow: file_hash(file, _running(grow)),
}


def _checksum(grow: Growth) -> Checksum:
    return Fed(grow)  # type: ignore[return-value]


def _running(grow: Growth) -> Running:
    return Fed(grow)


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_f15_what_is_added_meanwhile_is_not_read_for_ever(
    read: Callable[[LocalFile, Growth], object], film: Path
) -> None:
    with pytest.raises(SourceChanged):
        read(local_file(film), Growth(film))


def test_f15_nor_for_an_etag_of_parts(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grow, honest = Growth(film), hashlib.md5

    def growing(*words: object, usedforsecurity: bool) -> object:
        grow()
        return honest(usedforsecurity=usedforsecurity)

    monkeypatch.setattr(digests, "md5", growing)
    with pytest.raises(SourceChanged):
        local_etag(local_file(film), MIB)


@pytest.mark.parametrize("by", ["kernel", "pieces"])
def test_f15_what_is_added_meanwhile_fills_no_disk(by: str, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grow, before = Growth(film), film.read_bytes()
    if by == "kernel":

        def moved(source: int, target: int, size: int) -> int:
            grow()
            return os.write(target, os.read(source, min(size, MIB)))

        monkeypatch.setattr(os, "copy_file_range", moved, raising=False)
    else:

        def read(stream: IO[bytes], most: int) -> Iterator[bytes]:
            for piece in pieces(stream, most):
                grow()
                yield piece

        monkeypatch.delattr(os, "copy_file_range", raising=False)
        monkeypatch.setattr(modes, "pieces", read)
    with GuardedFolder.open(film.parent, shared=True) as folder:
        copy_file(folder, film.name, folder, "copy")
    assert (film.parent / "copy").read_bytes() == before


def member_of(path: Path) -> Member:
    body = path.read_bytes()
    return Member(path.name, Kind.FILE, len(body), 0o644, 0, hashlib.sha256(body).hexdigest())


def test_f15_an_archives_file_that_became_longer_is_another_one(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads what is behind the member's size, however much that is."""
    member = member_of(film)
    os.truncate(film, 1 << 30)
    read: list[int] = []

    class Counted:
        def update(self, piece: bytes) -> None:
            read.append(len(piece))

        def value(self) -> str:
            return "of no more"

        hexdigest = value

    monkeypatch.setattr(hashlib, "sha256", Counted)
    assert not is_here(str(film.parent), member)
    checksum_here(str(film.parent), member, Counted())  # type: ignore[arg-type]
    assert sum(read) == 2 * (member.size + 1)


def test_f15_a_restore_reads_no_more_of_what_stands_there(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    member, place = member_of(film), Target(Destination(film.parent), "now", make=False)
    honest, grow = hashlib.sha256, Growth(film)

    class Growing:
        def __init__(self) -> None:
            self.inner = honest()

        def update(self, piece: bytes) -> None:
            grow()
            self.inner.update(piece)

        def hexdigest(self) -> str:
            return self.inner.hexdigest()

    assert place.holds(member)
    monkeypatch.setattr(hashlib, "sha256", Growing)
    assert not place.holds(member)


def test_what_has_no_room_is_not_read_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hole of any size takes nothing of whoever made it, and a day of whoever reads it."""
    for folder in ("home", "share"):
        (tmp_path / folder).mkdir()
    with (tmp_path / "share" / "film.mov").open("wb") as film:
        film.truncate(1 << 43)
    monkeypatch.setattr(digests, "pieces", lambda stream, most: pytest.fail("it was read"))
    environ = {"HOME": str(tmp_path / "home"), "S3SYNC_USER": "david"}
    report = TwoPlaces("./share", "./mine", path=tmp_path, environ=environ).copy()
    assert "free" in str(report.failed[0].error) and report.copied == []
