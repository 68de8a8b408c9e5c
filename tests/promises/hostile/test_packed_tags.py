"""A tag may be packed, and become a thousand times as large, or have a million parts: it costs its file, no more."""

from __future__ import annotations

import io
import struct
import threading
import zlib
from typing import Any, cast

import pytest

from s3sync.archive.readers import Unsaid
from s3sync.organize.said import fields_of
from s3sync.organize.sparing import (
    FEW_BYTES,
    LARGE_AT_ONCE,
    MOST_BYTES,
    MOST_FRAMES,
    MOST_OF_A_FRAME,
    MOST_PIECES,
    Sparing,
    _Frames,
)

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
    found = fields(b"\x03" + b"a" * 2 * MOST_OF_A_FRAME)
    assert "artist" not in found and found["title"] == "Summer"


@pytest.mark.parametrize("song", [b"", b"ID3\x04\0\0\x7f\x7f\x7f\x7f", with_artist(b"\x03Ella")[:40]])
def test_what_is_no_song_says_nothing(song: bytes) -> None:
    with pytest.raises(Unsaid):
        fields_of("a.mp3", len(song), lambda: io.BytesIO(song))


def size_of(number: int) -> bytes:
    return bytes(number >> shift & 127 for shift in (21, 14, 7, 0))


def id3(frames: bytes, version: int = 4, flags: int = 0) -> bytes:
    return b"ID3" + bytes((version, 0, flags)) + size_of(len(frames)) + frames + (b"\xff\xfb\x90\x64" + bytes(413)) * 40


def frame(name: bytes, body: bytes) -> bytes:
    return name + size_of(len(body)) + b"\0\0" + body


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def comments(count: int) -> bytes:
    return struct.pack("<II", 0, count) + (struct.pack("<I", 2) + b"a=") * count


def songs_of_many_pieces(count: int) -> dict[str, bytes]:
    """Songs whose tags have so many parts, each in a format of its own."""
    ape = struct.pack("<IIII8x", 2000, 10 * count + 32, count, 0x80000000)
    items = b"".join(struct.pack("<II", 0, 0) + b"k\0" for _ in range(count))
    stream = b"\x10\0\x10\0" + bytes(6) + b"\x0a\xc4\x42\xf0" + bytes(20)
    vorbis = comments(count)
    return {
        "boxes.m4a": box(b"ftyp", b"M4A \0\0\0\0") + box(b"moov", box(b"free", b"") * count),
        "chunks.wav": struct.pack("<4sI4s", b"RIFF", 4 + 8 * count, b"WAVE") + b"junk\0\0\0\0" * count,
        "chunks.aiff": struct.pack(">4sI4s", b"FORM", 4 + 8 * count, b"AIFF") + b"ANNO\0\0\0\0" * count,
        "frames.mp3": id3(frame(b"PRIV", b"x") * count),
        "empty.mp3": id3(b"TIT2\0\0\0\0\0\0" * count),
        "old.mp3": id3(b"TT2\0\0\x02\0a" * count, version=2),
        "synchronised.mp3": id3(b"TIT2\0\0\0\0\0\0" * count, version=3, flags=128),
        "comments.flac": b"fLaC\0\0\0\x22" + stream + b"\x84" + len(vorbis).to_bytes(3, "big") + vorbis + b"\xff\xf8",
        "items.ape": b"MAC " + struct.pack("<HH", 3990, 0) + bytes(200) + items + b"APETAGEX" + ape,
    }


@pytest.mark.parametrize("name", songs_of_many_pieces(1))
def test_a_tag_of_many_parts_is_given_up(name: str) -> None:
    """Four megabytes of them took a minute, and most of what memory a command may have."""
    song = songs_of_many_pieces(MOST_PIECES + 1)[name]
    with pytest.raises(Unsaid, match="pieces"):
        fields_of(name, len(song), lambda: io.BytesIO(song))


def test_no_frame_is_looked_into_but_short_ones_that_a_layout_asks_for() -> None:
    """mutagen takes the square of a text's length where it has many values: hours for four megabytes."""
    many = b"\x03" + b"a\0" * MOST_OF_A_FRAME
    for odd in (frame(b"TPE1", many), frame(b"TMCL", many), frame(b"TALB", b"\x03x") * MOST_FRAMES):
        song = id3(frame(b"TIT2", b"\x03Summer") + odd + frame(b"TPE1", b"\x03Ella"))
        found = fields_of("a.mp3", len(song), lambda song=song: io.BytesIO(song))  # type: ignore[misc]
        assert found["title"] == "Summer" and found.get("artist") == (None if b"x" in odd else "Ella")


def test_a_tag_of_many_marks_is_taken_as_it_is() -> None:
    """Taking the marks out of four megabytes of them took 320 MB."""
    from mutagen.id3 import _tags

    song = id3(b"\xff\0" * 250_000, version=3, flags=128)
    assert "artist" not in fields_of("a.mp3", len(song), lambda: io.BytesIO(song))
    synchronised = cast("Any", _tags).unsynch
    assert synchronised.decode(_Frames(b"\xff\0" * 250)).data == b"\xff" * 250
    with pytest.raises(Unsaid):
        synchronised.decode(_Frames(song))


def test_few_large_files_are_looked_into_at_once() -> None:
    body = bytes(FEW_BYTES + 1)
    held = [Sparing(io.BytesIO(body), len(body)) for _ in range(LARGE_AT_ONCE)]
    for one in held:
        one.read()
    waiting = Sparing(io.BytesIO(body), len(body))
    reader = threading.Thread(target=waiting.read, daemon=True)
    reader.start()
    small = Sparing(io.BytesIO(body[:100]), 100)
    assert small.read() == body[:100], "small ones wait for nobody"
    reader.join(0.2)
    assert reader.is_alive()
    held.pop().close()
    reader.join(60)
    assert not reader.is_alive()
    for one in (*held, waiting, small):
        one.close()


def test_nobody_reads_beyond_the_end_or_more_than_may_be_kept() -> None:
    file = Sparing(io.BytesIO(b"song"), 4)
    assert file.read(1 << 62) == b"song" and file.read() == b""
    again = Sparing(io.BytesIO(bytes(MOST_BYTES // 2 + 1)), MOST_BYTES // 2 + 1)
    again.read()
    again.seek(0)
    with pytest.raises(Unsaid, match="reading"):
        again.read()
    again.close()
