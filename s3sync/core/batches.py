"""Batches of long sequences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(items: Iterable[T], length: int) -> Iterator[list[T]]:
    """The items in lists of this length: `itertools.batched` of Python 3.12."""
    rest = iter(items)
    while batch := list(islice(rest, length)):
        yield batch
