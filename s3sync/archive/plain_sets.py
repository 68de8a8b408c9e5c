"""Sets beside encrypted repositories: none sends in plain what one encrypts, and none packs ciphertext."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec.structs import replace

from s3sync.archive.sets import is_sealed
from s3sync.config import Settings
from s3sync.core.archive.values import ArchiveSet, Kind, Unit
from s3sync.errors import Unsupported
from s3sync.keys.known import encrypted_clone


def readable(unit: Unit, environ: Mapping[str, str]) -> Unit:
    """A unit of a set that does not encrypt: refused where it is in a clone of an encrypted repository, or has one."""
    if unit.refused is not None:
        return unit
    clone = encrypted_clone(environ, _folders(unit))
    if clone is None:
        return unit
    why = f"{clone} is an encrypted repository, and this set sends files as anybody can read them"
    return replace(unit, refused=f"{why}; write the set into its .s3sync.yaml")


def _folders(unit: Unit) -> Iterator[str]:
    """Folders that a unit is in, and those in it."""
    root = os.path.realpath(unit.root)
    yield root
    yield from map(os.fspath, Path(root).parents)
    seen = set[str]()
    for source in unit.sources:
        path = source.path if source.kind is Kind.FOLDER else source.path.rpartition("/")[0]
        if path and path not in seen:
            seen.add(path)
            yield f"{root}/{path}"


def refuse_sealed_source(chosen: ArchiveSet, before: ArchiveSet | None, settings: Settings) -> None:
    """Raise `Unsupported` for a set that goes on from the folder of another one, which holds ciphertext."""
    if before is not None and is_sealed(before, settings):
        raise Unsupported(
            f"archives.{chosen.name} does not go on from archives.{before.name}",
            why="what lies in that folder is encrypted, and would be encrypted once more",
            hint="give it the folder with the files themselves as its `source`",
        )
