"""Lists whose memory is bounded: beyond a number of items they continue in a temporary file.

For what a run intends and what it reports of each file; a `SpilledDict` is for what is looked up by its path.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar, overload

from s3sync.core import limits
from s3sync.spill.coding import decoder, encode
from s3sync.spill.scratch import unnamed_file, writing
from s3sync.spill.table import SpilledDict

T = TypeVar("T")


class SpilledList(Sequence[T], Generic[T]):
    """A list of one kind of struct, or of what else msgspec can encode. It grows, is ordered and read, by one thread.

    On the disk there are copies: an item that is in it stays as it is. Raises `DiskFull` and `LocalError` where the
    disk fails.
    """

    def __init__(self, kind: type[T], items: Iterable[T] = ()) -> None:
        self._kind = kind
        self._held: list[T] = []  # all items; once there are blocks, those that are in none yet
        self._blocks: _Blocks[T] | None = None
        self.extend(items)

    @property
    def in_memory(self) -> bool:
        return self._blocks is None

    def append(self, item: T) -> None:
        self._held.append(item)
        if self._blocks is not None or len(self._held) > limits.now.entries_in_memory:
            self.flush()

    def extend(self, items: Iterable[T]) -> None:
        for item in items:
            self.append(item)

    def flush(self) -> None:
        """Move full blocks to disk, for a list that is kept while others are made."""
        if self._blocks is None and len(self._held) >= limits.now.entries_at_once:
            self._blocks = _Blocks(self._kind, limits.now.entries_at_once)
        while self._blocks is not None and len(self._held) >= self._blocks.length:
            self._blocks.add(self._held[: self._blocks.length])
            del self._held[: self._blocks.length]

    def sort(self, key: Callable[[T], str]) -> None:
        """Order the items by a text of theirs (by code point); equal ones stay as they are."""
        if self._blocks is None:
            self._held.sort(key=key)
            return
        ordered = SpilledDict(self._kind, len(self))
        for number, item in enumerate(self):
            ordered[f"{key(item)}\0{number:010}"] = item
        self._held, self._blocks = [], None
        self.extend(ordered.values())

    def __len__(self) -> int:
        return len(self._held) + (self._blocks.items if self._blocks else 0)

    def __iter__(self) -> Iterator[T]:
        if self._blocks is not None:
            for number in range(len(self._blocks.ends)):
                yield from self._blocks.read(number)
        yield from self._held

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        if self._blocks is None:
            return self._held[number]
        block, place = divmod(number, self._blocks.length)
        return self._blocks.read(block)[place] if number < self._blocks.items else self._held[place]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (SpilledList, list)):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        few = ", ".join(repr(item) for _, item in zip(range(limits.now.entries_at_once), self, strict=False))
        return f"[{few}{', ...' if len(self) > limits.now.entries_at_once else ''}]"


class _Blocks(Generic[T]):
    """The items of a list in a file, `length` of them together. The block that was read last is kept at hand."""

    def __init__(self, kind: type[T], length: int) -> None:
        self.length = length
        self.ends: list[int] = []
        self._file = unnamed_file()
        weakref.finalize(self, self._file.close)
        self._decode = decoder(list[kind])  # type: ignore[valid-type]
        self._read: tuple[int, list[T]] = (-1, [])

    @property
    def items(self) -> int:
        return len(self.ends) * self.length

    def add(self, items: Sequence[T]) -> None:
        data = encode(items)
        start = self.ends[-1] if self.ends else 0
        with writing():
            self._file.seek(start)
            self._file.write(data)
            self._file.flush()
        self.ends.append(start + len(data))

    def read(self, number: int) -> list[T]:
        if self._read[0] != number:
            start = self.ends[number - 1] if number else 0
            with writing():
                self._file.seek(start, os.SEEK_SET)
                data = self._file.read(self.ends[number] - start)
            self._read = (number, self._decode(data))
        return self._read[1]
