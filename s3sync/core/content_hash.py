"""Hashes of content as stores other than S3 keep them. Dropbox's is SHA-256 over the SHA-256 of each block of 4 MiB.

Source: https://www.dropbox.com/developers/reference/content-hash
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Protocol


class Running(Protocol):
    """A hash that is being computed."""

    def update(self, data: bytes | bytearray | memoryview, /) -> None: ...
    def hexdigest(self) -> str: ...


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


KINDS: Mapping[str, Callable[[], Running]] = {
    "md5": lambda: hashlib.md5(usedforsecurity=False),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": sha256,
    "dropbox": DropboxHash,
}
"""Kinds that can be computed here, by rclone's names for them."""


def running_hash(etag: str) -> Running | None:
    """The hash to compare with an ETag of the form `dropbox:9f2c...`; None for any other."""
    kind, colon, _ = etag.partition(":")
    make = KINDS.get(kind) if colon else None
    return None if make is None else make()
