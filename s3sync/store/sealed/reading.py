"""Answers to a GET, opened segment by segment as they arrive."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from msgspec.structs import replace

from s3sync.core.sealed import BLOCK, HEADER, SEGMENT, TAG, opened_size, sealed_start, sealed_stop
from s3sync.store.port import Buffer, ObjectInfo, Reader
from s3sync.store.sealed.blocks import Opener, altered, not_sealed
from s3sync.store.sealed.keys import SphereKeys


def opened(info: ObjectInfo) -> ObjectInfo:
    """The entry with the plaintext's size; as it is where that is no size of a sealed object."""
    size = opened_size(info.size)
    return info if size is None else replace(info, size=size)


def range_in_store(start: int, stop: int | None) -> tuple[int, int | None]:
    """Range to ask the store for, to open bytes `start` to `stop` of a plaintext."""
    return sealed_start(start), None if stop is None else max(sealed_stop(stop), sealed_start(start) + HEADER + TAG)


class OpeningReader:
    """A `port.Reader` of the plaintext. Iterating raises `NotAuthentic` before it gives out what nobody vouches for."""

    def __init__(self, inner: Reader, key_id: bytes, keys: SphereKeys, start: int, stop: int | None, what: str) -> None:
        self._inner, self._key_id, self._keys, self._what = inner, key_id, keys, what
        self._size = opened_size(inner.info.size)
        size = self._size or 0
        self._start, self._stop = start, size if stop is None else min(stop, size)

    @property
    def info(self) -> ObjectInfo:
        return opened(self._inner.info)

    def __iter__(self) -> Iterator[Buffer]:
        if self._size is None:
            raise not_sealed(
                self._what, b"".join(bytes(chunk) for _, chunk in zip(range(1), self._inner, strict=False))
            )
        at = self._start // BLOCK * BLOCK
        if self._size and self._start >= self._stop:
            return
        chunks, rest, used = iter(self._inner), bytearray(), 0

        def take(wanted: int) -> bytes:
            nonlocal rest, used
            while len(rest) - used < wanted:
                chunk = next(chunks, None)
                if chunk is None:
                    raise altered(self._what)
                if used:
                    del rest[:used]
                    used = 0
                rest += chunk
            used += wanted
            return bytes(memoryview(rest)[used - wanted : used])

        while at < max(self._stop, 1):
            block = min(BLOCK, self._size - at)
            opener, count = Opener(self._key_id, self._keys, take(HEADER), self._what), max(1, -(-block // SEGMENT))
            for number in range(count):
                begin, length = at + number * SEGMENT, min(SEGMENT, block - number * SEGMENT)
                if begin >= self._stop and begin > 0:
                    return
                plain = opener.open(number, take(length + TAG), last=number == count - 1)
                piece = plain[max(0, self._start - begin) : self._stop - begin]
                if piece:
                    yield piece
            at += BLOCK

    def __enter__(self) -> Self:
        self._inner.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inner.__exit__(kind, error, trace)
