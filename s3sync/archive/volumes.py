"""Units that are larger than a set's `max_size`: numbered archives, and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, structs

from s3sync.archive.carrier import Carrier
from s3sync.archive.indexes import RowBook, read_index
from s3sync.core.archive.values import ArchiveSet, Index, Pack, Source, SplitIndex, Unit
from s3sync.core.archive.volumes import archives_of, is_whole, volume_key
from s3sync.errors import NotFound


class Portion(Struct, frozen=True):
    """Content of one archive of a unit: `part` has its key and its sources."""

    part: Unit
    number: int = 1
    total: int = 1


def portions_of(rules: ArchiveSet, unit: Unit) -> list[Portion]:
    """Archives that a unit becomes. A file is never cut: one that is larger has an archive to itself."""
    most = rules.max_size
    if most is None or rules.pack is Pack.NONE or unit.size <= most:
        return [Portion(unit)]
    groups: list[list[Source]] = [[]]
    size = 0
    for source in unit.sources:
        if size and size + source.size > most:
            groups.append([])
            size = 0
        groups[-1].append(source)
        size += source.size
    if len(groups) == 1:  # one file is all of it
        return [Portion(unit)]
    return [
        Portion(
            structs.replace(unit, key=volume_key(unit.key, rules.pack, number), sources=tuple(group), sidecars=()),
            number,
            len(groups),
        )
        for number, group in enumerate(groups, 1)
    ]


def known_indexes(carrier: Carrier, rules: ArchiveSet, unit: Unit, rows: RowBook | None = None) -> tuple[Index, ...]:
    """Indexes of what was sent of a unit before: one, or none. Of an earlier version's volumes each that is there."""
    if rules.pack is Pack.NONE:
        found = (rows or RowBook(carrier.store, rules.name)).get(unit.key)
        return () if found is None else (found,)
    whole = _index(carrier, unit.key)
    if whole is not None:
        return (whole,)
    if rules.max_size is None:
        return ()
    first = _index(carrier, volume_key(unit.key, rules.pack, 1))
    if first is None or first.volumes < 2:
        return ()
    keys = (volume_key(unit.key, rules.pack, number) for number in range(2, min(first.volumes, 10_000) + 1))
    rest = (_index(carrier, key) for key in keys)
    return (first, *(index for index in rest if index is not None))


def known_archives(known: Sequence[Index]) -> dict[str, Index]:
    """Index of each single archive that is known, by its key."""
    return {one.key: one for index in known for one in archives_of(index)}


def _index(carrier: Carrier, key: str) -> Index | None:
    try:
        return read_index(carrier.store, key)
    except NotFound:
        return None


def merged(indexes: Sequence[Index]) -> Index:
    """One index with the members of all of them, for whoever compares them with the disk."""
    if len(indexes) == 1:
        return indexes[0]
    return structs.replace(
        indexes[0],
        members=tuple(member for index in indexes for member in index.members),
        sidecars=tuple(member for index in indexes for member in index.sidecars),
        size=sum(index.size for index in indexes),
    )


def is_complete(indexes: Sequence[Index]) -> bool:
    """True if no volume is missing."""
    if len(indexes) == 1 and isinstance(indexes[0], SplitIndex):
        return is_whole(indexes[0])
    return bool(indexes) and len(indexes) == indexes[0].volumes
