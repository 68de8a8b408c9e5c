"""The open answer to a GET, as `port.Reader`."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from s3sync.errors import ChecksumMismatch, PreconditionFailed, Unreachable
from s3sync.store.port import Buffer, ObjectInfo, Pace
from s3sync.store.rclone.client import Client


class Changed(PreconditionFailed):
    """An object was replaced between the look at it and the answer to the GET."""


class RcloneReader:
    """Bytes of one version, as far as its size tells: `info` was asked for just before."""

    def __init__(self, client: Client, fs: str, path: str, info: ObjectInfo, span: tuple[int, int], pace: Pace) -> None:
        self.info = info
        self._what, self._pace = f"could not read {info.key!r}", pace
        start, stop = min(span[0], info.size), min(span[1], info.size)
        self._length = max(0, stop - start)
        whole = start == 0 and stop == info.size
        self._response = client.read(fs, path, start, None if whole else stop, self._what) if self._length else None
        if self._response is not None and self._response.length != self._length:
            self._response.close()
            raise Changed(self._what, why="it has another size than a moment ago")

    def __iter__(self) -> Iterator[Buffer]:
        if self._response is None:
            return
        got = 0
        for piece in self._response.pieces():
            got += len(piece)
            self._pace.receive(len(piece))
            yield piece
        if got < self._length:  # rclone ends its answer so where the line to its server broke
            raise Unreachable(self._what, why=f"the answer of rclone broke off: {got} bytes came of {self._length}")
        if got > self._length:
            raise ChecksumMismatch(self._what, why=f"{got} bytes came of {self._length}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._response is not None:
            self._response.close()
