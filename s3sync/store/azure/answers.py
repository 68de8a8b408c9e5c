"""Answers as the library reads them, made strict: what it stumbles over, or a blob lacks, is one of our failures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from s3sync.store.lanes.attempts import RequestFailed
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.headers import size_of, strip
from s3sync.store.lanes.rounds import EndlessListingGuard
from s3sync.store.port import ObjectInfo


@contextmanager
def understood() -> Iterator[None]:
    """Raise `RequestFailed` for an answer of another shape than the library's code expects, wherever that breaks."""
    try:
        yield
    except (TypeError, AttributeError, LookupError):
        raise RequestFailed(Failure("not_s3")) from None


def turned(pages: Any, most: int | None = None) -> Iterator[Any]:
    """The entries of a listing, page by page. `most`: how many it may give, by default more than anybody has."""
    rounds = EndlessListingGuard(most=most)
    while True:
        with understood():
            page = next(pages, None)
            found = [] if page is None else list(page)
        if page is None:
            return
        if pages.continuation_token:
            rounds.page(item.name for item in found)
        yield from found


def sound(item: Any) -> Any:
    """A blob as the library tells of it, if it has what each has. Raises `RequestFailed` for another."""
    if not (isinstance(item.etag, str) and isinstance(item.size, int) and isinstance(item.last_modified, datetime)):
        raise RequestFailed(Failure("not_s3"))
    return item


def info_of(key: str, item: Any) -> ObjectInfo:
    tier = item.blob_tier and str(getattr(item.blob_tier, "value", item.blob_tier))
    sound(item)
    return ObjectInfo(key, size_of(item.size), strip(item.etag), item.last_modified, tier or None)
