"""Units that are larger than a set's `max_size`: numbered archives, each with an index of its own."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, structs

from s3sync.archive.carrier import Carrier
from s3sync.archive.indexes import RowBook, read_index
from s3sync.core.archive.values import ArchiveSet, Index, Pack, Source, Unit
from s3sync.errors import NotFound


class Volume(Struct, frozen=True):
    """One archive of a unit: `part` has its key and its sources, `whole` is the unit."""

    part: Unit
    whole: Unit
    number: int = 1
    total: int = 1


def volumes_of(rules: ArchiveSet, unit: Unit) -> list[Volume]:
    """Archives that a unit becomes. A file is never cut: one that is larger has an archive to itself."""
    most = rules.max_size
    if most is None or rules.pack is Pack.NONE or unit.size <= most:
        return [Volume(unit, unit)]
    groups: list[list[Source]] = [[]]
    size = 0
    for source in unit.sources:
        if groups[-1] and size + source.size > most:
            groups.append([])
            size = 0
        groups[-1].append(source)
        size += source.size
    return [
        Volume(
            structs.replace(
                unit,
                key=volume_key(rules, unit, number),
                sources=tuple(group),
                sidecars=unit.sidecars if number == 1 else (),
            ),
            unit,
            number,
            len(groups),
        )
        for number, group in enumerate(groups, 1)
    ]


def volume_key(rules: ArchiveSet, unit: Unit, number: int) -> str:
    """Key of a numbered archive: `raw/m42.002.tar`."""
    ending = f".{rules.pack}"
    return f"{unit.key.removesuffix(ending)}.{number:03}{ending}"


def known_indexes(carrier: Carrier, rules: ArchiveSet, unit: Unit, rows: RowBook | None = None) -> tuple[Index, ...]:
    """Indexes of what was sent of a unit before, by volume; none when nothing was. One may be missing."""
    if rules.pack is Pack.NONE:
        found = (rows or RowBook(carrier.store, rules.name)).get(unit.key)
        return () if found is None else (found,)
    whole = _index(carrier, unit.key)
    if whole is not None:
        return (whole,)
    if rules.max_size is None:
        return ()
    first = _index(carrier, volume_key(rules, unit, 1))
    if first is None:
        return ()
    rest = (_index(carrier, volume_key(rules, unit, number)) for number in range(2, min(first.volumes, 10_000) + 1))
    return (first, *(index for index in rest if index is not None))


def _index(carrier: Carrier, key: str) -> Index | None:
    try:
        return read_index(carrier.store, key)
    except NotFound:
        return None


def merged(indexes: Sequence[Index]) -> Index:
    """One index with the members of all volumes, for whoever compares them with the disk."""
    return structs.replace(
        indexes[0],
        members=tuple(member for index in indexes for member in index.members),
        sidecars=tuple(member for index in indexes for member in index.sidecars),
        size=sum(index.size for index in indexes),
    )


def is_complete(indexes: Sequence[Index]) -> bool:
    """True if no volume is missing."""
    return bool(indexes) and len(indexes) == indexes[0].volumes
