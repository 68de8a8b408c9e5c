"""A long listing, asked for in several places at once.

A page has a thousand keys, and tells where the next one begins: 20,000 objects are 20 answers, one after the other.
What the base remembers tells where to begin beforehand. Each piece ends where another one has begun, so that together
they are what the store would have listed, in whatever order it does.

What is missing may not be taken for deleted on this alone: a store that gives another order than it begins by would
leave something out. `shared/scan.py` asks again, page by page, when something is missing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from s3sync.aside import Answer, Aside
from s3sync.core.entries import Entry
from s3sync.spill.table import SpilledDict
from s3sync.store.aspects import ListsInPieces
from s3sync.store.lanes.rounds import Names
from s3sync.store.port import ObjectInfo, Store

T = TypeVar("T")

IN_A_PIECE = 950
"""Objects of a piece, so that it is one page even where a few are new."""
AT_ONCE = 8
"""Pieces that are asked for, or wait for their turn in memory."""
_PAGE = 1000


def in_pieces(store: Store, prefix: str, base: SpilledDict[Entry], threads: Aside) -> Iterator[ObjectInfo] | None:
    """Everything below the prefix, each once; None where a single page will do, or the store cannot.

    Raises as `Store.list` does.
    """
    if not isinstance(store, ListsInPieces):
        return None
    keys = _beginnings(prefix, base)
    return _list(store, prefix, keys, threads) if keys else None


def _beginnings(prefix: str, base: SpilledDict[Entry]) -> list[str]:
    """Keys that are probably there, about a page apart: a page is full, and what two pieces list is sent twice."""
    count = len(base) + 1  # metadata.json
    pieces = -(-count // IN_A_PIECE)
    if pieces < 2:
        return []
    places = (IN_A_PIECE * number for number in range(1, pieces))
    wanted, found = next(places, None), []
    for number, path in enumerate(base):
        if wanted is None:
            break
        if number >= wanted and path.isascii():  # another one may be stored in another spelling
            found.append(prefix + path)
            wanted = next(places, None)
    return found


def _list(store: ListsInPieces, prefix: str, keys: Sequence[str], threads: Aside) -> Iterator[ObjectInfo]:
    def begin(after: str) -> Iterator[ObjectInfo]:
        return store.list_until(prefix, keys, after=after)

    return side_by_side(begin, keys, threads, lambda info: info.key)


def side_by_side(
    begin: Callable[[str], Iterator[T]], keys: Sequence[str], threads: Aside, name: Callable[[T], str]
) -> Iterator[T]:
    """Items of a listing in pieces, each name once, in the order of the pieces. `begin` lists behind a key.

    The first pages of `AT_ONCE` pieces are asked for side by side. What a piece has besides is asked for when its turn
    comes.
    """
    waiting = deque(["", *keys])
    asked: deque[tuple[Answer[list[T]], Iterator[T]]] = deque()
    given = Names()
    while waiting or asked:
        while waiting and len(asked) < AT_ONCE:
            piece = begin(waiting.popleft())
            asked.append((threads.submit(_first_page, piece), piece))
        page, rest = asked.popleft()
        for some in (page.result(), rest):
            for item in some:
                if given.add(name(item)):
                    yield item


def _first_page(piece: Iterator[T]) -> list[T]:
    return list(islice(piece, _PAGE))
