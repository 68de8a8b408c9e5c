"""A `.fits.gz` of anybody: however it goes on, only its beginning is read."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from itertools import chain, repeat

import pytest

from s3sync.archive.readers import Unsaid, fits, movie
from s3sync.archive.readers.packed import MOST_PACKED, Packed

EMPTY = gzip.compress(b"", mtime=0)
HEAD = b"\x1f\x8b\x08"
NO_BYTES = b"\0\0\0\xff\xff"
"""A block of deflate without content, after which others may follow."""


class Endless:
    """A file that goes on for ever, and says how much of it was read. It ends the test that reads too much."""

    def __init__(self, begin: bytes, then: bytes) -> None:
        self._pieces = chain([begin], repeat(then * (1 + 65536 // len(then))))
        self._ahead, self.bytes, self.reads = b"", 0, 0

    def read(self, size: int = -1, /) -> bytes:
        assert size >= 0, "all of it was asked for"
        while len(self._ahead) < size:
            self._ahead += next(self._pieces)
        given, self._ahead = self._ahead[:size], self._ahead[size:]
        self.bytes, self.reads = self.bytes + size, self.reads + 1
        assert self.bytes <= 2 * MOST_PACKED and self.reads <= 10_000
        return given


@pytest.mark.parametrize(
    ("begin", "then"),
    [
        (EMPTY, b"\0"),  # a hole behind a member
        (HEAD + b"\x08" + bytes(5) + b"\xff", b"A"),  # a name
        (HEAD + b"\x10" + bytes(5) + b"\xff", b"A"),  # a comment
        (b"", EMPTY),
        (HEAD + bytes(6) + b"\xff", NO_BYTES),
        (b"", EMPTY + b"\0" * 70_000),
        (EMPTY + gzip.compress(b"SIMPLE  ", mtime=0), gzip.compress(b"X", mtime=0)),
    ],
    ids=["hole", "name", "comment", "members", "blocks", "members and holes", "a byte each"],
)
def test_f56_a_packed_header_is_looked_for_in_the_beginning_of_a_file_alone(begin: bytes, then: bytes) -> None:
    file = Endless(begin, then)
    with pytest.raises(Unsaid):
        fits.header_in(file, "M31.fits.gz")
    assert file.bytes <= MOST_PACKED


BODY = b"SIMPLE  =                    T".ljust(80) + b"OBJECT  = 'M31     '".ljust(80) + b"END".ljust(2720)


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(BODY),
        gzip.compress(BODY[:100]) + gzip.compress(BODY[100:]) + b"\0" * 100,
        b"".join(gzip.compress(BODY[at : at + 10]) + b"\0" * 7 for at in range(0, 2880, 10)),
        EMPTY + gzip.compress(BODY + b"more" * 100_000),
    ],
    ids=["one", "two", "many", "with data"],
)
def test_a_header_in_members_is_read_as_gzip_reads_it(packed: bytes) -> None:
    from io import BytesIO

    assert fits.header_in(BytesIO(packed), "a.fits.gz").text("OBJECT") == "M31"
    plain = gzip.decompress(packed)
    packed_file, found = Packed(BytesIO(packed)), b""
    while piece := packed_file.read(1000):
        found += piece
    assert found == plain


@pytest.mark.parametrize(
    ("cut", "kind"),
    [(lambda data: data[:-4], EOFError), (lambda data: b"", EOFError), (lambda data: b"\1" + data, zlib.error),
     (lambda data: data[:30] + b"\xff" * 40 + data[70:], zlib.error)],
)  # fmt: skip
def test_a_packed_file_that_is_cut_off_or_damaged_says_so(cut: Callable[[bytes], bytes], kind: type[Exception]) -> None:
    from io import BytesIO

    noise = bytes(range(256)) * 2
    with pytest.raises(kind):
        Packed(BytesIO(cut(gzip.compress(noise)))).read(100_000)


class Counted:
    """A file in memory that counts how often it is read."""

    def __init__(self, data: bytes) -> None:
        from io import BytesIO

        self._file, self.reads = BytesIO(data), 0

    def seek(self, at: int, /) -> int:
        return self._file.seek(at)

    def read(self, size: int = -1, /) -> bytes:
        self.reads += 1
        return self._file.read(size)


def box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def test_f56_the_boxes_of_a_movie_are_counted_as_a_whole() -> None:
    """A box may hold as many as the file may have: of each of them others would be read."""
    udta = box(b"udta", box(b"none", b"") * 5000)
    data = box(b"ftyp", b"") + box(b"moov", udta * 20)
    file = Counted(data)
    with pytest.raises(Unsaid):
        movie.movie_in(file, len(data))  # type: ignore[arg-type]
    assert file.reads <= movie.MOST_BOXES + 10
