"""`store.json`, the marker of a folder store: that one is there, which it is, and how it spells names."""

from __future__ import annotations

import uuid
from typing import Literal

import msgspec

from s3sync.decoding import ready
from s3sync.errors import StoreError

MARKER = "store.json"
MAX_MARKER = 64 * 1024
_FORMAT = "s3sync folder store"


class Marker(msgspec.Struct, frozen=True, omit_defaults=True):
    """`id` tells this store from another one that is mounted at the same path; markers of older versions have none.

    `names` "escaped": characters that many disks refuse are spelled as `spelling` says.
    """

    format: str = _FORMAT
    schema: int = 1
    id: str | None = None
    names: Literal["plain", "escaped"] = "plain"

    def encode(self) -> bytes:
        known = {"format": self.format, "schema": self.schema, "id": self.id, "names": self.names}
        return msgspec.json.encode(known) + b"\n"


_decoder = msgspec.json.Decoder(ready(Marker))


def new_marker(*, escaped: bool) -> Marker:
    return Marker(id=uuid.uuid4().hex, names="escaped" if escaped else "plain")


def decode_marker(body: bytes, root: str) -> Marker:
    """Raises `StoreError` for a marker that this version does not understand: guessed names would lose files."""
    try:
        marker = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise StoreError(
            f"the folder store at {root} cannot be used",
            why=f"its marker {MARKER} is damaged",
            hint="restore it from a backup; the objects in the folder are ordinary files",
        ) from None
    if marker.schema > 1:
        raise StoreError(
            f"the folder store at {root} cannot be used", why="a newer s3sync made it", hint="upgrade s3sync"
        )
    return marker
