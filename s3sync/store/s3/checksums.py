"""The checksum that travels with a part, so that the server can refuse bytes that are not those that were sent.

CRC64NVME costs 0.1 s for a GiB and MD5 1.6 s, so MD5 is only for servers (and installations) that lack the other.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from s3sync.errors import StoreError
from s3sync.store.bodies import pieces
from s3sync.store.lanes.failures import Failure
from s3sync.store.port import Body, Buffer

_FIELD = "ChecksumCRC64NVME"
_ALGORITHM = "crc64nvme:"
FULL_CRC64NVME = {"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "FULL_OBJECT"}
"""Asks for an upload whose whole the server verifies."""
_OTHER_REASONS = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "BadDigest",
        "EntityTooLarge",
        "EntityTooSmall",
        "ExpiredToken",
        "IllegalLocationConstraintException",
        "IncompleteBody",
        "InvalidAccessKeyId",
        "InvalidBucketName",
        "InvalidDigest",
        "InvalidStorageClass",
        "InvalidToken",
        "KMS.DisabledException",
        "KMS.NotFoundException",
        "KeyTooLongError",
        "MetadataTooLarge",
        "RequestTimeout",
        "TokenRefreshRequired",
        "XAmzContentChecksumMismatch",
        "XAmzContentSHA256Mismatch",
    }
)
"""Codes that come with the same statuses, and have nothing to do with the kind of checksum."""


class UnverifiedPart(StoreError):
    """The server took a part without a word about its checksum: it must be sent again with another one."""


class Checksum(Struct, frozen=True):
    """Checksum to send with a part, and the answer that it must get."""

    arguments: Mapping[str, str]
    must_echo: bool

    def confirm(self, answer: Mapping[str, Any]) -> None:
        if self.must_echo and answer.get(_FIELD) != self.arguments[_FIELD]:
            raise UnverifiedPart("the server says nothing of the checksum")


def is_full_crc64nvme(answer: Mapping[str, Any]) -> bool:
    """True if an answer says that the upload has a CRC64NVME of the whole, not of its parts'."""
    return dict(answer).items() >= FULL_CRC64NVME.items()


class WholeCrc64nvme:
    """A `store.aspects.Checksum`: CRC64NVME over a whole object."""

    def __init__(self, after: str | None = None) -> None:
        """Raises `ImportError` where the library for it is not installed."""
        from awscrt import checksums

        self._add = checksums.crc64nvme
        self._combine = getattr(checksums, "combine_crc64nvme", None)  # older ones lack it
        before = crc64nvme_in(after)
        self._crc = int.from_bytes(binascii.a2b_base64(before), "big") if before else 0

    def update(self, chunk: bytes, /) -> None:
        self._crc = self._add(chunk, self._crc)

    def value(self) -> str:
        return f"{_ALGORITHM}{_base64(self._crc)}"

    @property
    def combines(self) -> bool:
        return self._combine is not None

    def append(self, later: WholeCrc64nvme, size: int) -> None:
        assert self._combine is not None
        self._crc = self._combine(self._crc, later._crc, size)


def crc64nvme_in(checksum: str | None) -> str | None:
    """CRC64NVME as S3 writes it, from the form of `WholeCrc64nvme.value`; None of any other."""
    return checksum[len(_ALGORITHM) :] if checksum and checksum.startswith(_ALGORITHM) else None


def whole_crc64nvme_of(head: Mapping[str, Any]) -> str | None:
    """CRC64NVME of the whole object by an answer to HEAD, in the form of `WholeCrc64nvme.value`."""
    found = head.get(_FIELD)
    return f"{_ALGORITHM}{found}" if found and head.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT" else None


def _base64(crc: int) -> str:
    return binascii.b2a_base64(crc.to_bytes(8, "big"), newline=False).decode("ascii")


def crc64nvme(body: Buffer | Body) -> Checksum | None:
    """CRC64NVME of a body; the one that it knows (its `checksum`) if it does. None where its library is missing."""
    known = crc64nvme_in(getattr(body, "checksum", None))
    if known is not None:
        return Checksum({_FIELD: known}, must_echo=True)
    try:
        from awscrt import checksums
    except ImportError:
        return None
    crc = 0
    for piece in pieces(body):
        crc = checksums.crc64nvme(piece, crc)
    return Checksum({_FIELD: _base64(crc)}, must_echo=True)


def content_md5(body: Buffer | Body) -> Checksum:
    digest = hashlib.md5(usedforsecurity=False)
    for piece in pieces(body):
        digest.update(piece)
    md5 = binascii.b2a_base64(digest.digest(), newline=False).decode("ascii")
    return Checksum({"ContentMD5": md5}, must_echo=False)


def may_refuse_checksum(failure: Failure) -> bool:
    """True if a store may have refused a request because of its checksum header, and not because the bytes are wrong.

    Some name the header (Backblaze) or the Content-MD5 that they miss (Object Lock by its older rule), others say only
    "Invalid argument". Whoever asks sends the request again with Content-MD5, and so finds out.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
    """
    return failure.cause == "answer" and failure.status in (400, 411, 501) and failure.code not in _OTHER_REASONS
