"""Pixels that the head of a picture asks for: of real ones, of bombs, and of what is no picture at all."""

from __future__ import annotations

import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.picture_size import pixels_of
from s3sync.team.pages.ffmpeg import find_ffmpeg

PNG = b"\x89PNG\r\n\x1a\n"


def png(width: int, height: int) -> bytes:
    """A whole one of a single colour, one bit a pixel: a thousandth of what it unpacks to."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((1 + (width + 7) // 8) * height), 9)
    chunks = ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b""))
    made = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
    return PNG + b"".join(made)


def gif(screen: tuple[int, int], *frames: tuple[int, int]) -> bytes:
    body = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + bytes(6) + b"!\xfe\x03abc\0"
    for frame in frames:
        body += b"," + struct.pack("<HHHHB", 1, 2, *frame, 0x80) + bytes(6) + b"\x02\x02\x4c\x01\0"
    return body + b";"


def jpeg(width: int, height: int, before: bytes = b"\xff\xe0\0\x04ab\xff\xff\xfe\0\x02") -> bytes:
    return b"\xff\xd8" + before + b"\xff\xc2\0\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\0\xff\xda"


def webp(kind: bytes, body: bytes) -> bytes:
    return b"RIFF\0\0\0\0WEBP" + kind + struct.pack("<I", len(body)) + body


BOMBS = [
    (png(12_000, 12_000), 144_000_000),
    (gif((1, 1), (10, 10), (60_000, 60_000)), 60_001 * 60_002),
    (gif((65_535, 65_535)), 65_535**2),
    (jpeg(65_535, 65_534), 65_535 * 65_534),
    (webp(b"VP8X", b"\0\0\0\0" + b"\xff\xff\xff" * 2), 2**48),
    (webp(b"VP8L", b"\x2f" + b"\xff\xff\xff\x0f"), 16_384**2),
    (webp(b"VP8 ", bytes(6) + b"\xff\x3f\xff\x3f"), 16_383**2),
]


@pytest.mark.parametrize(("body", "pixels"), BOMBS)
def test_a_bomb_is_told_by_its_head(body: bytes, pixels: int) -> None:
    assert len(body) < 24_000 and pixels_of(body) == pixels


@pytest.mark.parametrize("kind", ["png", "gif", "jpg", "webp"])
def test_a_real_picture_has_its_pixels(kind: str, tmp_path: Path) -> None:
    program, path = find_ffmpeg(), tmp_path / f"a.{kind}"
    assert program is not None, "run scripts/bootstrap"
    argv = [program, "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=318x182", "-frames:v", "1", str(path)]
    if subprocess.run(argv, capture_output=True, check=False).returncode:
        pytest.skip(f"the ffmpeg here writes no {kind}")
    assert pixels_of(path.read_bytes()) == 318 * 182


@given(st.sampled_from([body for body, _ in BOMBS]), st.binary(max_size=40), st.integers(0, 80))
def test_what_is_damaged_is_none_or_a_number(body: bytes, odd: bytes, at: int) -> None:
    for found in (body[:at], body[:at] + odd, body[:4] + odd, body[:at] + odd + body[at:]):
        assert pixels_of(found) is None or isinstance(pixels_of(found), int)
