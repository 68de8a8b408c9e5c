"""The MD5 of a whole object, for stores that keep one beside its ETag: noted with what comes in parts, and told."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from s3sync.store.port import Store
from s3sync.store.wrapped import Wrapped, hides_inner


@runtime_checkable
class NotesWholeMd5(Protocol):
    """Keep the MD5 of a whole beside an object that came in parts, for whoever reads it with another tool."""

    def note_md5(self, upload_id: str, md5: bytes) -> None:
        """Have `complete_upload` of this upload keep the MD5. Asks nobody."""


@runtime_checkable
class TellsWholeMd5(Protocol):
    """Tell the MD5 that a store keeps of an object: its own of what came in one piece, else its sender's word."""

    def whole_md5_of(self, key: str) -> str | None:
        """The MD5 in hex; None where there is none. Raises `NotFound`, `StoreError`."""


def note_md5(store: Store, upload_id: str, md5: str) -> None:
    """Tell a store the MD5 of a whole, in hex, before its upload is completed. Most know it by themselves, and one that
    has ciphertext is told nothing."""
    bare = store
    while isinstance(bare, Wrapped):
        if hides_inner(bare):
            return
        bare = bare.inner
    if isinstance(bare, NotesWholeMd5):
        bare.note_md5(upload_id, bytes.fromhex(md5))
