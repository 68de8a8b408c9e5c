"""ETag arithmetic."""

from __future__ import annotations

from hashlib import md5

import pytest

from s3sync.core.etag import (
    MAX_PARTS,
    MIB,
    PART_SIZE,
    choose_part_size,
    composite_etag,
    is_part_size,
    names_one_write,
    part_count,
    part_ranges,
    plain_md5,
)


def test_composite_etag() -> None:
    """The literals are what `md5sum` says of the parts' binary digests in a row."""
    parts = [md5(b"first part").digest(), md5(b"second").digest()]
    assert composite_etag(parts) == "93f26da1291790e1134809a03511cd15-2"
    assert composite_etag(reversed(parts)) != composite_etag(parts)
    assert composite_etag([md5(b"").digest()]) == "59adb24ef3cdbe0297f05b395827453f-1"


@pytest.mark.parametrize(
    ("etag", "is_of_one_write"),
    [
        ("0x8D4BCC2E4835CD0", True),
        ("1732693200123456", True),
        ("d41d8cd98f00b204e9800998ecf8427e", False),
        ("d41d8cd98f00b204e9800998ecf8427e-2", False),
        ("11111111111111111111111111111111", False),  # 32 digits may be an MD5
        ("at:17b3e0a2c1d4e000:2a", False),
        ("dropbox:" + "0" * 64, False),
        ("0x", False),
        ("0x8D4bcc", False),
        ("", False),
    ],
)
def test_an_etag_that_is_new_with_every_write(etag: str, is_of_one_write: bool) -> None:
    assert names_one_write(etag) is is_of_one_write


@pytest.mark.parametrize(
    ("etag", "md5_of_it", "parts"),
    [
        ("d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e", None),
        ("d41d8cd98f00b204e9800998ecf8427e-1", None, 1),
        ("d41d8cd98f00b204e9800998ecf8427e-10000", None, 10_000),
        ("d41d8cd98f00b204e9800998ecf8427e-0", None, None),
        ("d41d8cd98f00b204e9800998ecf8427e-01", None, None),
        ("d41d8cd98f00b204e9800998ecf8427e-", None, None),
        ("D41D8CD98F00B204E9800998ECF8427E", None, None),
        ("d41d8cd98f00b204e9800998ecf8427", None, None),
        ("d41d8cd98f00b204e9800998ecf8427e\n", None, None),
        ("d41d8cd98f00b204e9800998ecf8427e-٣", None, None),
        ('"d41d8cd98f00b204e9800998ecf8427e"', None, None),
        ("0x8D4BCC2E4835CD0", None, None),
        ("", None, None),
    ],
)
def test_what_an_etag_tells(etag: str, md5_of_it: str | None, parts: int | None) -> None:
    assert plain_md5(etag) == md5_of_it
    assert part_count(etag) == parts


GB, TB, TIB = 10**9, 10**12, 1024**4


@pytest.mark.parametrize(
    ("size", "mib"),
    [
        (0, 8),
        (1, 8),
        (PART_SIZE, 8),
        (PART_SIZE + 1, 8),
        (80 * GB, 8),
        (PART_SIZE * MAX_PARTS, 8),
        (PART_SIZE * MAX_PARTS + 1, 16),
        (100 * GB, 16),
        (2 * PART_SIZE * MAX_PARTS, 16),
        (2 * PART_SIZE * MAX_PARTS + 1, 24),
        (5 * TB, 480),
        (5 * TIB, 528),
    ],
)
def test_choose_part_size(size: int, mib: int) -> None:
    part_size = choose_part_size(size)
    assert part_size == mib * MIB
    assert -(-size // part_size) <= MAX_PARTS


@pytest.mark.parametrize(
    ("size", "rate", "mib"),
    [
        (20 * MIB, None, 8),
        (20 * MIB, 1_000_000, 5),
        (20 * MIB, 2 * MIB - 1, 5),
        (20 * MIB, 2 * MIB, 8),
        (10_000 * 5 * MIB, 1_000_000, 5),
        (10_000 * 5 * MIB + 1, 1_000_000, 8),
    ],
)
def test_a_thin_line_gets_smaller_parts(size: int, rate: float | None, mib: int) -> None:
    assert choose_part_size(size, rate) == mib * MIB


@pytest.mark.parametrize(
    ("size", "part_size", "ranges"),
    [
        (0, 10, [(0, 0)]),
        (1, 10, [(0, 1)]),
        (10, 10, [(0, 10)]),
        (11, 10, [(0, 10), (10, 11)]),
        (30, 10, [(0, 10), (10, 20), (20, 30)]),
    ],
)
def test_part_ranges(size: int, part_size: int, ranges: list[tuple[int, int]]) -> None:
    assert part_ranges(size, part_size) == ranges


@pytest.mark.parametrize(
    ("size", "parts", "part_size", "fits"),
    [
        (30, 3, 10, True),
        (30, 3, 14, True),
        (30, 3, 15, False),
        (30, 3, 9, False),
        (21, 3, 10, True),
        (0, 1, 10, True),
        (0, 0, 10, False),
        (30, 3, 0, False),
        (30, 3, -10, False),
    ],
)
def test_is_part_size(size: int, parts: int, part_size: int, fits: bool) -> None:
    assert is_part_size(size, parts, part_size) is fits
