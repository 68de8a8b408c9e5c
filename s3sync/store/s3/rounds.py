"""Listings that never end: a store that says "there is more" for ever is noticed, whatever it then gives."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import TypeVar

from s3sync.store.s3.attempts import RequestFailed
from s3sync.store.s3.failures import Failure

MOST_EMPTY_PAGES = 10_000
"""In a row. S3 gives pages without a key where a version or a deletion stands in for each of them."""
PAGE_PATIENCE_S = 600.0
"""How long the next thousand keys may take: each request of them has its own, much shorter timeout."""

_T = TypeVar("_T")


class Rounds:
    """What a listing has given so far. S3 names each thing once, so a page that brings nothing new is wrong."""

    def __init__(self) -> None:
        self._known: set[Hashable] = set()
        self._empty = 0

    def page(self, names: Iterable[Hashable]) -> None:
        """Take note of a page. Raises `RequestFailed` when the listing goes round."""
        before, some = len(self._known), False
        for name in names:
            some = True
            self._known.add(name)
        self._empty = 0 if some else self._empty + 1
        if (some and len(self._known) == before) or self._empty > MOST_EMPTY_PAGES:
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
