"""Bodies of requests as adapters see them: bytes, or something to read them from more than once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from hashlib import md5

from s3sync.store.port import Body, Buffer

PIECE = 256 * 1024


def size_of(body: Buffer | Body) -> int:
    """In bytes."""
    return memoryview(body).nbytes if isinstance(body, (bytes, bytearray, memoryview)) else len(body)


def pieces(body: Buffer | Body) -> Iterator[Buffer]:
    """The body from its beginning, however far it was read before."""
    if isinstance(body, (bytes, bytearray, memoryview)):
        view = memoryview(body).cast("B")
        yield from (view[start : start + PIECE] for start in range(0, len(view), PIECE))
        return
    body.seek(0)
    while piece := body.read(PIECE):
        yield piece


class Sending:
    """A body as botocore reads it: in pieces, each with a timeout of its own, and each paid for.

    Given plain bytes, botocore would have to send all of them within one timeout, which a slow line cannot. A body
    with an attribute `sent` has it called with its bytes that are on their way, which are none again when it starts
    anew.
    """

    def __init__(self, body: Buffer | Body, pay: Callable[[int], None]) -> None:
        self._body: Body = View(body) if isinstance(body, (bytes, bytearray, memoryview)) else body
        self._pay = pay
        self._sent: Callable[[int], None] = getattr(body, "sent", lambda at: None)
        self._body.seek(0)
        self._sent(0)

    def __len__(self) -> int:
        return len(self._body)

    def read(self, size: int | None = None) -> Buffer:
        """Up to `size` bytes; more than a small size, as fewer and larger pieces are cheaper."""
        wanted = len(self._body) if size is None or size < 0 else max(size, PIECE // 4)
        piece = self._body.read(wanted)
        self._pay(len(piece))
        self._sent(self._body.tell())
        return piece

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._body.seek(offset, whence)

    def tell(self) -> int:
        return self._body.tell()


class View:
    """Bytes in memory as a `Body`, without copying them."""

    def __init__(self, body: Buffer) -> None:
        self._view = memoryview(body).cast("B")
        self._at = 0

    def __len__(self) -> int:
        return len(self._view)

    def read(self, size: int | None = None) -> Buffer:
        end = len(self._view) if size is None or size < 0 else self._at + size
        piece = self._view[self._at : end]
        self._at += len(piece)
        return piece if len(piece) else b""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + (0, self._at, len(self._view))[whence]
        return self._at

    def tell(self) -> int:
        return self._at


class Remade:
    """Bytes that are made anew each time they are read, as a `Body`: they are never in memory as a whole.

    `make` gives the same each time. `md5` is that of all.
    """

    def __init__(self, make: Callable[[], Iterator[bytes]]) -> None:
        self._make, self._size = make, 0
        digest = md5(usedforsecurity=False)
        for piece in make():
            digest.update(piece)
            self._size += len(piece)
        self.md5 = digest.digest()
        self._begin()

    def _begin(self) -> None:
        self._pieces, self._rest, self._at = self._make(), bytearray(), 0

    def __len__(self) -> int:
        return self._size

    def read(self, size: int | None = None) -> Buffer:
        wanted = self._size - self._at if size is None or size < 0 else min(size, self._size - self._at)
        while len(self._rest) < wanted:
            self._rest += next(self._pieces)
        found = bytes(self._rest[:wanted])
        del self._rest[:wanted]
        self._at += wanted
        return found

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        to = offset + (0, self._at, self._size)[whence]
        if to < self._at:
            self._begin()
        while self._at < to and self.read(min(PIECE, to - self._at)):
            pass
        return self._at

    def tell(self) -> int:
        return self._at


class Told:
    """Another body, whose `sent` is told of its bytes as they leave."""

    def __init__(self, body: Body, sent: Callable[[int], None]) -> None:
        self._body, self.sent = body, sent
        self.read, self.seek, self.tell = body.read, body.seek, body.tell

    def __len__(self) -> int:
        return len(self._body)
