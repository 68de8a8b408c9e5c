"""A file that arrives in parts is hashed in order: the next part from memory, the others from the disk."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import ClassVar

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.etag import composite_etag, part_ranges
from s3sync.disk.guarded import GuardedFolder
from s3sync.transfer.fetch.follower import Follower
from s3sync.transfer.fetch.wanted import Temp

BODY = bytes(range(256)) * 41
SIZE = 1000
RANGES = part_ranges(len(BODY), SIZE)


class Watched(Temp, frozen=True):
    """A temp file that counts how often it is read."""

    reads: ClassVar[int] = 0

    def open(self) -> int:
        Watched.reads += 1
        return super().open()


def follower_of(folder: Path, *, body: bytes = BODY) -> Follower:
    (folder / "temp").write_bytes(body)
    Watched.reads = 0
    return Follower(Watched(GuardedFolder.open(folder), "temp"), RANGES, with_md5=True)


def hear(follower: Follower, number: int, *, upto: int | None = None) -> None:
    start, stop = RANGES[number]
    with follower.following(number) as heard:
        for at in range(start, stop if upto is None else start + upto, 300):
            heard(BODY[at : min(at + 300, stop)])
        if upto is not None:
            raise ConnectionError
    follower.arrived(number)


def check(follower: Follower) -> None:
    digests = follower.finish()
    assert digests.md5 == hashlib.md5(BODY).hexdigest()
    assert digests.xxh3 == xxhash.xxh3_128(BODY).hexdigest()
    assert follower.etag == composite_etag([hashlib.md5(BODY[a:b]).digest() for a, b in RANGES])


def test_parts_that_arrive_in_order_are_never_read_back(tmp_path: Path) -> None:
    follower = follower_of(tmp_path)
    for number in range(len(RANGES)):
        hear(follower, number)
    assert Watched.reads == 0
    check(follower)


def test_a_part_that_breaks_off_is_hashed_once_and_whole(tmp_path: Path) -> None:
    follower = follower_of(tmp_path)
    hear(follower, 0)
    with pytest.raises(ConnectionError):
        hear(follower, 1, upto=600)
    for number in range(1, len(RANGES)):
        hear(follower, number)
    assert Watched.reads == 0
    check(follower)


def test_others_are_not_hashed_while_the_next_arrives(tmp_path: Path) -> None:
    follower = follower_of(tmp_path)
    with follower.following(0) as first:
        for number in (2, 1):
            hear(follower, number)
        first(BODY[:SIZE])
    assert Watched.reads == 0
    follower.arrived(0)
    assert Watched.reads == 1, "two parts were waiting, and are read in one go"
    for number in range(3, len(RANGES)):
        hear(follower, number)
    assert Watched.reads == 1
    check(follower)


@given(order=st.permutations(range(len(RANGES))), broken=st.sets(st.integers(0, len(RANGES) - 1)))
def test_in_any_order_and_however_often_it_breaks_the_digests_are_right(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], broken: set[int]
) -> None:
    follower = follower_of(tmp_path_factory.mktemp("follower"))
    for number in order:
        if number in broken:
            with pytest.raises(ConnectionError):
                hear(follower, number, upto=300)
        hear(follower, number)
    check(follower)
