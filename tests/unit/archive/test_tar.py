"""Headers, frames and indexes for any input: Python's own readers find in them what was put in."""

from __future__ import annotations

import gzip
import io
import os
import struct
import tarfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from s3sync.archive.codecs import zstd_module
from s3sync.core.archive import tar
from s3sync.core.archive.extraction import link_problem, path_problem
from s3sync.core.archive.frames import FRAME, Frames, filler, input_for, seek_table
from s3sync.core.archive.index import MEMBERS_AT_ONCE, index_pieces, index_text, parse_index
from s3sync.core.archive.values import Frame, Index, Kind, Member, Pack, Source
from s3sync.core.archive.volumes import archives_of, is_whole, joined
from s3sync.errors import ArchiveError

names = st.binary(min_size=1, max_size=120).filter(lambda one: not {0, 47} & set(one) and one not in (b".", b".."))
paths = st.lists(names, min_size=1, max_size=4).map(lambda parts: os.fsdecode(b"/".join(parts)))
times = st.integers(-(2**62), 2**62)


@given(paths, st.integers(0, 20 * 2**30), st.integers(0, 0o7777), times)
def test_a_file_of_any_name_size_and_time_is_read_back(path: str, size: int, mode: int, mtime_ns: int) -> None:
    head = tar.header("top", Source(path, Kind.FILE, size, mode, mtime_ns))
    assert len(head) % tar.BLOCK == 0
    with tarfile.open(fileobj=io.BytesIO(head), mode="r:", errors="surrogateescape") as archive:
        found = archive.next()
    assert found is not None
    assert os.fsencode(found.name) == os.fsencode(f"top/{path}")
    assert (found.size, found.mode, found.mtime, found.uid, found.gname) == (size, mode, mtime_ns // 10**9, 0, "")
    assert found.isreg()


@given(paths, paths)
def test_a_link_of_any_target_is_read_back(path: str, target: str) -> None:
    head = tar.header("top", Source(path, Kind.LINK, 0, 0o777, 0, target))
    with tarfile.open(fileobj=io.BytesIO(head), mode="r:", errors="surrogateescape") as archive:
        found = archive.next()
    assert found is not None and found.issym()
    assert os.fsencode(found.linkname) == os.fsencode(target)


@given(paths)
def test_the_same_source_has_the_same_header(path: str) -> None:
    source = Source(path, Kind.FOLDER, 0, 0o755, 10**18)
    assert tar.header("top", source) == tar.header("top", source)


@given(st.integers(26, 200_000))
def test_a_filler_of_any_size_unpacks_to_nothing(size: int) -> None:
    zipped, packed = filler(Pack.TAR_GZ, size), filler(Pack.TAR_ZST, size)
    assert len(zipped) == len(packed) == size
    assert gzip.decompress(gzip.compress(b"a") + zipped + gzip.compress(b"b")) == b"ab"
    zstd = zstd_module()
    assert zstd.decompress(zstd.compress(b"a") + packed + zstd.compress(b"b")) == b"ab"


@given(st.integers(0, 64 * 2**20))
def test_what_is_chosen_for_a_frame_fits_into_the_room_even_unpacked(room: int) -> None:
    size = input_for(room)
    assert size <= FRAME
    assert not size or size + size // 128 + 1024 - 26 <= room


frame_lists = st.lists(st.tuples(st.integers(0, 99), st.integers(1, 5000), st.integers(0, 9000)), max_size=30)


def frames_of(rows: list[tuple[int, int, int]]) -> list[Frame]:
    found, at = [], 0
    for gap, stored, unpacked in rows:
        found.append(Frame(at + gap, stored, unpacked))
        at += gap + stored
    return found


@given(frame_lists, st.integers(0, 99))
def test_the_seek_table_accounts_for_every_byte(rows: list[tuple[int, int, int]], rest: int) -> None:
    frames = frames_of(rows)
    end = (frames[-1].offset + frames[-1].stored if frames else 0) + rest
    table = seek_table(frames, end)
    magic, length = struct.unpack("<II", table[:8])
    count, flags, seekable = struct.unpack("<IBI", table[-9:])
    entries = list(struct.iter_unpack("<II", table[8:-9]))
    assert (magic, length, flags, seekable) == (0x184D2A5E, len(table) - 8, 0, 0x8F92EAB1)
    assert count == len(entries)
    assert sum(stored for stored, _ in entries) == end
    assert sum(unpacked for _, unpacked in entries) == sum(frame.unpacked for frame in frames)


@given(frame_lists, st.data())
def test_a_range_is_held_by_the_frames_that_are_found(rows: list[tuple[int, int, int]], data: st.DataObject) -> None:
    frames = Frames(frames_of(rows))
    start = data.draw(st.integers(0, frames.unpacked))
    stop = data.draw(st.integers(start, frames.unpacked))
    found = frames.holding(start, stop)
    covered = b"".join(bytes([1]) * frame.unpacked for frame, _ in found)
    if start < stop:
        assert found[0][1] <= start and found[0][1] + len(covered) >= stop


def index_of(*members: Member) -> Index:
    return Index(1, "m42", "sessions", "raw/m42.tar", Pack.TAR, members, 99, 9, datetime(2026, 1, 1, tzinfo=UTC), "jan")


@given(st.lists(paths, max_size=5), st.none() | paths)
def test_an_index_is_read_back_whatever_its_names_are(found: list[str], target: str | None) -> None:
    index = index_of(*(Member(path, Kind.LINK, 0, 0o644, 5, target=target) for path in found))
    assert parse_index(index_text(index), "raw/m42.tar", "here") == index


@pytest.mark.parametrize("odd", ["ä", "\udcff"])
@pytest.mark.parametrize("count", [0, 1, MEMBERS_AT_ONCE, MEMBERS_AT_ONCE + 1, 2 * MEMBERS_AT_ONCE, 2500])
def test_the_text_of_an_index_in_pieces_is_the_text(count: int, odd: str) -> None:
    members = [Member(f"{n:06}", Kind.FILE, n, 0o644, 5, "00", 7) for n in range(count)]
    members[-1:] = [replace(one, path=odd, target=odd) for one in members[-1:]]
    words = {"unit": '"members":[]', "tags": {"members": "[]"}}
    for index in (index_of(*members), replace(index_of(*members), sidecars=tuple(members[-1:]), **words)):
        pieces = list(index_pieces(index))
        assert b"".join(pieces) == index_text(index)
        assert len(pieces) == 1 or len(pieces) == 2 + -(-count // MEMBERS_AT_ONCE)


@given(st.binary(max_size=200))
def test_what_is_no_index_is_refused(text: bytes) -> None:
    with pytest.raises(ArchiveError):
        parse_index(text, "raw/m42.tar", "here")


def test_what_is_nested_without_end_is_refused() -> None:
    for text in (b"[" * 200_000, b'{"format":1,"members":' + b"[" * 200_000):
        with pytest.raises(ArchiveError):
            parse_index(text, "raw/m42.tar", "here")


def split_index() -> Index:
    one, other = (index_of(Member(name, Kind.FILE, 9, 0o644, 5, "00", 7)) for name in "ab")
    archives = [replace(one, key="raw/m42.001.tar"), replace(other, key="raw/m42.003.tar", etag="e3")]
    return joined("raw/m42.tar", archives, 2, 3)


def test_one_index_of_all_volumes_is_read_back_and_taken_apart() -> None:
    index = split_index()
    assert parse_index(index_text(index), "raw/m42.tar", "here") == index
    apart = archives_of(index)
    assert [(one.key, one.volume, one.etag, one.members[0].path) for one in apart] == [
        ("raw/m42.001.tar", 1, None, "a"),
        ("raw/m42.003.tar", 3, "e3", "b"),
    ]
    assert joined("raw/m42.tar", apart, 2, 3) == index
    assert not is_whole(index)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"raw/m42.003.tar", b"raw/m42.001.tar", "none of its own"),
        (b"raw/m42.003.tar", b"raw/m42.004.tar", "none of its own"),
        (b"raw/m42.003.tar", b"raw/m31.003.tar", "none of its own"),
        (b"raw/m42.003.tar", b"../../m42.003.tar", "none of its own"),
        (b'"members":1', b'"members":0', "other members"),
        (b'"members":1', b'"members":-1', "below zero"),
        (b'"pack":"tar"', b'"pack":"none"', "no object|cannot be"),
        (b'"frames":[]', b'"frames":[[0,200,5]]', "beyond the archive's end|cannot be"),
    ],
)
def test_an_index_of_volumes_that_cannot_be_right_is_refused(old: bytes, new: bytes, said: str) -> None:
    text = index_text(split_index())
    assert old in text
    with pytest.raises(ArchiveError, match=said):
        parse_index(text.replace(old, new), "raw/m42.tar", "here")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"format":1', b'"format":3', "a newer s3sync wrote it"),
        (b'"format":1', b'"format":"1"', "it is no index"),
        (b'"key":"raw/m42.tar"', b'"key":"raw/m31.tar"', "another archive"),
        (b'"size":99', b'"size":"many"', "Expected"),
        (b'"frames":[]', b'"frames":[[0,200,5]]', "beyond the archive's end"),
        (b'"frames":[]', b'"frames":[[0,20,5],[10,20,5]]', "overlap"),
        (b'"offset":7', b'"offset":-7', "below zero"),
        (
            b'"offset":7',
            b'"offset":1125899906842624',
            "does not fit its archive: a is to end at byte 1,125,899,906,842,633",
        ),
        (b'"offset":7', b'"offset":91', "does not fit its archive: a is to end at byte 100 of 99"),
        (b'"path":"a"', b'"path":"\\u0000zz"', "non-hexadecimal"),
    ],
)
def test_an_index_that_cannot_be_right_is_refused(old: bytes, new: bytes, said: str) -> None:
    text = index_text(index_of(Member("a", Kind.FILE, 9, 0o644, 5, "00", 7)))
    assert old in text
    with pytest.raises(ArchiveError, match=said):
        parse_index(text.replace(old, new), "raw/m42.tar", "here")


@given(paths, st.text(max_size=20))
def test_a_link_that_is_allowed_stays_below_the_folder(path: str, target: str) -> None:
    if link_problem(Member(path, Kind.LINK, 0, 0o777, 0, target=target)) is None and path_problem(path) is None:
        end = os.path.normpath(os.path.join("/top", os.path.dirname(path), target))  # noqa: PTH118, PTH120
        assert end == "/top" or end.startswith("/top/")


@pytest.mark.parametrize(
    "path", ["CON", "a/com1.txt", "nul", "x/aux ", "cut.", "a /b", "a?.fits", "x:stream", "a\\b", "a|b"]
)
def test_what_windows_takes_for_something_else_is_not_written_there(path: str) -> None:
    """Of a name of a device the bytes go to the device, and one with a dot at its end has another file's place."""
    assert path_problem(path, windows=True) is not None
    assert path_problem(path) is None
    assert path_problem("a/b c.v2/console.fits", windows=True) is None
