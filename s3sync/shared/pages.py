"""Shared pages in the store: written, listed, described and deleted (`core/shares.py` has their names)."""

from __future__ import annotations

import uuid
from datetime import datetime
from hashlib import md5

from msgspec import Struct

from s3sync.core.shares import has_ended, page_name, pages_prefix, read_page_name
from s3sync.errors import ENDS_THE_RUN, NotFound, StoreError
from s3sync.store.aspects import ListsOnce
from s3sync.store.port import Headers, Overwrite, Store

MOST_PAGES = 1_000
"""Pages of a project that are listed."""
BY, TITLE, FILES = "made-by", "title", "files"


class KeptPage(Struct, frozen=True):
    """A page in the store. Its `title`, maker and number of files are what its object says, None where it says none."""

    key: str
    id: str
    until: datetime
    size_bytes: int
    title: str | None = None
    by: str | None = None
    files: int | None = None


def new_page_key(prefix: str, until: datetime) -> str:
    """The key of a page that ends then."""
    return pages_prefix(prefix) + page_name(until, uuid.uuid4().hex[:8])


def put_page(store: Store, key: str, body: bytes, content_type: str, told: dict[str, str]) -> datetime | None:
    """Write a page, and return the store's time where it tells it. Raises `StoreError`."""
    digest = md5(body, usedforsecurity=False).digest()
    headers = Headers(metadata=told, content_type=content_type)
    return store.put(key, body, mode=Overwrite(), headers=headers, md5=digest, timed=True).at


def list_pages(store: Store, prefix: str) -> list[KeptPage]:
    """Pages of a project by their end, as the listing has them. Other objects at their place are passed over."""
    place = pages_prefix(prefix)
    listing = store.list_once(place) if isinstance(store, ListsOnce) else store.list(place)
    found: list[KeptPage] = []
    for info in listing:
        said = read_page_name(info.key.removeprefix(place))
        if said is not None:
            found.append(KeptPage(info.key, said[1], said[0], info.size))
        if len(found) >= MOST_PAGES:
            break
    return sorted(found, key=lambda page: (page.until, page.key))


def described(store: Store, page: KeptPage) -> KeptPage | None:
    """A page with what its object says of it, if it can be asked; None for one that is gone. Raises what ends a run."""
    try:
        said = store.head(page.key).metadata
    except NotFound:
        return None
    except ENDS_THE_RUN:
        raise
    except StoreError:
        return page
    count = said.get(FILES, "")
    files = int(count) if count.isascii() and count.isdigit() and len(count) < 6 else None
    return KeptPage(page.key, page.id, page.until, page.size_bytes, said.get(TITLE), said.get(BY), files)


def drop_ended(store: Store, prefix: str, now: datetime) -> int:
    """Delete pages that ended some time before `now`, which is the store's time. What cannot be deleted stays."""
    dropped = 0
    try:
        for page in list_pages(store, prefix):
            if has_ended(page.until, now):
                store.delete(page.key)
                dropped += 1
    except StoreError:
        pass
    return dropped
