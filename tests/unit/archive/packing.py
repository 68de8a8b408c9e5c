"""Helpers: a unit of what lies in a folder, and a set of rules, for whoever packs one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from s3sync.core.archive.tar import as_bytes
from s3sync.core.archive.values import ArchiveSet, Kind, Pack, Source, Unit


def sources_of(root: Path) -> tuple[Source, ...]:
    """Everything in a folder, sorted by the bytes of the paths."""
    found = []
    for at, folders, files in os.walk(root):
        for name in [*folders, *files]:
            place = Path(at, name)
            status = place.lstat()
            path = os.path.relpath(place, root)
            if place.is_symlink():
                found.append(Source(path, Kind.LINK, 0, 0o777, status.st_mtime_ns, os.fspath(place.readlink())))
            elif place.is_dir():
                found.append(Source(path, Kind.FOLDER, 0, status.st_mode & 0o7777, status.st_mtime_ns))
            else:
                found.append(Source(path, Kind.FILE, status.st_size, status.st_mode & 0o7777, status.st_mtime_ns))
    return tuple(sorted(found, key=lambda one: as_bytes(one.path)))


def unit_of(root: Path, name: str = "b40-film", pack: Pack = Pack.TAR, **more: Any) -> Unit:
    suffix = "" if pack is Pack.NONE else f".{pack}"
    return Unit(name, "projects", os.fspath(root), f"old/{name}{suffix}", sources_of(root), **more)


def rules_of(pack: Pack = Pack.TAR, **more: Any) -> ArchiveSet:
    return ArchiveSet("projects", "file:///nowhere", "projects/*", pack=pack, **more)
