"""List a bucket or container completely and exactly, as fast as obstore allows.

obstore's listing is quick, and wrong in three ways that would let a sync delete or invent files (all measured):

- one key that it cannot name (a control character, `//`, `..`) ends it with an error; or, as it does not ask for
  encoded keys, servers written in Go replace what XML cannot hold by U+FFFD;
- a `/` at the end of a key is dropped in silence, so that the folder marker `cut/` becomes a file `cut`;
- a page that is no listing but, say, a web page or an error with status 200 counts as an empty and last page.

Each is noticed here, and settled by the full lane (the vendor's own library) or by a question to the store. A store
that gives the same page again and again is noticed too: each key is named once, so a page without a new one ends the
listing with an error (`rounds`).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from typing import Protocol, TypeVar

from msgspec.structs import replace

from s3sync.errors import S3syncError
from s3sync.store.lanes.attempts import RequestFailed, Retries
from s3sync.store.lanes.failures import Failure
from s3sync.store.lanes.obstore.failures import from_obstore
from s3sync.store.lanes.obstore.lane import ObstoreLane
from s3sync.store.lanes.rounds import EndlessListingGuard, Names
from s3sync.store.port import ObjectInfo

_PAGE = 1000
_ASK_EACH = 4

_T = TypeVar("_T")


class FullListing(Protocol):
    """Listings of a vendor's own library. They raise its exceptions, which `failure_of` reads."""

    def list_objects(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]: ...
    def folders(self, prefix: str) -> Iterator[str]: ...
    def failure_of(self, error: BaseException) -> Failure: ...


def list_objects(
    fast: ObstoreLane,
    full: FullListing,
    prefix: str,
    after: str = "",
    *,
    believes_empty: bool = False,
    until: Container[str] = (),
) -> Iterator[ObjectInfo]:
    """Every object below a prefix (full keys), each once; `after` leaves out most of those before that key.

    `believes_empty`: obstore's word is taken for a first page without a key. The listing ends with the first key of
    `until` that it gives.

    Raises `RequestFailed`, or our own errors.
    """
    if fast.cannot(prefix + "x") or (after and fast.cannot(after)):
        yield from _list_full(fast, full, prefix, Names(), after, until)
        return
    seen = Names()
    empty: dict[str, list[ObjectInfo]] = {}  # of more than can be asked about, only the number matters
    empties, reached = 0, False
    try:
        for info in _list_fast(fast, prefix, seen, after):
            if info.size:
                yield info
                if reached := info.key in until:
                    break
                continue
            empties += 1
            if info.key in empty or len(empty) <= _ASK_EACH:
                empty.setdefault(info.key, []).append(info)
    except RequestFailed as error:
        if error.failure.cause != "odd_key":
            raise
        yield from _list_full(fast, full, prefix, seen, after, until)
        return
    count = len(seen) + empties
    if not count and believes_empty:
        return
    ended = not reached and count % _PAGE == 0  # a page that was none would end it here, or be all of it
    if ended or len(empty) > _ASK_EACH:
        yield from _list_full(fast, full, prefix, seen, after, until)
        return
    for infos in empty.values():
        yield from _settle(fast, full, prefix, infos)


def _up_to(until: Container[str], listing: Iterator[ObjectInfo]) -> Iterator[ObjectInfo]:
    for info in listing:
        yield info
        if info.size and info.key in until:
            return


def list_folders(fast: ObstoreLane, full: FullListing, prefix: str) -> Iterator[str]:
    """The folders directly below a prefix, each once. obstore would hold all pages before it gives the first, and drop
    odd names. Raises `RequestFailed`, or our own errors."""
    yield from _again(full, fast.attempts("list"), lambda: full.folders(prefix), Names(), lambda name: name)


def _list_fast(fast: ObstoreLane, prefix: str, seen: Names, after: str) -> Iterator[ObjectInfo]:
    """obstore's listing; begun again after a passing failure, without giving anything twice.

    `seen` collects the keys of all objects that have content; empty ones are only given.
    """
    attempts = fast.attempts("list")
    while True:
        pages = fast.pages(prefix, after)
        try:
            rounds = EndlessListingGuard()
            for page in pages:
                rounds.page(info.key for info in page)
                for info in page:
                    if "\ufffd" in info.key:
                        raise RequestFailed(Failure("odd_key"))
                    if info.size == 0 or seen.add(info.key):
                        yield info
            return
        except RequestFailed as error:
            if error.failure.cause == "odd_key":
                raise
            attempts.again(error.failure)


def _list_full(
    fast: ObstoreLane, full: FullListing, prefix: str, given: Names, after: str, until: Container[str]
) -> Iterator[ObjectInfo]:
    """The full lane's listing, without the keys that were given before."""

    def listing() -> Iterator[ObjectInfo]:
        return _up_to(until, full.list_objects(prefix, after))

    yield from _again(full, fast.attempts("list"), listing, given, lambda info: info.key)


def _again(
    full: FullListing,
    attempts: Retries,
    listing: Callable[[], Iterator[_T]],
    given: Names,
    name: Callable[[_T], str],
) -> Iterator[_T]:
    """A listing of the full lane's, begun again after a passing failure, without what was given before."""
    while True:
        try:
            attempts.counted()  # also of one that is empty
            for number, item in enumerate(listing()):
                if number and number % _PAGE == 0:
                    attempts.counted()
                if given.add(name(item)):
                    yield item
            return
        except (S3syncError, RequestFailed):
            raise
        except Exception as error:  # noqa: BLE001 - `failure_of` knows them all
            attempts.again(full.failure_of(error))


def _settle(fast: ObstoreLane, full: FullListing, prefix: str, infos: list[ObjectInfo]) -> Iterator[ObjectInfo]:
    """An empty object, a folder marker whose `/` was dropped, or both."""
    key = infos[0].key
    if len(infos) > 1:
        yield from (info for info in full.list_objects(key) if info.key in (key, f"{key}/"))
    elif key == prefix[:-1] or not _is_empty_object(fast, key):
        yield replace(infos[0], key=f"{key}/")
    else:
        yield infos[0]


def _is_empty_object(fast: ObstoreLane, key: str) -> bool:
    try:
        info, _, _ = fast.attempts("read").run(lambda: fast.head(key), from_obstore)
    except RequestFailed as error:
        if error.failure.status == 404:
            return False
        raise
    return info.size == 0
