"""Listings that never end: a store that says "there is more" for ever is noticed, whatever it then gives."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import TypeVar

import msgspec

from s3sync.store.s3.attempts import RequestFailed
from s3sync.store.s3.failures import Failure

MOST_EMPTY_PAGES = 10_000
"""In a row. S3 gives pages without a key where a version or a deletion stands in for each of them."""
PAGE_PATIENCE_S = 600.0
"""How long the next thousand keys may take: each request of them has its own, much shorter timeout."""

PACK_AT_ONCE = 1000

_T = TypeVar("_T")


class Names:
    """The names that a listing has given. While they come in order, as S3 gives them, one takes but a few bytes."""

    def __init__(self) -> None:
        self._last = ""
        self._recent: list[str] = []
        self._packed: list[bytes] = []
        self._all: set[str] | None = None

    def add(self, name: str) -> bool:
        """Take note of a name; whether it is new."""
        if self._all is None:
            if name > self._last:
                self._last = name
                self._recent.append(name)
                if len(self._recent) == PACK_AT_ONCE:
                    self._packed.append(zlib.compress(msgspec.msgpack.encode(self._recent), 1))
                    self._recent = []
                return True
            if name == self._last:
                return False
            self._all = self._unpacked()
        before = len(self._all)
        self._all.add(name)
        return len(self._all) > before

    def __len__(self) -> int:
        return len(self._all) if self._all is not None else len(self._packed) * PACK_AT_ONCE + len(self._recent)

    def _unpacked(self) -> set[str]:
        names = set(self._recent)
        for pack in self._packed:
            names.update(msgspec.msgpack.decode(zlib.decompress(pack), type=list[str]))
        self._recent, self._packed = [], []
        return names


class Rounds:
    """What a listing has given so far. S3 names each thing once, so a page that brings nothing new is wrong."""

    def __init__(self) -> None:
        self._known = Names()
        self._empty = 0

    def page(self, names: Iterable[str]) -> None:
        """Take note of a page. Raises `RequestFailed` when the listing goes round."""
        new = [self._known.add(name) for name in names]
        self._empty = 0 if new else self._empty + 1
        if (new and not any(new)) or self._empty > MOST_EMPTY_PAGES:
            raise RequestFailed(Failure("endless"))


def in_time(pages: Iterator[_T]) -> Iterator[_T]:
    """The pages, each within `PAGE_PATIENCE_S`. obstore asks on by itself until a page has a key, be it for ever.

    Raises `RequestFailed`; what a page raises passes through.
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
                raise RequestFailed(Failure("endless")) from None
            if error is not None:
                raise error
            if not page:
                return
            yield page[0]
    finally:
        asked.put(False)
