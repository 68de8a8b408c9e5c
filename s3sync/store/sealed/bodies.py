"""Bodies on their way to the store, sealed block by block as they are read: never in memory as a whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from hashlib import md5

from s3sync.core.sealed import BLOCK, SEALED_BLOCK, sealed_size
from s3sync.errors import ChecksumMismatch
from s3sync.store.bodies import View, size_of
from s3sync.store.port import Body, Buffer
from s3sync.store.sealed.blocks import seal_block
from s3sync.store.sealed.keys import SphereKeys
from s3sync.store.sealed.sums import NAME, BlockSums


class SealedBody:
    """A `Body` of what a body is when it is sealed. Reading it again gives the same bytes.

    A body with a `checksum` of our kind is compared with it as it is read: other bytes raise `ChecksumMismatch`.
    """

    def __init__(self, key_id: bytes, keys: SphereKeys, body: Buffer | Body) -> None:
        self._key_id, self._keys = key_id, keys
        self._promised = getattr(body, "checksum", None)
        self._tell: Callable[[int], None] = getattr(body, "sent", lambda at: None)
        self._size = size_of(body)
        self._body: Body = View(body) if isinstance(body, (bytes, bytearray, memoryview)) else body
        self._length = sealed_size(self._size)
        self._at, self._number, self._block = 0, -1, b""
        self._sums: BlockSums | None = None

    def __len__(self) -> int:
        return self._length

    def read(self, size: int | None = None) -> Buffer:
        wanted = self._length - self._at if size is None or size < 0 else size
        pieces: list[Buffer] = []
        while wanted > 0 and self._at < self._length:
            number, offset = divmod(self._at, SEALED_BLOCK)
            if number != self._number:
                self._load(number)
            piece = memoryview(self._block)[offset : offset + wanted]
            pieces.append(piece)
            self._at += len(piece)
            wanted -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _load(self, number: int) -> None:
        start = number * BLOCK
        if self._body.tell() != start:
            self._body.seek(start)
            self._sums = None
        if number == 0:
            self._sums = BlockSums() if (self._promised or "").startswith(NAME) else None
        plain = self._plain(min(BLOCK, self._size - start))
        if self._sums is not None:
            self._sums.update(plain)
            if start + len(plain) == self._size and self._sums.value() != self._promised:
                raise ChecksumMismatch("a part changed while it was sent", why="the file is not what was hashed")
        self._block, self._number = seal_block(self._key_id, self._keys, plain), number

    def _plain(self, wanted: int) -> bytes:
        found = self._body.read(wanted)
        if len(found) < wanted:
            pieces = [bytes(found)]
            left = wanted - len(found)
            while left:
                piece = self._body.read(left)
                if not piece:
                    raise ChecksumMismatch("a body ended before its length", why=f"{left} bytes are missing")
                pieces.append(bytes(piece))
                left -= len(piece)
            return b"".join(pieces)
        return bytes(found)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._length)[whence]
        if self._at == 0:
            self._number = -1  # whoever sends it again reads the file again
        return self._at

    def tell(self) -> int:
        return self._at

    def sent(self, at: int) -> None:
        """Pass on how far it is on its way, in bytes of the plaintext."""
        self._tell(min(self._size, at * self._size // self._length))


def sealed_pieces(body: SealedBody) -> Iterator[Buffer]:
    """All of it, a block at a time, from the beginning."""
    body.seek(0)
    while piece := body.read(SEALED_BLOCK):
        yield piece


def sealed_md5(body: SealedBody) -> bytes:
    digest = md5(usedforsecurity=False)
    for piece in sealed_pieces(body):
        digest.update(piece)
    return digest.digest()
