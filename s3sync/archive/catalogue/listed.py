"""Listing of a whole store, for what compares it with a catalogue: a long one is asked for in several places at once.

What is known tells where pieces of it begin (`shared.pieces`). Where nothing is known, each of the uppermost folders is
a piece. That alone calls nothing gone: a store may begin elsewhere than it was asked to. So whoever lacks something
that is known asks again without `places` and `folders`, page by page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeAlias

from s3sync.archive.catalogue.database import Catalogue
from s3sync.aside import Aside
from s3sync.core.archive.records import PRESENT
from s3sync.shared import pieces
from s3sync.store.aspects import ListsInPieces, Thaw, Thaws, aspect
from s3sync.store.port import ObjectInfo, Store

PAGE = 1000
ENOUGH, MOST, DEEPEST = 6, 64, 5
"""Folders from which on each is listed by itself, most of them, and how far down they are looked for."""
Listed: TypeAlias = tuple[ObjectInfo, Thaw | None]

_STATES = ", ".join("?" * len(PRESENT))
_OBJECTS = f"""SELECT a.key, CASE a.status WHEN 'stored' THEN 2 ELSE 1 END AS n FROM archive a
    WHERE a.pack != 'none' AND a.status IN ({_STATES}) AND NOT EXISTS (SELECT 1 FROM part p WHERE p.archive = a.id)
    UNION ALL SELECT p.key, 1 FROM archive a CROSS JOIN part p ON p.archive = a.id WHERE a.status IN ({_STATES})
    UNION ALL SELECT m.key, 1 FROM archive a CROSS JOIN member m ON m.archive = a.id
    WHERE a.pack = 'none' AND a.status IN ({_STATES}) AND m.key IS NOT NULL
    UNION ALL SELECT s.key, 1 FROM archive a CROSS JOIN sidecar s ON s.archive = a.id
    WHERE a.status IN ({_STATES}) AND s.key IS NOT NULL"""
"""Known objects, and how many lie under such a name: most archives have their index behind them."""


def places_of(catalogue: Catalogue) -> list[str]:
    """Known keys that are about a page of the listing apart; none where one page will do."""
    apart = pieces.IN_A_PIECE
    rows = catalogue.execute(
        "SELECT key FROM (SELECT key, n, sum(n) OVER (ORDER BY key ROWS UNBOUNDED PRECEDING) AS at"
        f" FROM ({_OBJECTS})) WHERE at / ? != (at - n) / ? ORDER BY key",
        *[str(status) for status in PRESENT] * 4, apart, apart,
    )  # fmt: skip
    return [str(key) for (key,) in rows]


def places_among(keys: Sequence[str]) -> list[str]:
    """The same of keys that are probably there, in order."""
    return list(keys[pieces.IN_A_PIECE :: pieces.IN_A_PIECE])


def listed(store: Store, places: Sequence[str] = (), *, folders: bool = False) -> Iterator[Listed]:
    """Every object with its storage class, and how its thaw stands where the store says so in listings.

    `folders`: where there are no places, and a page is not all, the uppermost folders are listed side by side.
    """
    thaws = aspect(store, Thaws)
    if thaws is None:
        yield from ((info, None) for info in store.list(""))
    elif places:
        with Aside(pieces.AT_ONCE, "s3sync-listing") as threads:
            yield from pieces.side_by_side(
                lambda after: thaws.list_thaws("", places, after=after), places, threads, _key_of
            )
    elif folders:
        yield from _by_folders(thaws)
    else:
        yield from thaws.list_thaws("")


def _by_folders(thaws: Thaws) -> Iterator[Listed]:
    plain = thaws.list_thaws("")
    first = list(islice(plain, PAGE))
    found = _split(thaws) if len(first) == PAGE else None
    if found is None:
        yield from first
        yield from plain
        return
    above, below = found
    with Aside(pieces.AT_ONCE, "s3sync-listing") as threads:
        yield from pieces.side_by_side(
            lambda folder: thaws.list_thaws(folder) if folder else iter(above), below, threads, _key_of
        )


def _split(thaws: Thaws) -> tuple[list[Listed], list[str]] | None:
    """Folders that are worth a listing each, and the objects that are in none of them; None where one is as good.

    Goes down where there are few. More than `MOST` would cost more requests than the pages of one listing.
    """
    above, folders = list[Listed](), [""]
    for _ in range(DEEPEST):
        objects_here, deeper = list[Listed](), list[str]()
        for folder in folders:
            for one in thaws.list_folder(folder):
                if isinstance(one, str):
                    deeper.append(one)
                else:
                    objects_here.append(one)
                if len(deeper) > MOST or len(above) + len(objects_here) >= PAGE:
                    return (above, folders) if len(folders) > 1 else None
        above, folders = above + objects_here, deeper
        if len(folders) >= ENOUGH:
            break
    return above, folders


def _key_of(one: Listed) -> str:
    return one[0].key


def objects(store: Store, places: Sequence[str] = ()) -> Iterator[ObjectInfo]:
    """Every object. The store need not know its storage class."""
    found = aspect(store, ListsInPieces)
    if found is None or not places:
        yield from store.list("")
    else:
        with Aside(pieces.AT_ONCE, "s3sync-listing") as threads:
            yield from pieces.side_by_side(
                lambda after: found.list_until("", places, after=after), places, threads, lambda info: info.key
            )
