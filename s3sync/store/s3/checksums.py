"""The checksum that travels with a part, so that the server can refuse bytes that are not those that were sent.

CRC64NVME costs 0.1 s for a GiB and MD5 1.6 s, so MD5 is only for servers (and installations) that lack the other.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from s3sync.errors import StoreError
from s3sync.store.bodies import pieces
from s3sync.store.port import Body, Buffer
from s3sync.store.s3.failures import Failure

_FIELD = "ChecksumCRC64NVME"
_WRONG_BYTES = frozenset({"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"})


class UnverifiedPart(StoreError):
    """The server took a part without a word about its checksum: it must be sent again with another one."""


class Checksum(Struct, frozen=True):
    """What to send with a part, and what its answer must then say."""

    arguments: Mapping[str, str]
    must_echo: bool

    def confirm(self, answer: Mapping[str, Any]) -> None:
        if self.must_echo and answer.get(_FIELD) != self.arguments[_FIELD]:
            raise UnverifiedPart("the server says nothing of the checksum")


def crc64nvme(body: Buffer | Body) -> Checksum | None:
    """None where the library for it is not installed."""
    try:
        from awscrt import checksums
    except ImportError:
        return None
    crc = 0
    for piece in pieces(body):
        crc = checksums.crc64nvme(piece, crc)
    return Checksum({_FIELD: base64.b64encode(crc.to_bytes(8, "big")).decode("ascii")}, must_echo=True)


def content_md5(body: Buffer | Body) -> Checksum:
    digest = hashlib.md5(usedforsecurity=False)
    for piece in pieces(body):
        digest.update(piece)
    return Checksum({"ContentMD5": base64.b64encode(digest.digest()).decode("ascii")}, must_echo=False)


def refuses_checksum(failure: Failure) -> bool:
    """Whether a store refused a request because of its checksum header, and not because the bytes are wrong.

    Backblaze and old servers name the header that they do not know; a bucket with Object Lock, on servers that know
    only the older rule, names the Content-MD5 that it misses.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
    """
    if failure.status not in (400, 411, 501) or failure.code in _WRONG_BYTES:
        return False
    told = f"{failure.code} {failure.message}".lower()
    return any(word in told for word in ("checksum", "content-md5", "content_md5", "crc64"))
