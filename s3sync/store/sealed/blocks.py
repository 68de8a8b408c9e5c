"""Blocks: sealed, and opened again. AES-256-GCM over segments of 64 KiB, as in the STREAM construction.

Sources: STREAM, Hoang, Reyhanitabar, Rogaway, Vizár 2015 (https://eprint.iacr.org/2015/189); GCM, NIST SP 800-38D.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from s3sync.core.sealed import HEADER, KEY_ID_BYTES, MAGIC, SEALED_SEGMENT, SEGMENT
from s3sync.errors import NotAuthentic, Unsupported
from s3sync.store.sealed.keys import SphereKeys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_PLACE = struct.Struct(">7xIB")
"""Nonce of a segment: its number in the block, and 1 for the last."""


def cipher(key: bytes) -> AESGCM:
    """Raises `Unsupported` where the library is missing."""
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        raise Unsupported(
            "this repository is encrypted, and the library for it is missing",
            why="the extra `crypt` is not installed",
            hint="run `pip install 's3sync-collab[crypt]'`",
        ) from None
    return AESGCM(key)


def seal_block(key_id: bytes, keys: SphereKeys, block: bytes | memoryview) -> bytes:
    """A block of up to 1 MiB as the store gets it. The same block gives the same bytes."""
    view = memoryview(block)
    part_id = keys.part_id(view)
    header = MAGIC + key_id + part_id
    aes, bound = cipher(keys.part_key(part_id)), header + keys.bound
    pieces = [header]
    count = max(1, -(-len(view) // SEGMENT))
    for number in range(count):
        place = _PLACE.pack(number, number == count - 1)
        pieces.append(aes.encrypt(place, view[number * SEGMENT : (number + 1) * SEGMENT], bound + place))
    return b"".join(pieces)


class Opener:
    """Opens the segments of one block, whose header it was made with.

    Raises `NotAuthentic` for a header that is none, or of another key.
    """

    __slots__ = ("_aes", "_bound", "_what")

    def __init__(self, key_id: bytes, keys: SphereKeys, header: bytes, what: str) -> None:
        begins = len(MAGIC) + KEY_ID_BYTES
        if header[: len(MAGIC)] != MAGIC:
            raise not_sealed(what, header)
        if header[len(MAGIC) : begins] != key_id:
            raise other_key(what, header[len(MAGIC) : begins].hex(), key_id.hex())
        self._aes = cipher(keys.part_key(header[begins:HEADER]))
        self._bound, self._what = header + keys.bound, what

    def open(self, number: int, segment: bytes | memoryview, *, last: bool) -> bytes:
        """One segment's plaintext. Raises `NotAuthentic`."""
        from cryptography.exceptions import InvalidTag

        place = _PLACE.pack(number, last)
        try:
            return self._aes.decrypt(place, segment, self._bound + place)
        except InvalidTag:
            raise altered(self._what) from None


def open_block(key_id: bytes, keys: SphereKeys, sealed: bytes, what: str) -> bytes:
    """A whole block's plaintext. Raises `NotAuthentic`."""
    opener, view = Opener(key_id, keys, sealed[:HEADER], what), memoryview(sealed)[HEADER:]
    count = max(1, -(-len(view) // SEALED_SEGMENT))
    segments = (view[number * SEALED_SEGMENT : (number + 1) * SEALED_SEGMENT] for number in range(count))
    return b"".join(opener.open(number, one, last=number == count - 1) for number, one in enumerate(segments))


def altered(what: str) -> NotAuthentic:
    return NotAuthentic(
        f"{what} was altered in the store",
        why="it is not what a member of this repository encrypted for this place",
        hint="nothing of it was used; have whoever has the file look at it, and see docs/encryption.md",
    )


def not_sealed(what: str, header: bytes) -> NotAuthentic:
    if header[:3] == MAGIC[:3] and len(header) >= len(MAGIC):
        newer = NotAuthentic(
            f"{what} has a newer form of encryption", why=f"its version is {header[3]}", hint="upgrade s3sync"
        )
        newer.opens_elsewhere = True
        return newer
    return NotAuthentic(
        f"{what} is not encrypted",
        why="this repository is, so nobody vouches for it: another program or an s3sync without the key put it there",
        hint="nothing of it was used; fetch it with the program that put it there, look at it, and have `s3sync up` "
        "send it under another name",
    )


def other_key(what: str, theirs: str, ours: str) -> NotAuthentic:
    error = NotAuthentic(
        f"{what} is encrypted with another key",
        why=f"its key is {theirs}, and the one of this repository here is {ours}",
        hint="`s3sync keys list` shows yours; `s3sync keys import` takes the right one",
    )
    error.opens_elsewhere = True
    return error
