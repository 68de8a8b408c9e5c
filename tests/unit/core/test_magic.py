"""Kinds of media by their first bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.magic import right_suffix, suffix_by_content

JPEG, PNG = b"\xff\xd8\xff\xe0\x00\x10JFIF", b"\x89PNG\r\n\x1a\n\x00\x00"


def mp4(brand: bytes) -> bytes:
    return b"\x00\x00\x00\x20ftyp" + brand + b"\x00\x00\x02\x00"


@pytest.mark.parametrize(
    ("head", "suffix"),
    [
        (JPEG, "jpg"), (PNG, "png"), (b"GIF89a", "gif"), (b"%PDF-1.7", "pdf"), (mp4(b"isom"), "mp4"),
        (mp4(b"qt  "), "mov"), (mp4(b"heic"), "heic"), (mp4(b"3gp5"), "3gp"), (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "wav"), (b"\x1a\x45\xdf\xa3\x01\x00webm", "webm"), (b"", None),
        (b"hello", None),
    ],
)  # fmt: skip
def test_content_tells(head: bytes, suffix: str | None) -> None:
    assert suffix_by_content(head) == suffix


@pytest.mark.parametrize(
    ("said", "head", "right"),
    [
        ("bin", JPEG, "jpg"),
        ("png", JPEG, "jpg"),
        ("", JPEG, "jpg"),
        ("jpeg", JPEG, "jpeg"),
        ("jpg", JPEG, "jpg"),
        ("docx", b"PK\x03\x04", "docx"),
        ("mov", mp4(b"isom"), "mov"),
        ("dng", b"II*\x00", "dng"),
        ("jpg", mp4(b"isom"), "mp4"),
        ("", b"unknown", ""),
    ],
)
def test_an_extension_is_corrected_only_where_it_is_certainly_wrong(said: str, head: bytes, right: str) -> None:
    assert right_suffix(said, head) == right


@given(st.binary(max_size=64), st.sampled_from(["jpg", "bin", "mp4", ""]))
def test_no_content_ends_it(head: bytes, said: str) -> None:
    right = right_suffix(said, head)
    assert right_suffix(right, head) == right
