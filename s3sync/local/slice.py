"""A range of a file as the body of a request: read from the disk as it is sent, so memory does not grow with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from s3sync.errors import SourceChanged
from s3sync.local.digests import changed, open_unchanged
from s3sync.local.scan import LocalFile


class FileSlice:
    """A `store.port.Body`: bytes `start` up to `stop` of an open file, which may be read again after `seek(0)`.

    `sent` is told by the store how many of them are on their way. `checksum` is that of a store (`core.checksum`), of
    these bytes as they were hashed: the store refuses others, and nobody has to read them once more for it.
    """

    def __init__(
        self,
        file: LocalFile,
        stream: IO[bytes],
        start: int,
        stop: int,
        sent: Callable[[int], None],
        checksum: str | None = None,
    ) -> None:
        self.sent, self.checksum = sent, checksum
        self._file, self._stream, self._start, self._size = file, stream, start, stop - start
        self._at = 0

    def __len__(self) -> int:
        return self._size

    def read(self, size: int | None = None) -> bytes:
        """Raises `SourceChanged` when the file has become shorter and, before its last piece, when it was changed:
        a request whose body does not end publishes nothing."""
        wanted = self._size - self._at if size is None or size < 0 else min(size, self._size - self._at)
        if not wanted:
            return b""
        self._stream.seek(self._start + self._at)
        piece = self._stream.read(wanted)
        if not piece:
            raise changed(self._file)
        self._at += len(piece)
        if self._at == self._size and not self._file.is_still(os.fstat(self._stream.fileno())):
            raise changed(self._file)
        return piece

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at


@contextmanager
def open_slice(
    file: LocalFile,
    start: int,
    stop: int,
    sent: Callable[[int], None] = lambda at: None,
    checksum: str | None = None,
) -> Iterator[FileSlice]:
    """A slice of a file that must not have changed; raises `SourceChanged` if it has when the block ends, however."""
    with open_unchanged(file) as stream:
        try:
            yield FileSlice(file, stream, start, stop, sent, checksum)
        except SourceChanged:
            raise
        except Exception:
            if not file.is_still(os.fstat(stream.fileno())):
                raise changed(file) from None
            raise
