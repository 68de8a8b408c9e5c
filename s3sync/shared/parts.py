"""Part digests beside an object (`core/records.py` says where): how others know which parts of it are new to them.

They only ever save time: what is built with their help is verified as a whole, so that a lie costs a second transfer.
"""

from __future__ import annotations

from hashlib import md5

import msgspec

from s3sync.core.etag import MAX_PARTS, may_be_part_size
from s3sync.errors import StoreError
from s3sync.local.digests import PartDigests
from s3sync.store.port import Headers, Overwrite, Store

SCHEMA = 1
MAX_BYTES = 64 + MAX_PARTS * 64
HEADERS = Headers(content_type="application/json")


class _PartFile(msgspec.Struct, omit_defaults=True):
    schema: int
    etag: str
    size: int
    part_size: int
    xxh3: list[str]
    key_id: str | None = None
    """Reserved: which key the digests are encrypted with. This version knows none, and passes such a file over."""


def write_part_file(store: Store, key: str, etag: str, size: int, parts: PartDigests) -> None:
    """Record the part digests of one version of an object. A store that refuses costs only speed."""
    body = msgspec.json.encode(_PartFile(SCHEMA, etag, size, parts.part_size, list(parts.xxh3)))
    try:
        store.put(key, body, mode=Overwrite(), headers=HEADERS, md5=md5(body, usedforsecurity=False).digest())
    except StoreError:
        return


def read_part_file(store: Store, key: str, etag: str, size: int) -> tuple[PartDigests | None, int]:
    """The part digests of exactly that version, None where there are none to trust; and the bytes received for it."""
    try:
        with store.get(key) as reader:
            if reader.info.size > MAX_BYTES:
                return None, 0
            body = b"".join(bytes(chunk) for chunk in reader)
    except StoreError:
        return None, 0
    return parse_part_file(body, etag, size), len(body)


def parse_part_file(body: bytes, etag: str, size: int) -> PartDigests | None:
    """Parse the part digests of exactly that version; None for anything that is not such a file."""
    try:
        found = msgspec.json.decode(body, type=_PartFile)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    fits = (found.schema, found.etag, found.size) == (SCHEMA, etag, size) and may_be_part_size(size, found.part_size)
    if not fits or found.key_id is not None or -(-size // found.part_size) != len(found.xxh3):
        return None
    return PartDigests(found.part_size, tuple(found.xxh3))
