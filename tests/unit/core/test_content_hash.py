"""Hashes of content as stores other than S3 keep them."""

from __future__ import annotations

from hashlib import sha1, sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.content_hash import BLOCK, DropboxHash, running_hash


def as_documented(data: bytes) -> str:
    """Source: https://www.dropbox.com/developers/reference/content-hash"""
    blocks = [data[start : start + BLOCK] for start in range(0, len(data), BLOCK)]
    return sha256(b"".join(sha256(block).digest() for block in blocks)).hexdigest()


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 5])
def test_blocks_of_four_mebibytes(size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    found = DropboxHash()
    found.update(data[:size])
    assert found.hexdigest() == as_documented(data[:size])


@given(st.lists(st.binary(max_size=50), max_size=9))
def test_pieces_of_any_size(pieces: list[bytes]) -> None:
    found = DropboxHash()
    for piece in pieces:
        found.hexdigest()  # asked in between, it goes on
        found.update(piece)
    assert found.hexdigest() == as_documented(b"".join(pieces))


def test_the_kind_is_told_by_the_etag() -> None:
    running = running_hash(f"sha1:{'0' * 40}")
    assert running is not None
    running.update(b"abc")
    assert running.hexdigest() == sha1(b"abc").hexdigest()
    for other in ("at:1f:3", "d41d8cd98f00b204e9800998ecf8427e", "quickxor:00", "", '"sha1"'):
        assert running_hash(other) is None
