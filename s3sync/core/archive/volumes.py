"""Index of a split unit, and the indexes of its single volumes that it is made of."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate

from msgspec.structs import asdict, replace

from s3sync.core.archive.values import (
    CURRENT_FORMAT,
    SINGLE_FORMAT,
    Index,
    Member,
    Pack,
    SplitIndex,
    Volume,
)

MOST_VOLUMES = 99_999


def volume_key(key: str, pack: Pack, number: int) -> str:
    """Key of a numbered archive: `raw/m42.002.tar` of `raw/m42.tar`."""
    ending = f".{pack}"
    return f"{key.removesuffix(ending)}.{number:03}{ending}"


def volume_number(key: str, pack: Pack, volume: str) -> int | None:
    """Number of a volume of the unit with this key; None if it is none."""
    ending = f".{pack}"
    stem = re.escape(key.removesuffix(ending))
    found = re.fullmatch(rf"{stem}\.([0-9]{{3,5}}){re.escape(ending)}", volume)
    return int(found[1]) if found and int(found[1]) else None


def unit_key(volume: str, pack: Pack) -> str | None:
    """Key of the unit that a key may be a volume of; None if it has no number."""
    ending = f".{pack}"
    stem, dot, number = volume.removesuffix(ending).rpartition(".")
    return f"{stem}{ending}" if dot and 3 <= len(number) <= 5 and number.isascii() and number.isdigit() else None


def archives_of(index: Index) -> tuple[Index, ...]:
    """Indexes of the single archives of a unit: the index itself, or one for each volume, without the sidecars."""
    if not isinstance(index, SplitIndex):
        return (index,)
    ends = accumulate(part.members for part in index.parts)
    return tuple(_of_volume(index, part, end - part.members, end) for part, end in zip(index.parts, ends, strict=True))


def _of_volume(index: SplitIndex, part: Volume, start: int, stop: int) -> Index:
    members = index.members[start:stop]
    return Index(
        format=SINGLE_FORMAT,
        unit=index.unit,
        set=index.set,
        key=part.key,
        pack=index.pack,
        members=members,
        size=part.size,
        original_size=sum(member.size for member in members),
        created_at=index.created_at,
        created_by=index.created_by,
        md5=part.md5,
        crc64nvme=part.crc64nvme,
        etag=part.etag,
        version_id=part.version_id,
        storage_class=index.storage_class,
        tags=index.tags,
        frames=part.frames,
        fields=index.fields,
        volume=volume_number(index.key, index.pack, part.key) or 1,
        volumes=index.volumes,
        key_id=index.key_id,
    )


def joined(key: str, archives: Sequence[Index], done: int, total: int) -> SplitIndex:
    """One index of all volumes that are there, in their order; `done` of `total` are as they are to be."""
    newest = max(archives, key=lambda one: one.created_at)
    values = {name: value for name, value in asdict(newest).items() if name not in _OWN}
    return SplitIndex(
        **values,
        format=CURRENT_FORMAT,
        key=key,
        members=tuple(member for one in archives for member in one.members),
        size=sum(one.size for one in archives),
        original_size=sum(one.original_size for one in archives),
        volume=done,
        volumes=total,
        parts=tuple(
            Volume(one.key, one.size, len(one.members), one.etag, one.md5, one.crc64nvme, one.version_id, one.frames)
            for one in archives
        ),
    )


_OWN = frozenset(
    ("format", "key", "members", "size", "original_size", "volume", "volumes", "md5", "crc64nvme", "etag",
     "version_id", "frames", "sidecars")
)  # fmt: skip
"""Fields of an index that are a single archive's own."""


def is_whole(index: Index) -> bool:
    """False for the index of a split unit of which volumes are missing, or are those of an older version."""
    return not isinstance(index, SplitIndex) or index.volume == index.volumes == len(index.parts)


def etags_of(index: Index) -> dict[str, str | None]:
    """Objects of a unit by key, sidecars among them, each with the ETag that the index has of it."""
    loose = index.members if index.pack is Pack.NONE else ()
    alone = {one.key: one.etag for one in (*loose, *index.sidecars) if one.key is not None}
    if isinstance(index, SplitIndex):
        return alone | {part.key: part.etag for part in index.parts}
    return alone if index.pack is Pack.NONE else alone | {index.key: index.etag}


def with_etags(index: Index, etags: Mapping[str, str | None]) -> Index:
    """An index with these ETags instead of its own, for the objects that they name."""

    def changed(members: tuple[Member, ...]) -> tuple[Member, ...]:
        return tuple(replace(one, etag=etags.get(one.key, one.etag)) if one.key else one for one in members)

    index = replace(index, sidecars=changed(index.sidecars))
    if index.pack is Pack.NONE:
        return replace(index, members=changed(index.members))
    if isinstance(index, SplitIndex):
        parts = tuple(replace(part, etag=etags.get(part.key, part.etag)) for part in index.parts)
        return replace(index, parts=parts)
    return replace(index, etag=etags.get(index.key, index.etag))
