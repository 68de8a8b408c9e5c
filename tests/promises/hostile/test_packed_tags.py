"""A tag may be packed, and become a thousand times as large: it costs its file, and nothing else."""

from __future__ import annotations

import io
import struct
import zlib

import pytest

from s3sync.archive.readers import Unsaid
from s3sync.organize.said import MOST_UNPACKED, fields_of

pytest.importorskip("mutagen")


def with_artist(body: bytes) -> bytes:
    """An MP3 whose artist is packed, as ID3v2.4 has it (https://id3.org/id3v2.4.0-structure, 4.1.2)."""

    def size(number: int) -> bytes:
        return bytes(number >> shift & 127 for shift in (21, 14, 7, 0))

    packed = size(len(body)) + zlib.compress(body, 9)
    frame = b"TPE1" + size(len(packed)) + struct.pack(">H", 0x0009) + packed
    title = b"TIT2" + size(7) + b"\0\0" + b"\x03Summer"
    return b"ID3\x04\0\0" + size(len(frame + title)) + frame + title + (b"\xff\xfb\x90\x64" + bytes(413)) * 40


def fields(body: bytes) -> dict[str, str]:
    song = with_artist(body)
    return fields_of("a.mp3", len(song), lambda: io.BytesIO(song))


def test_a_packed_tag_is_read() -> None:
    assert fields(b"\x03Ella")["artist"] == "Ella"


def test_one_that_becomes_very_large_is_not() -> None:
    found = fields(b"\x03" + b"a" * 2 * MOST_UNPACKED)
    assert "artist" not in found and found["title"] == "Summer"


@pytest.mark.parametrize("song", [b"", b"ID3\x04\0\0\x7f\x7f\x7f\x7f", with_artist(b"\x03Ella")[:40]])
def test_what_is_no_song_says_nothing(song: bytes) -> None:
    with pytest.raises(Unsaid):
        fields_of("a.mp3", len(song), lambda: io.BytesIO(song))
