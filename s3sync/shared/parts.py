"""Part digests beside an object (`core/records.py` says where): how others know which parts of it are new to them.

They only ever save time: what is built with their help is verified as a whole, so that a lie costs a second transfer.
The MD5 beside them counts as much as one in metadata.json, when that is lost.
"""

from __future__ import annotations

from hashlib import md5

import msgspec

from s3sync.core.etag import MAX_PARTS, may_be_part_size, plain_md5
from s3sync.decoding import ready
from s3sync.errors import StoreError
from s3sync.local.digests import PartDigests
from s3sync.store.port import Headers, Overwrite, Store

SCHEMA = 1
MAX_BYTES = 256 + MAX_PARTS * 64
HEADERS = Headers(content_type="application/json")


class _PartFile(msgspec.Struct, omit_defaults=True):
    schema: int
    etag: str
    size: int
    part_size: int
    xxh3: list[str]
    md5: str | None = None
    """Of the whole: the object's own headers say it only where it was known before the first byte went."""
    key_id: str | None = None
    """Reserved: which key the digests are encrypted with. This version knows none, and passes such a file over."""


def write_part_file(store: Store, key: str, etag: str, size: int, parts: PartDigests, md5_hex: str) -> None:
    """Record the digests of one version of an object. A store that refuses costs only speed."""
    body = msgspec.json.encode(_PartFile(SCHEMA, etag, size, parts.part_size, list(parts.xxh3), md5_hex))
    try:
        store.put(key, body, mode=Overwrite(), headers=HEADERS, md5=md5(body, usedforsecurity=False).digest())
    except StoreError:
        return


def read_part_file(store: Store, key: str, etag: str, size: int) -> tuple[PartDigests | None, int]:
    """The part digests of exactly that version, None where there are none to trust; and the bytes received for it."""
    body = _read(store, key)
    return parse_part_file(body, etag, size), len(body)


def read_md5(store: Store, key: str, etag: str, size: int) -> str | None:
    """The MD5 of exactly that version, by whoever sent it; None where nobody recorded it."""
    found = _parse(_read(store, key), etag, size)
    return plain_md5(found.md5) if found is not None and found.md5 is not None else None


def parse_part_file(body: bytes, etag: str, size: int) -> PartDigests | None:
    """Parse the part digests of exactly that version; None for anything that is not such a file."""
    found = _parse(body, etag, size)
    return PartDigests(found.part_size, tuple(found.xxh3)) if found is not None else None


def _read(store: Store, key: str) -> bytes:
    try:
        with store.get(key) as reader:
            return b"" if reader.info.size > MAX_BYTES else b"".join(bytes(chunk) for chunk in reader)
    except StoreError:
        return b""


def _parse(body: bytes, etag: str, size: int) -> _PartFile | None:
    try:
        found = msgspec.json.decode(body, type=ready(_PartFile))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    fits = (found.schema, found.etag, found.size) == (SCHEMA, etag, size) and may_be_part_size(size, found.part_size)
    if not fits or found.key_id is not None or -(-size // found.part_size) != len(found.xxh3):
        return None
    return found
