"""Entries and snapshots: what one replica, or the base, holds under each path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct


class Entry(Struct, frozen=True, gc=False):
    """One path's content. Absence is None in place of an entry.

    `size` is in bytes; `md5` is 32 hex digits, None when unknown; `etag` is the store's version of the object, None
    on the local side. `mtime_ns` (since the Unix epoch) is synced for the user's sake and never compared.
    """

    size: int
    md5: str | None = None
    etag: str | None = None
    mtime_ns: int | None = None


Snapshot: TypeAlias = Mapping[str, Entry]
"""A complete listing of a replica: path (NFC, `/` between segments) to entry."""


def same(a: Entry | None, b: Entry | None) -> bool:
    """True if both are known to hold the same content. What cannot be known is not the same.

    Equal ETags name one version of one object; otherwise size and MD5 decide.
    """
    if a is None or b is None:
        return a is b
    if a.size != b.size:
        return False
    if a.etag is not None and a.etag == b.etag:
        return True
    return a.md5 is not None and a.md5 == b.md5


def needs_digest(size: int, *others: Entry | None) -> bool:
    """True if a file of this size must be hashed to compare it: only when another side's entry is as long."""
    return any(other is not None and other.size == size for other in others)
