"""Books of what is stored and what was moved: the facts of which costs are counted.

They are collected once, object by object and event by event, and hold little for each project, user, class and hour.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from msgspec import Struct, field

from s3sync.core.archive.costs import billed
from s3sync.core.archive.prices import RegionPrices
from s3sync.core.history import FETCHED, SENT, Event, month_of
from s3sync.core.money.month import HOUR_S

FILES, TRASH, RECORDS, ARCHIVES, OLD = "files", "trash", "records", "archives", "old versions"
"""Kinds of what is stored. Records are what s3sync itself keeps beside the files; old versions what a bucket with
versioning keeps of what was replaced or deleted."""
STANDARD = "STANDARD"
NOBODY = "(unknown)"
"""User of what nobody is known to have sent."""
NO_PERSON = "(records)"
"""User of what s3sync itself keeps."""
ALL_PROJECTS = "(repository)"
"""Project of what belongs to the repository as a whole."""
EVER = math.inf


class Lot(Struct, frozen=True):
    """Objects of one project, user, class and hour together.

    `billed` are the bytes that are billed by class, with overhead and smallest sizes. `since` and `until` are seconds
    since the Unix epoch.
    """

    project: str
    user: str
    kind: str
    storage_class: str
    size: int
    objects: int
    billed: tuple[tuple[str, int], ...]
    since: float
    until: float = EVER


class Lots:
    """Objects put together into lots, as they come."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str, str, float, float], list[int]] = {}
        self._billed: dict[tuple[str, str, str, str, float, float], dict[str, int]] = {}

    def add(
        self,
        project: str,
        user: str,
        kind: str,
        storage_class: str,
        size: int,
        since: float,
        *,
        until: float = EVER,
        objects: int = 1,
    ) -> None:
        """Take in one object, or several of about one size that `size` is the sum of."""
        key = (project, user, kind, storage_class, math.floor(since / HOUR_S) * HOUR_S, until)
        amounts = self._found.setdefault(key, [0, 0])
        amounts[0] += size
        amounts[1] += objects
        sums = self._billed.setdefault(key, {})
        for name, stored in billed(size, storage_class, objects):
            sums[name] = sums.get(name, 0) + stored

    def __iter__(self) -> Iterator[Lot]:
        for key, (size, objects) in self._found.items():
            project, user, kind, storage_class, since, until = key
            yield Lot(project, user, kind, storage_class, size, objects, tuple(self._billed[key].items()), since, until)


class Traffic(Struct, frozen=True):
    """Requests and bytes of one user in one project and month.

    `writes` are requests of the dearer kind (PUT, COPY, POST, LIST), `reads` the others that are billed. `received` are
    bytes that left the store. `uncounted`: events of a version that did not count requests; their bytes are those of
    the files that they name.
    """

    project: str
    user: str
    month: str
    storage_class: str = STANDARD
    writes: int = 0
    reads: int = 0
    sent: int = 0
    received: int = 0
    events: int = 0
    uncounted: int = 0

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            self.project,
            self.user,
            self.month,
            self.storage_class,
            self.writes + other.writes,
            self.reads + other.reads,
            self.sent + other.sent,
            self.received + other.received,
            self.events + other.events,
            self.uncounted + other.uncounted,
        )


class Books(Struct, frozen=True):
    """Facts of one store. `prices` is None where nobody knows any for its region; `as_of` the month of the prices.

    `is_free`: a folder, which costs what its disk costs.
    """

    store: str
    region: str | None
    prices: RegionPrices | None
    as_of: str | None
    lots: tuple[Lot, ...] = ()
    traffic: tuple[Traffic, ...] = ()
    is_free: bool = False

    @property
    def first(self) -> float | None:
        """Time of the first thing that is known."""
        return min((lot.since for lot in self.lots), default=None)


class Movements(Struct):
    """Traffic put together from events, each of which is counted once: it may stand in two places."""

    found: dict[tuple[str, str, str, str], Traffic] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)

    def add(self, one: Traffic) -> None:
        key = (one.project, one.user, one.month, one.storage_class)
        before = self.found.get(key)
        self.found[key] = one if before is None else before + one

    def event(self, project: str, event: Event) -> None:
        """Take in an event of a project. Those of archives are not: the catalogue tells these."""
        if (project, event.id) in self.seen or event.verb in ("archive run", "restore"):
            return
        self.seen.add((project, event.id))
        self.add(traffic_of(project, event))

    def __iter__(self) -> Iterator[Traffic]:
        return iter(self.found.values())


def traffic_of(project: str, event: Event) -> Traffic:
    """Requests and bytes of an event."""
    month = month_of(event.at)
    if event.writes or event.reads:
        moved = (event.sent_bytes, event.received_bytes)
        return Traffic(project, event.by, month, STANDARD, event.writes, event.reads, *moved, 1)
    sent, received = (_named(event, did) for did in (SENT, FETCHED))
    return Traffic(project, event.by, month, STANDARD, 0, 0, sent, received, 1, 1)


def _named(event: Event, did: str) -> int:
    """Bytes of the files to which an event of an older version did that; all of it where it did nothing else."""
    if set(event.counts) == {did}:
        return event.size_bytes
    return sum(file.size_bytes for file in event.files if file.did == did)
