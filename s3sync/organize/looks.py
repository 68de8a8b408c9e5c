"""Methods that files which are looked into have in common."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod


class Looks(io.RawIOBase, ABC):
    """A file for reading anywhere, all of whose reading goes through `read`, which counts it."""

    @abstractmethod
    def read(self, size: int | None = -1, /) -> bytes: ...

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        return self.read()
