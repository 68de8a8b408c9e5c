"""The beginning of a gzip file, unpacked as far as somebody reads."""

from __future__ import annotations

import zlib
from typing import Protocol

MOST_PACKED = 4 * 1024 * 1024
"""Packed bytes that are read of one file: the longest header has fewer, however badly it packs."""
MOST_MEMBERS = 1000
"""Members of one file: tools that pack block by block, as bgzip does, need fifty for the longest header."""
_PIECE = 64 * 1024


class Readable(Protocol):
    """File that can be read from its beginning on."""

    def read(self, size: int, /) -> bytes: ...


class Packed:
    """A file of gzip members (RFC 1952), read from its beginning on. Zeros between them are passed over.

    The standard library reads a name in a member's head, and zeros behind a member, byte by byte for as long as the
    file goes on: one that is a hole of a terabyte costs nothing on a disk, and would take weeks.
    """

    def __init__(self, file: Readable) -> None:
        self._file, self._left = file, MOST_PACKED
        self._packed, self._members = b"", 0
        self._one: zlib._Decompress | None = None

    def read(self, size: int, /) -> bytes:
        """Bytes of that number, fewer at the end. Raises `EOFError` for a file that is cut off, or has more than is
        looked at; `zlib.error` for one that is damaged, or none of gzip's."""
        found = bytearray()
        while len(found) < size and self._has_more():
            if self._one is None:
                self._members += 1
                if self._members > MOST_MEMBERS:
                    raise EOFError("it has more members than any tool writes")
                self._one = zlib.decompressobj(31)
            found += self._one.decompress(self._packed, size - len(found))
            self._packed = self._one.unconsumed_tail
            if self._one.eof:
                self._packed, self._one = self._one.unused_data, None
        return bytes(found)

    def _has_more(self) -> bool:
        """Have some packed bytes at hand; False where the file ends behind a whole member."""
        while True:
            if self._one is None:
                self._packed = self._packed.lstrip(b"\0")
            if self._packed:
                return True
            self._packed = self._file.read(min(_PIECE, self._left))
            self._left -= len(self._packed)
            if not self._packed:
                if self._one is not None or not self._members or not self._left:
                    raise EOFError("it is cut off" if self._left else "its beginning is longer than any header")
                return False
