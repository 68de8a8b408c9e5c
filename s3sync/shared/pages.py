"""Shared pages and records of links in the store, which `core/shares.py` names: written, listed and deleted."""

from __future__ import annotations

import uuid
from datetime import datetime
from hashlib import md5
from itertools import islice

from msgspec import Struct

from s3sync.core.shares import has_ended, link_name, page_name, pages_prefix, read_page_name, read_share_name
from s3sync.errors import ENDS_THE_RUN, NotFound, StoreError
from s3sync.store.aspects import ListsOnce
from s3sync.store.port import Headers, Overwrite, Store

MOST_PAGES = 1_000
"""Pages of a project that are listed."""
MOST_LOOKED_AT = 100_000
"""Records of a project that are looked at to know whether it is shared. More are as good as one that has not ended."""
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


def note_links(store: Store, prefix: str, until: datetime, told: dict[str, str]) -> datetime | None:
    """Write down that links were made, of which the last one ends then: not what they open, and nothing that opens it.

    Returns the store's time where it tells it. Raises `StoreError`.
    """
    key = pages_prefix(prefix) + link_name(until, uuid.uuid4().hex[:8])
    return put_page(store, key, b"", "text/plain", told)


class SharedUntil(Struct, frozen=True):
    """Ends of a project's last page and last link, where they have not ended. `unclear`: there are too many."""

    page: datetime | None = None
    link: datetime | None = None
    unclear: bool = False


def shared_until(store: Store, prefix: str, now: datetime) -> SharedUntil:
    """Ends of what a project is shared by, from the names of its records. Raises `StoreError`."""
    place = pages_prefix(prefix)
    last: dict[bool, datetime] = {}
    for number, info in enumerate(store.list_once(place) if isinstance(store, ListsOnce) else store.list(place)):
        if number >= MOST_LOOKED_AT:
            return SharedUntil(unclear=True)
        said = read_share_name(info.key.removeprefix(place))
        if said is not None and said[0] > now:
            until, _, is_page = said
            last[is_page] = max(until, last.get(is_page, until))
    return SharedUntil(last.get(True), last.get(False))


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
    """Delete pages and records of links that ended some time before `now`, the store's time. What cannot go stays."""
    place, dropped = pages_prefix(prefix), 0
    try:
        for info in islice(store.list(place), MOST_PAGES):
            said = read_share_name(info.key.removeprefix(place))
            if said is not None and has_ended(said[0], now):
                store.delete(info.key)
                dropped += 1
    except StoreError:
        pass
    return dropped
