"""Dropbox's content hash: SHA-256 over the SHA-256 of each block of 4 MiB.

Source: https://www.dropbox.com/developers/reference/content-hash
"""

from __future__ import annotations

from hashlib import sha256

BLOCK = 4 * 1024 * 1024


class DropboxHash:
    """The hash of bytes that come in pieces of any size."""

    def __init__(self) -> None:
        self._all, self._block, self._room = sha256(), sha256(), BLOCK

    def update(self, data: bytes | bytearray | memoryview) -> None:
        view = memoryview(data).cast("B")
        while len(view):
            taken, view = view[: self._room], view[self._room :]
            self._block.update(taken)
            self._room -= len(taken)
            if not self._room:
                self._all.update(self._block.digest())
                self._block, self._room = sha256(), BLOCK

    def hexdigest(self) -> str:
        """The hash of what came until now."""
        whole = self._all.copy()
        if self._room < BLOCK:
            whole.update(self._block.digest())
        return whole.hexdigest()
