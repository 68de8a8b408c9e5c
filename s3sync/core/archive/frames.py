"""Frames of a compressed archive: what fills a part up, the seek table, and which frames hold a range.

A part of the upload holds whole frames, so that an upload can resume at any part without making a frame again. Where
the next frame does not fit, a frame without content fills the part.
Source: https://github.com/facebook/zstd/blob/dev/contrib/seekable_format/zstd_seekable_compression_format.md, RFC 1952
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from struct import pack

from s3sync.core.archive.values import Frame, Pack

FRAME = 4 * 1024 * 1024
"""Bytes of the tar in one frame: so much is read at least to get at one member."""
SMALLEST = 64 * 1024
"""Room in a part below which no frame is made for it any more."""
_SPARE = 1024
_SKIPPABLE, _SEEK_TABLE, _SEEKABLE = 0x184D2A50, 0x184D2A5E, 0x8F92EAB1
_GZIP_EMPTY = 26
"""Bytes of an empty gzip member with one field of its own."""
_GZIP_MOST = 60 * 1024


def input_for(room: int) -> int:
    """Bytes of the tar for the next frame, which fits into `room` even if they cannot be compressed; 0: fill it up."""
    if room < SMALLEST:
        return 0
    return min(FRAME, (room - _SPARE) * 128 // 129)


def filler(pack_as: Pack, size: int) -> bytes:
    """`size` bytes that unpack to nothing; 0, or at least 26."""
    if not size:
        return b""
    return _skippable(size) if pack_as is Pack.TAR_ZST else _empty_members(size)


def _skippable(size: int) -> bytes:
    return pack("<II", _SKIPPABLE, size - 8) + bytes(size - 8)


def _empty_members(size: int) -> bytes:
    """Members of gzip without content, which carry a field that every reader skips."""
    found = []
    while size:
        one = size if size <= _GZIP_MOST else min(_GZIP_MOST, size - _GZIP_EMPTY)
        field = one - _GZIP_EMPTY
        found.append(
            b"\x1f\x8b\x08\x04\0\0\0\0\0\xff"
            + pack("<H", field + 4)
            + b"S3"
            + pack("<H", field)
            + bytes(field)
            + b"\x03\0"
            + bytes(8)
        )
        size -= one
    return b"".join(found)


def seek_table(frames: Sequence[Frame], end: int) -> bytes:
    """Seek table in the standard format, for an archive whose frames end at `end`. Fillers are frames of no content."""
    sizes, at = [], 0
    for frame in frames:
        if frame.offset > at:
            sizes.append((frame.offset - at, 0))
        sizes.append((frame.stored, frame.unpacked))
        at = frame.offset + frame.stored
    if end > at:
        sizes.append((end - at, 0))
    entries = b"".join(pack("<II", stored, unpacked) for stored, unpacked in sizes)
    return pack("<II", _SEEK_TABLE, len(entries) + 9) + entries + pack("<IBI", len(sizes), 0, _SEEKABLE)


class Frames:
    """Map from the bytes of the tar to the frames that hold them."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._frames = frames
        self._starts = [0, *accumulate(frame.unpacked for frame in frames)]

    @property
    def unpacked(self) -> int:
        return self._starts[-1]

    def holding(self, start: int, stop: int) -> list[tuple[Frame, int]]:
        """The frames with the bytes `start` up to `stop` of the tar, each with where its content begins there."""
        found = []
        number = bisect_right(self._starts, start) - 1
        while number < len(self._frames) and self._starts[number] < stop:
            found.append((self._frames[number], self._starts[number]))
            number += 1
        return found
