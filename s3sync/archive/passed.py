"""Members that a stream has passed, made of the files on the disk whenever somebody asks for them."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, overload

from s3sync.core.archive.values import Kind, Member, Source

if TYPE_CHECKING:
    from s3sync.archive.catalogue.staged import Staged

DIGEST = 32
"""Bytes of a SHA-256."""


class Passed(Sequence[Member]):
    """A sequence of members that takes 44 bytes for each, beside the sources, which are in memory anyway.

    As members they would take as much once more, while the catalogue and the index need room. `text` and `staged` are
    what was made of them while they passed (`archive/ahead.py`), as long as that is there.
    """

    __slots__ = ("_digests", "_files", "_nth", "_offsets", "_sources", "staged", "text")

    def __init__(self, sources: Sequence[Source], count: int, digests: bytearray, offsets: array[int]) -> None:
        """The first `count` of the sources; `digests` and `offsets` are those of the files among them."""
        self._sources, self._digests, self._offsets = sources, digests, offsets
        self._nth, self._files = array("I"), 0
        self.text: Callable[[], Iterator[bytes]] | None = None
        self.staged: Staged | None = None
        self.reach(count)

    def reach(self, count: int) -> None:
        """Take in those up to `count`, which have passed since."""
        nth, sources, files = self._nth, self._sources, self._files
        for number in range(len(nth), count):
            nth.append(files)
            files += sources[number].kind is Kind.FILE
        self._files = files

    @property
    def files(self) -> Sequence[Source]:
        """Sources that they are made of."""
        count = len(self._nth)
        return self._sources if count == len(self._sources) else self._sources[:count]

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
