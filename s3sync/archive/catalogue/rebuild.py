"""The catalogue brought up to date from the store: one listing, and each index that is new or changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

from msgspec import Struct

from s3sync.archive.catalogue.database import Catalogue
from s3sync.archive.catalogue.filters import renew
from s3sync.archive.catalogue.listed import listed, places_of
from s3sync.archive.catalogue.listing import Listing
from s3sync.archive.indexes import SUFFIX, Rows, is_older, read_index, rows_key, small_index, usable_rows
from s3sync.core.archive.values import Index, SplitIndex
from s3sync.core.archive.volumes import unit_key
from s3sync.core.outcome import Problem
from s3sync.errors import ENDS_THE_RUN, S3syncError
from s3sync.store.port import Store
from s3sync.transfer.pool import Pool

T = TypeVar("T")

READERS = 16
"""Small indexes that are read at once: each is in memory as a whole."""
_FOLDER, _, _END = rows_key("\0").partition("\0")
_HINT = "`s3sync archive verify` says more"
_OLDER = "its index is an older one than this computer knew, and was taken in"
_ASK = "ask the others whether somebody put it back"


class Rebuilt(Struct, frozen=True):
    """Result of a look at the store. `read`: indexes that were new or changed; `moved`: archives of another class."""

    archives: int
    read: int
    moved: int
    gone: tuple[str, ...]
    problems: tuple[Problem, ...]


def rebuild(
    catalogue: Catalogue,
    store: Store,
    now: str,
    told: Callable[[int, int], None] | None = None,
    also: Callable[[Listing], list[Problem]] = lambda listing: [],
) -> Rebuilt:
    """Take in the indexes of a store that are not known yet, and note what the listing says of each archive.

    An archive that is no longer there is marked, not forgotten. An index that cannot be used is a problem; the others
    are read. `told` gets the number of indexes that were read, and how many there are to read. `also` takes in more by
    the listing, and returns what could not be used. Raises `StoreError`.
    """
    problems: list[Problem] = []
    read = 0
    renew(catalogue)
    with Listing(catalogue) as listing:
        _add_all(listing, catalogue, store)
        wanted = listing.unread_indexes(SUFFIX)
        for number, (key, etag, result) in enumerate(_read(store, wanted), 1):
            found = _taken(result, f"{key}{SUFFIX}", problems)
            if found is not None and not _is_replaced(found, listing):
                known = catalogue.archive(found.key)
                if known is not None and is_older(store, found, known):
                    problems.append(Problem(found.key, f"{_OLDER} ({known.uploaded_at})", _ASK))
                catalogue.record(found, index_etag=etag)
                read += 1
            if told is not None:
                told(number, len(wanted))
        for name, etag in listing.unread_rows(_FOLDER, _END):
            rows = _taken(partial(usable_rows, store, name, fits=True), rows_key(name), problems)
            if rows is not None:
                problems += [Problem(rows_key(name), str(error), error.hint) for error in rows.unusable]
                read += _record_rows(catalogue, listing, name, etag, rows)
        problems += also(listing)
        moved = listing.take_classes(now)
        gone = listing.mark_gone()
        problems += [Problem(key, why, _HINT) for key, why in listing.differing()]
    catalogue.take_statistics(now[:10])
    return Rebuilt(len(catalogue.archives()), read, moved, tuple(gone), tuple(problems))


class Compared(Struct, frozen=True):
    """Difference between a catalogue and its store. `unread`: indexes that are new or changed."""

    archives: int
    unread: tuple[str, ...]
    gone: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def is_same(self) -> bool:
        return not (self.unread or self.gone or self.problems)


def compare(catalogue: Catalogue, store: Store) -> Compared:
    """Compare a catalogue with a listing of its store. Neither is changed. Raises `StoreError`."""
    with Listing(catalogue) as listing:
        _add_all(listing, catalogue, store)
        keys, sets = listing.written_here()
        unread = [key for key, _ in listing.unread_indexes(SUFFIX) if key not in keys]
        unread += [rows_key(name) for name, _ in listing.unread_rows(_FOLDER, _END) if name not in sets]
        problems = [Problem(key, why, _HINT) for key, why in listing.differing()]
        return Compared(len(catalogue.archives()), tuple(unread), tuple(listing.gone()), tuple(problems))


def _add_all(listing: Listing, catalogue: Catalogue, store: Store) -> None:
    """Take in what the store lists. What is missing is asked for again, page by page, before it is called gone."""
    listing.add(listed(store, places_of(catalogue), folders=True))
    if listing.gone():
        listing.add(listed(store))


def _read(store: Store, wanted: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, Callable[[], Index | None]]]:
    """Key and ETag of each index, and what reads it: the small ones at once, then each large one alone."""
    large = list[tuple[str, str]]()
    with Pool(READERS, least_ahead=0) as pool:
        for (key, etag), result in pool.map(lambda one: small_index(store, one[0]), wanted):
            if result.error is None and result.result() is None:
                large.append((key, etag))
            else:
                yield key, etag, result.result
            del result
    for key, etag in large:
        yield key, etag, partial(read_index, store, key, fits=True)


def _taken(result: Callable[[], T], name: str, problems: list[Problem]) -> T | None:
    """What was read; None, and a problem, for what cannot be used."""
    try:
        return result()
    except ENDS_THE_RUN:
        raise
    except S3syncError as error:
        problems.append(Problem(name, str(error), error.hint))
        return None


def _is_replaced(index: Index, listing: Listing) -> bool:
    """True for an earlier version's index of one volume, where the unit has one index of all by now."""
    if index.volumes < 2 or isinstance(index, SplitIndex):
        return False
    whole = unit_key(index.key, index.pack)
    return whole is not None and listing.has(f"{whole}{SUFFIX}")


def _record_rows(catalogue: Catalogue, listing: Listing, name: str, etag: str, rows: Rows) -> int:
    """Take in rows. Where a line cannot be used nothing is forgotten, as it may be any unit's, and all is read again
    the next time."""
    with catalogue.transaction():
        for index in rows.indexes.values():
            catalogue.record(index, index_etag="" if rows.unusable else etag)
        if not rows.unusable:
            listing.keep_rows(name, rows.indexes.keys())
    return len(rows.indexes)
