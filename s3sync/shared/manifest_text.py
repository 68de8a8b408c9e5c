"""The text of metadata.json on its way between the store and a manifest: it can be larger than all else that a run
holds."""

from __future__ import annotations

import io
import os
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, Self

from s3sync.core import limits
from s3sync.core.manifest.parse import too_much, values_in
from s3sync.errors import Halt
from s3sync.spill.scratch import unnamed_file, writing
from s3sync.store.port import Body, Buffer


class ManifestText:
    """Text that was written to it: in memory, or in a temporary file once it is long. To be used inside `with`.

    A long one is a `Body` for the store. Its methods raise `DiskFull` and `LocalError` where the disk fails.
    """

    def __init__(self) -> None:
        self._file: BinaryIO = io.BytesIO()
        self._size = self._values = 0
        self.objects = 0
        """How many JSON objects there are at most: each record is one."""

    def write(self, piece: Buffer) -> None:
        piece = bytes(piece)
        if self._size <= limits.now.manifest_in_memory < self._size + len(piece) and isinstance(self._file, io.BytesIO):
            short = self._file.getvalue()
            self._file = unnamed_file()
            with writing():
                self._file.write(short)
        with writing():
            self._file.write(piece)
        self._size += len(piece)
        self._values += values_in(piece)
        self.objects += piece.count(b"{")

    def too_much(self) -> str | None:
        """Reason why this is already more than a reader takes."""
        return too_much(self._size, self._values)

    def pieces(self) -> Iterator[bytes]:
        """All of it, from the beginning; without the byte order mark that an editor may have put there."""
        self.seek(0)
        mark = BOM_UTF8
        while piece := self.read(limits.now.manifest_piece):
            yield piece.removeprefix(mark)
            mark = b""

    def body(self) -> Body | bytes:
        """All of it to be sent: a short one as bytes, which have a lane of their own."""
        self.seek(0)
        return self.read() if self._size <= limits.now.manifest_in_memory else self

    def __len__(self) -> int:
        return self._size

    def read(self, size: int | None = None) -> bytes:
        with writing():
            return self._file.read(-1 if size is None else size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        with writing():  # of what is still in the buffer
            return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # which was told when it was written
            self._file.close()


def encrypted(what: str) -> Halt:
    """The refusal to go on in an encrypted repository as if it were none."""
    return Halt(
        "this repository is encrypted, and the settings do not say so",
        why=f"{what} in the store says it, and files would be sent as anybody can read them",
        hint="set `encrypt: yes` in .s3sync.yaml, as the team has it, and take the key with `s3sync keys import`",
    )
