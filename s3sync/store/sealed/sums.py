"""Digest of a whole content: SHA-256 over the SHA-256 of each MiB, so that parts can be hashed side by side."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Self

from s3sync.core.sealed import BLOCK

NAME = "sha256-blocks"


class BlockSums:
    """One in the making: a `core.checksum.Checksum`."""

    def __init__(self) -> None:
        self._done: list[bytes] = []
        self._block, self._room = hashlib.sha256(), BLOCK

    def update(self, chunk: bytes | memoryview, /) -> None:
        view = memoryview(chunk).cast("B")
        while len(view) >= self._room:
            self._block.update(view[: self._room])
            view = view[self._room :]
            self._done.append(self._block.digest())
            self._block, self._room = hashlib.sha256(), BLOCK
        self._block.update(view)
        self._room -= len(view)

    @property
    def combines(self) -> bool:
        return True

    def append(self, later: Self, size: int) -> None:
        """Raises `ValueError` behind a block that is not full: only the last part has one."""
        if self._room != BLOCK:
            raise ValueError("a part that is not the last one ends within a block")
        self._done += later._done
        self._block, self._room = later._block.copy(), later._room

    def value(self) -> str:
        rest = [self._block.digest()] if self._room < BLOCK or not self._done else []
        return f"{NAME}:{b64encode(hashlib.sha256(b''.join([*self._done, *rest])).digest()).decode()}"
