"""Comparison of a replica in another region with its store: what is missing there, or differs, and why."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct, field

from s3sync.archive.carrier import Carrier
from s3sync.archive.catalogue.database import Catalogue
from s3sync.archive.catalogue.extras import sidecars_of
from s3sync.archive.catalogue.listed import listed, places_of
from s3sync.archive.indexes import rows_key
from s3sync.archive.sealing import whole_checksums
from s3sync.core.archive.costs import COLD
from s3sync.core.archive.records import FOREIGN, Archived
from s3sync.core.archive.values import Pack, index_key
from s3sync.errors import NotFound
from s3sync.store.port import ObjectInfo, Store
from s3sync.store.replicating import Replicates, require_replicates


class State(StrEnum):
    """Way in which a replica is not as the store is."""

    MISSING = "missing"
    DIFFERS = "differs"
    PENDING = "pending"
    """On its way, by the store's own word."""
    ONLY_THERE = "only there"
    """Gone from the store, and still in the replica."""


class Lacking(Struct, frozen=True):
    """One object that the replica has not as the store has it."""

    unit: str
    key: str
    size: int
    storage_class: str
    state: State
    why: str


class ReplicaReport(Struct):
    """Comparison for one set. `objects` are those that belong to its archives, `size` their bytes in the store."""

    set: str
    replica: str
    region: str
    objects: int = 0
    size: int = 0
    lacking: list[Lacking] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return all(one.state is State.PENDING for one in self.lacking)


def verify_replica(carrier: Carrier, there: Store, catalogue: Catalogue, report: ReplicaReport) -> None:
    """Compare what the catalogue knows of a set, by one listing of each side. Adds to the report what is not the same.

    Of what is missing each object is asked about, for the reason. Raises `StoreError`, `Unsupported`.
    """
    units = _units(catalogue, report.set, catalogue.archives(set=report.set))
    places = places_of(catalogue)
    here = {info.key: info for info, _ in listed(carrier.store, places) if info.key in units}
    if len(here) < len(units) and places:  # a store may begin elsewhere than it was asked to
        here = {info.key: info for info, _ in listed(carrier.store) if info.key in units}
    report.objects, report.size = len(here), sum(info.size for info in here.values())
    missing = dict(here)
    for info, _ in listed(there):
        carrier.pool.check()
        if info.key not in units:
            continue
        known = missing.pop(info.key, None)
        if known is None:
            report.lacking.append(_lacking(units, info, State.ONLY_THERE, "it is gone here, and the replica has it"))
        elif (why := _difference(carrier.store, there, known, info)) is not None:
            report.lacking.append(_lacking(units, known, State.DIFFERS, why))
    states = require_replicates(carrier.store)
    found = [result.result() for _, result in carrier.pool.map(lambda one: _why(states, one), missing.values())]
    report.lacking += [_lacking(units, info, state, why) for info, state, why in found]
    report.lacking.sort(key=lambda one: one.key)


def _units(catalogue: Catalogue, name: str, archives: Iterable[Archived]) -> dict[str, str]:
    """Unit of each object that belongs to a set: archives and their volumes, indexes, files, sidecars."""
    found: dict[str, str] = {}
    for one in archives:
        if one.pack is Pack.NONE:
            found |= {member.key: one.unit for member in catalogue.members(one.key) if member.key is not None}
            if one.status not in FOREIGN:
                found[rows_key(name)] = f"index of {name}"
        else:
            found |= {key: one.unit for key, _, _ in catalogue.parts(one.key) or [(one.key, one.size, one.etag)]}
            if one.status not in FOREIGN:
                found[index_key(one.key)] = one.unit
        found |= {side.key: one.unit for side in sidecars_of(catalogue, one.key) if side.key is not None}
    return found


def _difference(here: Store, there: Store, known: ObjectInfo, found: ObjectInfo) -> str | None:
    if found.size != known.size:
        return f"it has {found.size} bytes there instead of {known.size}"
    if found.etag == known.etag:
        return None
    sums = [whole_checksums(store) for store in (here, there)]
    told = [one.checksum_of(known.key) if one is not None else None for one in sums]
    return None if told[0] is not None and told[0] == told[1] else "it has another ETag there"


def _why(states: Replicates, info: ObjectInfo) -> tuple[ObjectInfo, State, str]:
    try:
        state = states.replication_of(info.key)
    except NotFound:
        return info, State.MISSING, "it is gone from here, too"
    if state == "PENDING":
        return info, State.PENDING, "it is on its way"
    if state == "FAILED":
        return info, State.MISSING, "its replication failed: look at the role's rights, and at the bucket there"
    if state is not None:
        return info, State.MISSING, "it was replicated, and is gone there"
    if info.storage_class in COLD:
        return info, State.MISSING, "it was cold before there was a rule, and nothing cold is replicated"
    return info, State.MISSING, "it was there before there was a rule"


def _lacking(units: dict[str, str], info: ObjectInfo, state: State, why: str) -> Lacking:
    return Lacking(units[info.key], info.key, info.size, info.storage_class or "STANDARD", state, why)
