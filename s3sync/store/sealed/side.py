"""Metadata of objects in the trash, sealed in a record beside each, as a sealed object has none itself."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from s3sync.decoding import ready

SCHEMA = 1
MOST_BYTES = 64 * 1024


class Side(msgspec.Struct, frozen=True):
    """Record of one copy. `etag` ties it to that."""

    schema: int
    etag: str
    metadata: dict[str, str]


def side_bytes(etag: str, metadata: Mapping[str, str]) -> bytes:
    return msgspec.json.encode(Side(SCHEMA, etag, dict(metadata)))


def read_side(body: bytes, etag: str) -> Mapping[str, str]:
    """The metadata of exactly that copy; empty for what is no such record."""
    try:
        found = msgspec.json.decode(body, type=ready(Side))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return found.metadata if found.schema == SCHEMA and found.etag == etag else {}
