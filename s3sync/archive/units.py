"""Units of an archive set on the disk, each with its key and its files."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import structs

from s3sync.archive import fields as read
from s3sync.archive.clashes import refuse_clashes
from s3sync.archive.companions import with_companions
from s3sync.archive.outline import Outline
from s3sync.archive.sets import PRIVATE, real_source, source_base
from s3sync.archive.walk import Selection, Unreadable, in_order, walk
from s3sync.core.archive.layout import LayoutError, key_for, parse_layout, sidecar_key
from s3sync.core.archive.named import meant_by, units_of
from s3sync.core.archive.values import ArchiveSet, Kind, Source, Unit, UnitKind
from s3sync.core.quantities import counted
from s3sync.core.spelling import stands_for
from s3sync.disk.errors import reason_of
from s3sync.disk.tree import folder_below, kept_folders
from s3sync.errors import ConfigError, UsageError

EMPTY = "there is no file in it"
"""Reason for which a folder without files is refused."""


def find_units(
    chosen: ArchiveSet,
    root: Path | None,
    *,
    now: float | None = None,
    due_only: bool = True,
    names: Sequence[str] = (),
) -> Iterator[Unit]:
    """The units of a set in the order of their ids, or those that are named; those that are too young left out.

    `root` is the repository, None outside of any. Units that cannot be archived come with the reason in `refused`.
    Raises `ConfigError` before the first one when there is no source, and when two units have one key; `UsageError`
    for a name that no unit has. A set whose objects come from a table has no units on the disk.
    """
    if chosen.rows is not None:
        return  # what a table holds, `archive/rows` says
    selection = Selection(chosen)
    base, pattern = source_base(chosen, root)
    real = real_source(chosen, base)
    outlines = _outlines(chosen, base, pattern, selection)
    refuse_clashes(chosen, outlines, lambda outline: _unit(chosen, outline, real, selection))
    wanted = _wanted(chosen, names, [outline.id for outline in outlines])
    moment = time.time() if now is None else now
    for outline in outlines:
        if wanted is not None and outline.id not in wanted:
            continue
        unit = _unit(chosen, outline, real, selection)
        if not due_only or is_due(chosen, unit, moment):
            yield unit


def has_units(chosen: ArchiveSet, root: Path | None) -> bool:
    """True if a set finds any unit on the disk. Raises `ConfigError` where there is no source."""
    return chosen.rows is None and bool(_outlines(chosen, *source_base(chosen, root), Selection(chosen)))


def is_due(chosen: ArchiveSet, unit: Unit, now: float) -> bool:
    """True if the newest file of a unit is as old as the set says."""
    return chosen.older_than_s is None or unit.newest_ns / 1e9 <= now - chosen.older_than_s


class Young:
    """Count of the units that are left out because they are too young."""

    def __init__(self) -> None:
        self.count = 0

    def without(self, chosen: ArchiveSet, units: Iterable[Unit]) -> Iterator[Unit]:
        now = time.time()
        for unit in units:
            if is_due(chosen, unit, now):
                yield unit
            else:
                self.count += 1


def _wanted(chosen: ArchiveSet, names: Sequence[str], ids: list[str]) -> frozenset[str] | None:
    """Units that the words mean; None for all, where there are no words. Raises `UsageError`."""
    wanted: frozenset[str] = frozenset()
    for word in names:
        found = units_of(word, ids)
        if not found:
            raise UsageError(
                f"archives.{chosen.name} has no unit {word!r:.200} on this disk",
                why=f"it finds {counted(len(ids), 'unit')} here",
                hint=f"{meant_by(word, ids)}`s3sync archive list --not-archived` lists what is here,"
                " `archive list` what was sent",
            )
        wanted |= found
    return wanted if names else None


def _outlines(chosen: ArchiveSet, base: Path, pattern: tuple[str, ...], selection: Selection) -> list[Outline]:
    try:
        status = base.stat()
    except OSError as error:
        why = reason_of(error)
        hint = "connect the disk, or correct `source`: nothing was taken for empty"
        raise ConfigError(f"the source of archives.{chosen.name} is not there: {base}", why=why, hint=hint) from None
    if not stat.S_ISDIR(status.st_mode):
        raise ConfigError(f"the source of archives.{chosen.name} is no folder: {base}", hint="name the folder above it")
    real = real_source(chosen, base)
    if chosen.unit is UnitKind.FOLDER:
        found = _folders(chosen, base, real, pattern, selection)
    elif chosen.unit is UnitKind.FILE:
        found = _files(chosen, base, real, pattern, selection)
    else:
        from s3sync.archive.groups import groups

        found = groups(chosen, base, real, _all_files(base, real, pattern, selection), selection)
    with kept_folders():
        return sorted(found, key=lambda outline: os.fsencode(outline.id))


def _folders(
    chosen: ArchiveSet, base: Path, real: str, pattern: tuple[str, ...], selection: Selection
) -> Iterator[Outline]:
    layout = parse_layout(chosen.layout)
    for path in _matching(real, pattern or ("*",), selection):
        top = base / path
        if chosen.marker is not None and not os.path.lexists(top / chosen.marker):
            continue
        outline = Outline(path, str(top))
        try:
            known = read.of_folder(chosen, real, path, lambda path=path: walk(real, path, selection, []), layout.needs)  # type: ignore[misc]
            yield structs.replace(outline, key=key_for(chosen, layout, known), fields=known)
        except (LayoutError, OSError) as error:
            yield structs.replace(outline, refused=_reason(error))


def _files(
    chosen: ArchiveSet, base: Path, real: str, pattern: tuple[str, ...], selection: Selection
) -> Iterator[Outline]:
    layout = parse_layout(chosen.layout)
    for main, sidecars in with_companions(_all_files(base, real, pattern, selection), selection):
        folder, _, name = main.path.rpartition("/")
        top = base / folder
        outline = Outline(main.path, str(top), sources=(structs.replace(main, path=name),))
        try:
            known = read.of_file(chosen, real, main.path, main.mtime_ns, layout.needs)
            key = key_for(chosen, layout, known)
        except (LayoutError, OSError) as error:
            yield structs.replace(outline, refused=_reason(error))
            continue
        beside = tuple(structs.replace(source, path=source.path.rpartition("/")[2]) for source in sidecars)
        yield structs.replace(outline, key=key, fields=known, sidecars=beside)


def _reason(error: Exception) -> str:
    return reason_of(error) if isinstance(error, OSError) and not isinstance(error, Unreadable) else str(error)


def _all_files(base: Path, real: str, pattern: tuple[str, ...], selection: Selection) -> list[Source]:
    """The selected files below the base, or below those folders in it that match. Raises `ConfigError`."""
    found: list[Source] = []
    try:
        for folder in _matching(real, pattern, selection) if pattern else ("",):
            above = f"{folder}/" if folder else ""
            found += (
                structs.replace(source, path=above + source.path)
                for source in walk(real, folder, selection, [])
                if source.kind is Kind.FILE
            )
    except Unreadable as error:
        raise ConfigError(
            f"cannot look through {base}", why=str(error), hint="make it readable, or name it in `ignore`"
        ) from error
    return list(in_order(found))


def _matching(real: str, pattern: tuple[str, ...], selection: Selection) -> Iterator[str]:
    """Folders below the base whose names match one pattern a level, through no link, and none of git or s3sync."""
    level = [""]
    for part in pattern:
        level = [
            f"{folder}/{entry}" if folder else entry
            for folder in level
            for entry in _subfolders(real, folder)
            if fnmatchcase(entry, part)
            and entry.startswith(".") <= part.startswith(".")
            and not stands_for(entry, PRIVATE)
        ]
        level = [folder for folder in level if not selection.skips_folder(folder)]
    return iter(level)


def _subfolders(real: str, folder: str) -> list[str]:
    try:
        with folder_below(real, folder.split("/") if folder else ()).scandir() as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError as error:
        raise ConfigError(f"cannot list {Path(real, folder)}", why=reason_of(error)) from error


def _unit(chosen: ArchiveSet, outline: Outline, real: str, selection: Selection) -> Unit:
    problems: list[str] = []
    sources, refused = outline.sources, outline.refused
    if sources is None:
        try:
            with kept_folders():
                sources = in_order(list(walk(real, outline.id, selection, problems)))
            if all(source.kind is not Kind.FILE for source in sources):
                refused = EMPTY
        except Unreadable as error:
            sources, refused = (), str(error)
    sidecars = outline.sidecars
    if chosen.sidecars and not sidecars:
        sidecars = tuple(one for one in sources if one.kind is Kind.FILE and selection.is_sidecar(one.path))
    unit = Unit(
        id=outline.id,
        set=chosen.name,
        root=outline.root,
        key=outline.key,
        sources=sources,
        sidecars=sidecars,
        fields={name: value for name, value in outline.fields.items() if not name.startswith("no ")},
        problems=tuple(problems),
        refused=refused,
    )
    return structs.replace(unit, refused=unit.refused or _sidecar_clash(chosen, unit))


def _sidecar_clash(chosen: ArchiveSet, unit: Unit) -> str | None:
    seen = {unit.key}
    for source in unit.sidecars:
        key = sidecar_key(chosen, unit, source.path)
        if key in seen:
            return f"two of its files would have the key {key!r}"
        seen.add(key)
    return None
