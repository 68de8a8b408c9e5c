"""Lists that pure code fills, so that whoever calls decides where the items are kept; and batches of long ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol, TypeVar, overload

T = TypeVar("T")


class Items(Protocol[T]):
    """As much of a list as a plan and a report need. An item that is in it stays as it is."""

    def append(self, item: T, /) -> None: ...

    def extend(self, items: Iterable[T], /) -> None: ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[T]: ...

    @overload
    def __getitem__(self, index: int, /) -> T: ...
    @overload
    def __getitem__(self, index: slice, /) -> list[T]: ...


class NewItems(Protocol):
    """Makes an empty list for one kind of item."""

    def __call__(self, kind: type[T], /) -> Items[T]: ...


def in_memory(kind: type[T], /) -> Items[T]:
    """A list as any other."""
    found: list[T] = []
    return found


def batched(items: Iterable[T], length: int) -> Iterator[list[T]]:
    """The items, so many at a time: `itertools.batched` of Python 3.12."""
    rest = iter(items)
    while batch := list(islice(rest, length)):
        yield batch
