"""Verb that says where every project lives: on this disk, on an SSD, in cold storage."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from s3sync.archive.catalogue.listing import STANDARD
from s3sync.archive.chain import key_before, step_before
from s3sync.archive.units import find_units
from s3sync.archives.opened import Opened, Place
from s3sync.config import Settings
from s3sync.config.schemes import scheme_of
from s3sync.config.settings import load_own_settings
from s3sync.connect import connect
from s3sync.core.archive.records import Archived, Status
from s3sync.core.archive.values import ArchiveSet, Kind, Pack, Unit
from s3sync.core.times import format_time, moment
from s3sync.errors import ConfigError, ProjectError, S3syncError
from s3sync.project import project_names

if TYPE_CHECKING:
    from s3sync.all_repositories import Found
    from s3sync.repositories.book import Remembered


class Here(Struct, frozen=True):
    """A project on this disk."""

    path: str
    size: int
    files: int


class There(Struct, frozen=True):
    """Archives of a project in one store; of several, `first` is the first, and `size` that of all."""

    store: str
    first: Archived
    size: int


class Whereabouts(Struct):
    """Places of one project. `ssd` is a store in a folder, `s3` one with a server; None where it is not there."""

    id: str
    local: Here | None = None
    ssd: There | None = None
    s3: There | None = None


class Whole(Struct, frozen=True):
    """Projects of one repository, and what could not be looked at, in words."""

    projects: list[Whereabouts] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)


class Everywhere(Opened, frozen=True):
    """The verb about whereabouts."""

    def everywhere(self, pattern: str | None = None) -> tuple[list[Whereabouts], list[str]]:
        """Places of each project of the repository and each unit of the sets, as far as this computer knows.

        Also what could not be looked at, in words. No server is asked; of a folder store whether it is there. Raises
        `ProjectError` where none fits `pattern`.
        """
        found: dict[str, Whereabouts] = {}
        unseen: list[str] = []
        between: list[tuple[str, There]] = []
        for name, here in self._local(unseen, between):
            known = found.setdefault(name, Whereabouts(name))
            known.local = known.local or here
        for place in self.places() if self.sets() else ():
            for name, there in _archived(place):
                known = found.setdefault(name, Whereabouts(name))
                if scheme_of(place.url).is_folder:
                    known.ssd = known.ssd or there
                else:
                    known.s3 = known.s3 or there
            unseen += _not_connected(place)
        for name, there in between:
            known = found.setdefault(name, Whereabouts(name))
            known.ssd = known.ssd or there
        wanted = [found[name] for name in sorted(found) if pattern is None or _fits(name, pattern)]
        if pattern is not None and not wanted:
            raise ProjectError(f"no project matches {pattern!r}", why=f"{len(found)} are known")
        return wanted, unseen

    def _local(self, unseen: list[str], between: list[tuple[str, There]]) -> Iterator[tuple[str, Here]]:
        """What is on this computer. What a set finds on the disk of the step before, nobody sent there: `between`."""
        for chosen in self.sets().values():
            before = step_before(chosen, self.sets(), self.settings.root)
            try:
                self.require_source(chosen)
                for unit in find_units(chosen, self.settings.root, due_only=False):
                    if before is not None:
                        key = key_before(chosen, before, unit.id, self.settings.root)
                        between.append((unit.id.rpartition("/")[2], _found(before, key, unit)))
                        continue
                    files = sum(source.kind is not Kind.FOLDER for source in unit.sources)
                    yield unit.id, Here(unit.root, unit.size, files)
            except ConfigError as error:
                unseen.append(str(error))
        root = self.settings.root
        if root is not None:
            for name in project_names(self.settings, root):
                folder = root / name if (root / name).is_dir() else root
                yield name, _measured(folder / self.settings.staging)


def _found(before: ArchiveSet, key: str, unit: Unit) -> There:
    """A unit as it lies on the disk of a set."""
    files = sum(source.kind is not Kind.FOLDER for source in unit.sources)
    at = format_time(moment(unit.newest_ns))
    one = Archived(
        key=key,
        unit=unit.id,
        set=before.name,
        pack=Pack.NONE,
        status=Status.NOT_INDEXED,
        size=unit.size,
        original_size=unit.size,
        files=files,
        uploaded_at=at,
        created_by="",
        storage_class=STANDARD,
    )
    return There(before.store, one, unit.size)


def all_everywhere(
    pattern: str | None = None,
    *,
    path: str | os.PathLike[str] = ".",
    flags: Mapping[str, str | None] | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[Whole, list[Found[Whole]]]:
    """Places of the projects of the repository around, and of each that is remembered. No server is asked.

    The user's own sets are told with the repository around alone. Raises `ProjectError` where none fits `pattern`.
    """
    from s3sync.all_repositories import side_by_side

    around = _whole(Everywhere.open(path=path, flags=flags, environ=environ), pattern)
    process = os.environ if environ is None else environ
    mine = Everywhere(load_own_settings(flags or {}, process), dict(flags or {}), process)
    own = {one.id for one in _whole(mine, pattern).projects}

    def look(one: Remembered, _: Settings) -> Whole:
        found = _whole(Everywhere.open(path=one.root, flags=flags, environ=environ), pattern)
        return Whole([each for each in found.projects if each.id not in own], found.unseen)

    every = side_by_side(look, flags=flags, environ=environ)
    if pattern is not None and not around.projects and not any(one.found and one.found.projects for one in every):
        known = len(every)
        raise ProjectError(
            f"no project matches {pattern!r}",
            why=f"{known} {'repository was' if known == 1 else 'repositories were'} looked at",
        )
    return around, every


def _whole(opened: Everywhere, pattern: str | None) -> Whole:
    try:
        return Whole(*opened.everywhere(pattern))
    except ProjectError:
        if pattern is None:
            raise
        return Whole()


def _archived(place: Place) -> Iterator[tuple[str, There]]:
    with place.catalogue() as catalogue:
        found: dict[str, list[Archived]] = {}
        for one in catalogue.archives():
            found.setdefault(one.unit, []).append(one)
    for name, archives in found.items():
        yield name, There(place.url, archives[0], sum(one.size for one in archives))


def _not_connected(place: Place) -> Iterator[str]:
    """The reason why a folder store that was used before cannot be looked at: its disk is not plugged in."""
    if not scheme_of(place.url).is_folder or not place.catalogue_path.exists():
        return
    try:
        for _ in connect(place.settings, create=False).folders(""):
            break
    except S3syncError as error:
        hint = f" ({error.hint})" if error.hint else ""
        yield f"{error}{hint}; what is said of it is what was there before"


def _measured(folder: Path) -> Here:
    """Size and number of the files below a folder. Links are not followed."""
    size = files = 0
    for at, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.lstat(os.path.join(at, name)).st_size  # noqa: PTH118 - for each of very many files
            except OSError:
                continue  # it vanished meanwhile
            files += 1
    return Here(str(folder.parent), size, files)


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) if any(char in pattern for char in "*?[") else name.startswith(pattern)
