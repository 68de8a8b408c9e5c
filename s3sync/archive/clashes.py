"""Units that would share a key, with their own keys, their sidecars or volumes: refused before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from s3sync.archive.outline import Outline
from s3sync.archive.volumes import portions_of
from s3sync.core.archive.layout import first_clash, sidecar_key
from s3sync.core.archive.values import ArchiveSet, Pack, Unit, UnitKind
from s3sync.core.archive.volumes import unit_key
from s3sync.errors import ConfigError

_Beside = list[tuple[str, str, str]]
"""Keys that units have beside their own, each with the unit's id and a word for what is there."""


def refuse_clashes(chosen: ArchiveSet, outlines: Sequence[Outline], whole: Callable[[Outline], Unit]) -> None:
    """Raise `ConfigError` for two units of a set that would have one key. `whole` gives a unit with its files."""
    good = [outline for outline in outlines if outline.refused is None]
    beside = [*_sidecars(chosen, good, whole), *_volumes(chosen, good, whole)]
    clash = first_clash(
        ((outline.key, outline.id) for outline in good),
        nested=chosen.pack is Pack.NONE and chosen.unit is not UnitKind.FILE,
        beside=((key, unit) for key, unit, _ in beside),
    )
    if clash is None:
        return
    one, other, key = clash
    what = next((word for taken, unit, word in beside if (taken, unit) == (key, other)), None)
    raise ConfigError(
        f"two units of archives.{chosen.name} would have one key: {one} and {other}",
        why=f"the layout {chosen.layout!r} gives both {key!r}" + (f": it is {what} of {other}" if what else ""),
        hint="add a field that tells them apart, such as {id} or {path}"
        + ("; or remove one of the two, or name it in `ignore`: they are equal" if "{md5" in chosen.layout else ""),
    )


def _sidecars(chosen: ArchiveSet, outlines: Sequence[Outline], whole: Callable[[Outline], Unit]) -> _Beside:
    """Sidecars of files and groups. Those of a folder lie below its own key."""
    units = [whole(outline) for outline in outlines if outline.sidecars]
    return [(sidecar_key(chosen, unit, one.path), unit.id, "a sidecar") for unit in units for one in unit.sidecars]


def _volumes(chosen: ArchiveSet, outlines: Sequence[Outline], whole: Callable[[Outline], Unit]) -> _Beside:
    """Volumes of units above `max_size`, as far as another unit has a key like theirs."""
    if chosen.max_size is None or chosen.pack is Pack.NONE:
        return []
    by_key, found = {outline.key: outline for outline in outlines}, _Beside()
    for key in sorted({unit_key(key, chosen.pack) or "" for key in by_key} & by_key.keys()):
        portions = portions_of(chosen, whole(by_key[key]))
        found += [(one.part.key, by_key[key].id, "a volume") for one in portions if len(portions) > 1]
    return found
