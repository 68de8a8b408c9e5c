"""Books of archives, from the catalogue of this computer: what lies where since when, and what was brought back."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct, field

from s3sync.archive.billing import as_stored, objects_of
from s3sync.archives.opened import Place
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.records import Archived
from s3sync.core.history import month_of
from s3sync.core.money.books import ARCHIVES, EVER, NOBODY, STANDARD, Lot, Lots, Movements, Traffic
from s3sync.core.times import parse_time

MOST_LOGGED = 200_000
"""Entries of the log that are looked at, the newest first."""


class Found(Struct):
    """Books of one store of archives."""

    lots: list[Lot] = field(default_factory=list)
    traffic: list[Traffic] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def archive_books(place: Place, months: Collection[str]) -> Found:
    """Archives in the catalogue of a store, and traffic of some months in its log. Asks nothing of the network."""
    found, lots, moved = Found(), Lots(), Movements()
    if not place.catalogue_path.exists():
        if not scheme_of(place.url).is_folder:
            found.warnings.append(
                f"of {place.url} this computer knows no archives: `s3sync archive catalogue rebuild` looks for them"
            )
        return found
    classes = {one.name: one.storage_class for one in place.sets}
    with place.catalogue() as catalogue:
        archives, log = catalogue.archives(), catalogue.log(limit=MOST_LOGGED)
    by_key = {one.key: one for one in archives}
    for archive in archives:
        _add(lots, as_stored(place.settings, [archive])[0], classes.get(archive.set, STANDARD))
    for entry in log:
        month = month_of(entry.at)
        if month not in months or entry.outcome != "done" or not entry.key:
            continue
        known, user, sent_as = by_key.get(entry.key), entry.by or NOBODY, classes.get(entry.set, STANDARD)
        number, size = 1 if known is None else objects_of(known), max(0, entry.size)
        if entry.action == "restore":
            of = sent_as if known is None else known.storage_class
            moved.add(Traffic(entry.unit, user, month, of, reads=number, received=size, events=1))
        elif entry.action == "archive":
            moved.add(Traffic(entry.unit, user, month, sent_as, writes=number, sent=size, events=1))
    found.lots, found.traffic = list(lots), list(moved)
    return found


def _add(lots: Lots, archive: Archived, sent_as: str) -> None:
    """An archive, in the class that it was sent to until it came into another one."""
    since, moved = _seconds(archive.uploaded_at), _seconds(archive.transitioned_at)
    by, size, objects = archive.created_by or NOBODY, max(0, archive.size), objects_of(archive)
    if since is None:
        since = moved or 0.0
    if moved is not None and moved > since:
        lots.add(archive.unit, by, ARCHIVES, sent_as, size, since, until=moved, objects=objects)
        since = moved
    lots.add(archive.unit, by, ARCHIVES, archive.storage_class, size, since, until=EVER, objects=objects)


def _seconds(text: str | None) -> float | None:
    when = parse_time(text) if text is not None else None
    return None if when is None else when.timestamp()
