"""ETag arithmetic: when an ETag is an MD5, and the composite ETag of a multipart object.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html (ETag).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import md5

MIB = 1024 * 1024
PART_SIZE = 8 * MIB
"""Size of a part, and of the largest file that is sent whole: what a break of the line costs at most on a thin line."""
THIN_RATE, THIN_PART = 2 * MIB, 5 * MIB
MAX_PARTS = 10_000
MAX_PART_SIZE = 5 * 1024 * MIB
SMALLEST_RANGE = MIB
"""Smaller parts would cost more in requests than they save: a part size below is not ours."""

_PLAIN = re.compile(r"[0-9a-f]{32}")
_OF_ONE_WRITE = re.compile(r"0x[0-9A-F]{1,32}|[0-9]{1,20}")
_COMPOSITE = re.compile(r"[0-9a-f]{32}-([1-9][0-9]{0,4})")
_TIMED = "at:"


def plain_md5(etag: str) -> str | None:
    """The MD5 that an ETag of a single PUT is; None when its form says that it is something else.

    Under KMS an ETag has the same form and is no MD5: only `ObjectHead.etag_is_md5` can tell.
    """
    return etag if _PLAIN.fullmatch(etag) else None


def timed_etag(at_ns: int, size: int) -> str:
    """The version of what a store keeps no checksum of: its time and size."""
    return f"{_TIMED}{at_ns:x}:{size:x}"


def is_timed(etag: str) -> bool:
    """True if an ETag tells time and size alone: two contents may share it."""
    return etag.startswith(_TIMED)


def part_count(etag: str) -> int | None:
    """The number of parts in a composite ETag, None for any other."""
    match = _COMPOSITE.fullmatch(etag)
    return int(match[1]) if match else None


def names_one_write(etag: str) -> bool:
    """True for an ETag that a server makes anew with every write, and that no writer chooses: Azure's, and a generation
    of Google Cloud. It says nothing of the content, and is never that of other bytes.

    Sources: https://learn.microsoft.com/azure/storage/blobs/concurrency-manage,
    https://cloud.google.com/storage/docs/metadata#generation-number
    """
    return _OF_ONE_WRITE.fullmatch(etag) is not None


def composite_etag(part_md5s: Iterable[bytes]) -> str:
    """The ETag that S3 gives a multipart object: MD5 over the parts' 16-byte MD5s, `-`, their number."""
    digests = list(part_md5s)
    return f"{md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"


def choose_part_size(size: int, rate: float | None = None) -> int:
    """The part size for a file: 8 MiB, or the multiple of it that keeps the file within 10,000 parts.

    On a line that is known to carry little (`rate`, bytes a second), 5 MiB where that will do: S3 takes no smaller
    ones, and each break of the line costs half a part.
    """
    smallest = -(-size // MAX_PARTS)
    if rate is not None and rate < THIN_RATE and smallest <= THIN_PART:
        return THIN_PART
    return max(PART_SIZE, -(-smallest // PART_SIZE) * PART_SIZE)


def may_be_part_size(size: int, part_size: int) -> bool:
    """True if a part size that somebody else wrote down is one that S3 could have taken for a file of that size.

    A size from elsewhere says how many requests a file costs, and how much of it is under way at once.
    """
    return SMALLEST_RANGE <= part_size <= MAX_PART_SIZE and -(-size // part_size) <= MAX_PARTS


def part_ranges(size: int, part_size: int) -> list[tuple[int, int]]:
    """(start, stop) of each part; one empty part for an empty file."""
    return [(start, min(start + part_size, size)) for start in range(0, size, part_size)] or [(0, 0)]


def is_part_size(size: int, parts: int, part_size: int) -> bool:
    """True if a file of that size makes that many parts of that part size."""
    return part_size > 0 and max(1, -(-size // part_size)) == parts
