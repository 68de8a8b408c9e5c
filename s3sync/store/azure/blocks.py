"""Uploads in blocks: what a block's id says, and where an unfinished upload is written down.

Uncommitted blocks belong to a blob's name and to nobody: every writer stages his own beside those of others, and
whoever commits drops all that he did not name. So each id begins with a random tag of its upload, and all ids have the
same length, as Azure asks (https://learn.microsoft.com/rest/api/storageservices/put-block). The rest of an id says
which part it is, when it was sent, and the MD5 that the server verified: a list of blocks is all that a resumed upload
needs.

Azure knows no uploads, so a small blob below `RECORDS` stands for each: its headers, and since when.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import struct
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import DecodeError, Struct, ValidationError, json

from s3sync.decoding import ready
from s3sync.errors import StoreError
from s3sync.store.port import Headers, Part

RECORDS = ".s3sync-uploads/"
TAG_BYTES = 12
_LAYOUT = struct.Struct(f">{TAG_BYTES}sHQ16s")
_UPLOAD = re.compile(rf"[0-9a-f]{{{2 * TAG_BYTES}}}")
MOST_RECORD = 64 * 1024
MOST_PARTS = 10_000
UNKNOWN_MD5 = bytes(16)
"""Stands for the MD5 of a block that the server copied: nobody read its bytes."""


class Block(Struct, frozen=True):
    """Content of an id. `at` is in nanoseconds by the sender's clock, and tells only his own blocks apart."""

    tag: bytes
    number: int
    at: int
    md5: bytes

    @property
    def id(self) -> str:
        """51 characters that need no escapes, of at most 64 bytes: the library sends them in base64 once more."""
        packed = _LAYOUT.pack(self.tag, self.number, self.at, self.md5)
        return base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")

    @property
    def etag(self) -> str:
        """The part's ETag: its MD5, or, where nobody knows that, what tells it apart."""
        return self.md5.hex() if self.md5 != UNKNOWN_MD5 else f"copied-{self.at:x}"


def read_id(text: str) -> Block | None:
    """Read an id; None of one that another program made."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    return Block(*_LAYOUT.unpack(packed)) if len(packed) == _LAYOUT.size else None


def new_upload() -> str:
    return secrets.token_hex(TAG_BYTES)


def new_block(upload_id: str, number: int, md5: bytes) -> Block:
    """Raises `StoreError` for a number that no part has."""
    if not 1 <= number <= MOST_PARTS:
        raise StoreError(f"there is no part {number}", why=f"parts are numbered 1 to {MOST_PARTS}")
    return Block(bytes.fromhex(upload_id), number, time.time_ns(), md5)


def is_upload(upload_id: str) -> bool:
    """True if it can be the id of an upload: it comes from a record, and becomes part of a name."""
    return _UPLOAD.fullmatch(upload_id) is not None


class Staged(Struct, frozen=True):
    """An uncommitted block of ours, and its size."""

    block: Block
    size: int

    @property
    def part(self) -> Part:
        return Part(self.block.number, self.size, self.block.etag)


def staged(blocks: Iterable[Any], upload_id: str) -> dict[int, list[Staged]]:
    """The blocks of one upload among all that are listed, by part; what was sent last is the last."""
    tag = bytes.fromhex(upload_id)
    read = ((read_id(one.id), one.size) for one in blocks)
    found: dict[int, list[Staged]] = {}
    for block, size in read:
        if block is not None and block.tag == tag:
            found.setdefault(block.number, []).append(Staged(block, size))
    return {number: sorted(ones, key=lambda one: one.block.at) for number, ones in sorted(found.items())}


def chosen(
    parts: Sequence[Part], there: Mapping[int, Sequence[Staged]], kept: Mapping[int, tuple[str, str]]
) -> list[tuple[str, bool]] | list[int]:
    """The ids to commit, each with whether it is kept of the blob that is replaced; or the numbers that are missing.

    `kept` are, by part, the ETag and the id of a committed block that stands for it.
    """
    ids: list[tuple[str, bool]] = []
    missing: list[int] = []
    for part in parts:
        ours = [one for one in there.get(part.number, ()) if one.part.etag == part.etag]
        if ours:
            ids.append((ours[-1].block.id, False))
        elif part.number in kept and kept[part.number][0] == part.etag:
            ids.append((kept[part.number][1], True))
        else:
            missing.append(part.number)
    return missing or ids


def is_made_of(committed: Sequence[Any], upload_id: str, parts: Sequence[Part]) -> bool:
    """True if a blob is what this upload made of these parts: it has a block of its, and the others are as told."""
    read = [read_id(one.id) for one in committed]
    if len(read) != len(parts) or not any(one and one.tag.hex() == upload_id for one in read):
        return False
    return all(one is not None and one.etag == part.etag for one, part in zip(read, parts, strict=True))


class Record(Struct, frozen=True):
    """The blob that stands for an unfinished upload."""

    key: str
    headers: Headers

    def encode(self) -> bytes:
        return json.encode(self)


def read_record(body: bytes) -> Record | None:
    """None for what is none of ours."""
    try:
        return json.decode(body, type=ready(Record))
    except (ValidationError, DecodeError, UnicodeDecodeError, RecursionError):
        return None


def offset_of(committed: Sequence[Any], start: int, size: int) -> Any | None:
    """The committed block that is exactly these bytes of the blob; None where blocks lie otherwise."""
    at = 0
    for one in committed:
        if at >= start:
            return one if at == start and one.size == size else None
        at += one.size
    return None
