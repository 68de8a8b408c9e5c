"""Ability of a store that encrypts on this side: what it would make of some bytes, and a digest of them that nobody can
imitate. `aspect(store, Seals)` finds it.

Of such a store nothing counts that metadata.json, which is sealed itself, does not name: see `core/vouching.py`.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from s3sync.core.checksum import Checksum
from s3sync.store.port import Body, Buffer, ObjectHead


@runtime_checkable
class Seals(Protocol):
    """Keep content encrypted with a key that the store does not have."""

    def sealed_etag(self, key: str, body: Buffer | Body, part_size: int | None) -> str:
        """The ETag of an object of these bytes under this key: in one piece, or in parts of that size, a multiple of
        1 MiB. It is the object's where the store's ETags are MD5s."""

    def key_id(self) -> str:
        """The id of the key, in hexadecimal. Raises what asking for the key raises."""

    def size_in_store(self, size: int) -> int:
        """Bytes that the store has of an object of so many."""

    def content_sum(self) -> Checksum:
        """A digest of a whole content that no other content has, be it made on purpose."""

    def is_sealed(self, head: ObjectHead) -> bool:
        """True if an object says that it is sealed with the key that is known here."""
