"""One end of a connection."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator

from tests.kit.proxy.request import CHUNKED, UNTIL_CLOSE
from tests.kit.proxy.rules import BLOCK

HEAD_LIMIT = 256 * 1024
_NO_LINGER = struct.pack("ii", 1, 0)  # closing sends a reset


class Gone(Exception):
    """One side hung up, or a cut was asked for."""

    def __init__(self, why: str, *, reset: bool = False) -> None:
        super().__init__(why)
        self.reset = reset


class ServerGone(Exception):
    """The server takes no more of the request."""


class Stream:
    """One end of a connection, read by heads and bodies."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.ahead = b""  # what was read beyond a head
        self._view: memoryview | None = None

    def head(self) -> bytes:
        """A head with its empty line, or nothing when the connection ended before it began."""
        end = self.ahead.find(b"\r\n\r\n")
        while end < 0:
            more = self.sock.recv(65536)
            if not more and not self.ahead:
                return b""
            if not more or len(self.ahead) > HEAD_LIMIT:
                raise Gone("a head was not complete", reset=True)
            self.ahead += more
            end = self.ahead.find(b"\r\n\r\n")
        head, self.ahead = self.ahead[: end + 4], self.ahead[end + 4 :]
        return head

    def send(self, piece: bytes | memoryview) -> None:
        try:
            self.sock.sendall(piece)
        except OSError as error:
            raise ServerGone from error

    def abandon(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self.sock.shutdown(socket.SHUT_RDWR)

    def body(self, length: int, block: int) -> Iterator[bytes | memoryview]:
        """A body as it is on the wire; a piece is only good until the next is asked for."""
        if length == CHUNKED:
            yield from self._chunks(block)
            return
        done = 0
        while length == UNTIL_CLOSE or done < length:
            piece = self._some(block if length == UNTIL_CLOSE else min(block, length - done))
            if not piece:
                if length == UNTIL_CLOSE:
                    return
                raise Gone("a body was not complete", reset=True)
            done += len(piece)
            yield piece

    def _chunks(self, block: int) -> Iterator[bytes | memoryview]:
        while True:
            line = self._line()
            yield line
            size = int(line.split(b";")[0], 16)
            if size == 0:
                break
            yield from self.body(size + 2, block)
        while line != b"\r\n":  # trailers
            line = self._line()
            yield line

    def _line(self) -> bytes:
        while b"\r\n" not in self.ahead:
            more = self.sock.recv(65536)
            if not more or len(self.ahead) > HEAD_LIMIT:
                raise Gone("a chunk was not complete", reset=True)
            self.ahead += more
        line, _, self.ahead = self.ahead.partition(b"\r\n")
        return line + b"\r\n"

    def _some(self, most: int) -> bytes | memoryview:
        if self.ahead:
            piece, self.ahead = self.ahead[:most], self.ahead[most:]
            return piece
        if self._view is None:
            self._view = memoryview(bytearray(BLOCK))
        return self._view[: self.sock.recv_into(self._view, most)]


def end_socket(sock: socket.socket, *, reset: bool) -> None:
    with contextlib.suppress(OSError):
        if reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        else:
            sock.shutdown(socket.SHUT_RDWR)
    sock.close()


def first_bytes(body: Iterator[bytes | memoryview], most: int) -> Iterator[bytes | memoryview]:
    """The first bytes of a body; the rest is read too, as the next answer comes after it."""
    for piece in body:
        yield piece[:most]
        most = max(0, most - len(piece))
