"""What the simulated files hold. Every content is known by its digest, so that no byte can appear or go unseen."""

from __future__ import annotations

from hashlib import md5, sha512

from msgspec import Struct

BLOCK = 64


class Content(Struct, frozen=True):
    """`size` bytes. Contents of one `family` differ only in the blocks that `token` chooses, as versions of a film do.

    Equal values are equal bytes: two users who save the same content are meant to be found out as in agreement.
    """

    token: int
    size: int
    family: int = 0

    def data(self) -> bytes:
        blocks = -(-self.size // BLOCK)
        own = {0, self.token % max(1, blocks)}
        return b"".join(self._block(number, number in own) for number in range(blocks))[: self.size]

    def _block(self, number: int, own: bool) -> bytes:
        return sha512(f"{self.token if own else 'f'}:{self.family}:{number}".encode()).digest()

    def __str__(self) -> str:
        return f"content {self.token} ({self.size} bytes)"


def digest(data: bytes) -> str:
    """MD5, so that it can be compared with what metadata.json says."""
    return md5(data, usedforsecurity=False).hexdigest()
