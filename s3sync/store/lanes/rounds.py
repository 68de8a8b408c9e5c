"""Listings that never end: a store that says "there is more" for ever is noticed, whatever it then gives."""

from __future__ import annotations

import threading
import time
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import TypeVar

import msgspec

from s3sync.core import limits
from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure

MOST_EMPTY_PAGES = 10_000
"""In a row. S3 gives pages without a key where a version or a deletion stands in for each of them."""
PAGE_PATIENCE_S = 150.0
"""Time that the next thousand keys may take: obstore asks on by itself while pages are empty."""

_ENDLESS = Failure("endless")

PACK_AT_ONCE = 1000
MOST_RUNS = 4
"""Names in order that are packed together. What a store that keeps no order gives besides is held as it is."""

_T = TypeVar("_T")


class Names:
    """The names that a listing has given. One takes but a few bytes, while they come in order as S3 gives them.

    A listing that begins anew comes in order too, and what it has besides goes into a run of its own.
    """

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self._late: set[str] = set()

    def add(self, name: str) -> bool:
        """Take note of a name; whether it is new."""
        if len(self._runs) == 1 and name > self._runs[0].last and not self._late:
            self._runs[0].add(name)
            return True
        if name in self._late or any(name in run for run in self._runs):
            return False
        for run in self._runs:
            if name > run.last:
                run.add(name)
                return True
        if len(self._runs) < MOST_RUNS:
            self._runs.append(_Run(name))
        else:
            self._late.add(name)
        return True

    def __len__(self) -> int:
        return sum(map(len, self._runs)) + len(self._late)


class _Run:
    """Names in ascending order, packed together by the thousand."""

    def __init__(self, first: str) -> None:
        self.last = first
        self._recent = [first]
        self._packed: list[bytes] = []
        self._firsts: list[str] = []
        self._unpacked: tuple[int, frozenset[str]] = (-1, frozenset())

    def add(self, name: str) -> None:
        """`name` comes after all others."""
        self.last = name
        self._recent.append(name)
        if len(self._recent) == PACK_AT_ONCE:
            self._firsts.append(self._recent[0])
            self._packed.append(zlib.compress(msgspec.msgpack.encode(self._recent), 1))
            self._recent = []

    def __contains__(self, name: str) -> bool:
        if name > self.last:
            return False
        if self._recent and name >= self._recent[0]:
            found = bisect_left(self._recent, name)
            return found < len(self._recent) and self._recent[found] == name
        pack = bisect_right(self._firsts, name) - 1
        return pack >= 0 and name in self._names(pack)

    def _names(self, pack: int) -> frozenset[str]:
        """The one that was asked for last is at hand: names come in order when they come again, too."""
        if self._unpacked[0] != pack:
            names = msgspec.msgpack.decode(zlib.decompress(self._packed[pack]), type=frozenset[str])
            self._unpacked = (pack, names)
        return self._unpacked[1]

    def __len__(self) -> int:
        return len(self._packed) * PACK_AT_ONCE + len(self._recent)


class EndlessListingGuard:
    """Names that a listing has given so far. S3 names each thing once, so a page that brings nothing new is wrong.

    So is one with new names for ever: `most` is how many a listing may give, by default more than anybody has.

    `may_be_empty`: whether a page may hold no name although more pages come, as those of objects can. Then the next
    name may take `PAGE_PATIENCE_S`.
    """

    def __init__(self, *, may_be_empty: bool = True, most: int | None = None) -> None:
        self._known, self._most = Names(), limits.now.names_listed if most is None else most
        self._may_be_empty = may_be_empty
        self._empty, self._since = 0, 0.0

    def page(self, names: Iterable[str]) -> None:
        """Take note of a page that says that more come. Raises `RequestFailed` when the listing goes round."""
        new = [self._known.add(name) for name in names]
        if new:
            self._empty = 0
            if any(new) and len(self._known) <= self._most:
                return
            raise RequestFailed(Failure("endless"))
        self._since = self._since if self._empty else time.monotonic()
        self._empty += 1
        late = time.monotonic() - self._since > PAGE_PATIENCE_S
        if late or not self._may_be_empty or self._empty > MOST_EMPTY_PAGES:
            raise RequestFailed(Failure("endless"))


def in_time(pages: Iterator[_T], late: Failure = _ENDLESS) -> Iterator[_T]:
    """The pages, each within `PAGE_PATIENCE_S`. obstore asks on by itself until a page has a key, be it for ever.

    Raises `RequestFailed` with `late`; what a page raises passes through.
    """
    asked: SimpleQueue[bool] = SimpleQueue()
    told: SimpleQueue[tuple[list[_T], BaseException | None]] = SimpleQueue()

    def work() -> None:
        while asked.get():
            try:
                told.put(([page for page in [next(pages, None)] if page is not None], None))
            except BaseException as error:  # noqa: BLE001 - raised again by whoever asked
                told.put(([], error))

    threading.Thread(target=work, name="s3sync-pages", daemon=True).start()
    try:
        while True:
            asked.put(True)
            try:
                page, error = told.get(timeout=PAGE_PATIENCE_S)
            except Empty:
                raise RequestFailed(late) from None
            if error is not None:
                raise error
            if not page:
                return
            yield page[0]
    finally:
        asked.put(False)
