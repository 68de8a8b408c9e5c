"""Members that a stream has passed, made of the files on the disk whenever somebody asks for them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import overload

from s3sync.core.archive.values import Kind, Member, Source

DIGEST = 32
"""Bytes of a SHA-256."""


class Passed(Sequence[Member]):
    """A sequence of members that takes 44 bytes for each, beside the sources, which are in memory anyway.

    As members they would take as much once more, while the catalogue and the index need room.
    """

    __slots__ = ("_digests", "_nth", "_offsets", "_sources")

    def __init__(self, sources: Sequence[Source], count: int, digests: bytearray, offsets: array[int]) -> None:
        """The first `count` of the sources; `digests` and `offsets` are those of the files among them."""
        self._sources, self._digests, self._offsets = sources, digests, offsets
        self._nth, files = array("Q"), 0
        for number in range(count):
            self._nth.append(files)
            files += sources[number].kind is Kind.FILE

    def __len__(self) -> int:
        return len(self._nth)

    def __iter__(self) -> Iterator[Member]:
        return map(self._member, range(len(self._nth)))

    @overload
    def __getitem__(self, index: int) -> Member: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Member, ...]: ...
    def __getitem__(self, index: int | slice) -> Member | tuple[Member, ...]:
        numbers = range(len(self._nth))[index]
        return self._member(numbers) if isinstance(numbers, int) else tuple(map(self._member, numbers))

    def _member(self, number: int) -> Member:
        one = self._sources[number]
        if one.kind is not Kind.FILE:
            return Member(one.path, one.kind, one.size, one.mode, one.mtime_ns, "", 0, one.target)
        file = self._nth[number]
        sha256 = self._digests[file * DIGEST : (file + 1) * DIGEST].hex()
        return Member(one.path, one.kind, one.size, one.mode, one.mtime_ns, sha256, self._offsets[file])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Passed | tuple | list):
            return NotImplemented
        return len(self) == len(other) and all(mine == its for mine, its in zip(self, other, strict=True))
