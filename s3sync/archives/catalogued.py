"""Verbs that ask the catalogue: lists, searches, the log, and its own upkeep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.catalogue.extras import sidecars_of
from s3sync.archive.sets import require_units
from s3sync.archive.speed import Measured, measured
from s3sync.archive.units import find_units, has_units
from s3sync.archives.opened import Opened, Place
from s3sync.config.archive_classes import class_at
from s3sync.core.archive.named import begun, meant_by, units_of
from s3sync.core.archive.records import Archived, FoundMember, LogEntry, Statistic, as_of
from s3sync.core.archive.values import ArchiveSet, Kind, Member
from s3sync.core.quantities import counted
from s3sync.errors import ConfigError, UsageError

LOOKED_AT = 100
"""Entries of the log that are of no unit in which runs are looked for."""


class Listed(Struct, frozen=True):
    """An archive with the store that it is in."""

    store: str
    archive: Archived


class NotArchived(Struct, frozen=True):
    """A unit on this disk of which the catalogue has no archive."""

    set: str
    unit: str
    files: int
    size: int
    newest_ns: int
    refused: str | None


class Found(Struct, frozen=True):
    """Result of a search: members, and units with the name in theirs. `more`: there are more than were asked for."""

    members: tuple[FoundMember, ...]
    units: tuple[str, ...]
    more: bool


class Shown(Struct, frozen=True):
    """One archive with its members, and what lies beside it."""

    store: str
    archive: Archived
    members: tuple[Member, ...]
    sidecars: tuple[Member, ...] = ()


class Catalogued(Opened, frozen=True):
    """Verbs that ask the catalogue."""

    def archives(
        self, *, set: str | None = None, year: str | None = None, storage_class: str | None = None
    ) -> list[Listed]:
        """Archives that the catalogue has, by set and date. A class may be spelled as another kind of store does."""
        found: list[Listed] = []
        for place in self.places(set):
            named = class_at(place.url, storage_class) or storage_class if storage_class is not None else None
            with place.catalogue() as catalogue:
                known = catalogue.archives(set=set, year=year, storage_class=named)
            found += [Listed(place.url, as_of(one, self.now())) for one in known]
        return found

    def not_archived(
        self, *, set: str | None = None, away: Callable[[str, ConfigError], None] | None = None
    ) -> Iterator[NotArchived]:
        """Units on this disk that no archive of the catalogue is of, whatever their age.

        `away` is told of each set that cannot be looked at, as where a disk is away, and the others are looked at.
        Raises `ConfigError` where there is no other, and without `away` at the first.
        """
        places = self.places(set)
        every = [one for place in places for one in place.sets if set in (None, one.name)]
        sets = require_units(every, named=set is not None)
        for chosen in sets:
            try:
                yield from self._not_archived(chosen)
            except ConfigError as error:
                if away is None or len(sets) == 1:
                    raise
                away(chosen.name, error)

    def _not_archived(self, chosen: ArchiveSet) -> Iterator[NotArchived]:
        self.require_source(chosen)
        known = self.archived_units(chosen)
        for unit in find_units(chosen, self.settings.root, due_only=False):
            if unit.id not in known:
                files = sum(source.kind is not Kind.FOLDER for source in unit.sources)
                yield NotArchived(chosen.name, unit.id, files, unit.size, unit.newest_ns, unit.refused)

    def archived_units(self, chosen: ArchiveSet) -> frozenset[str]:
        """Units of a set of which the catalogue has a whole archive."""
        with next(place for place in self.places(chosen.name)).catalogue() as catalogue:
            return frozenset(one.unit for one in catalogue.archives(set=chosen.name) if one.is_complete)

    def has_units(self, *, set: str | None = None) -> bool:
        """True if there is any unit on this disk, archived or not, as far as it can be looked at."""
        for one in (one for place in self.places(set) for one in place.sets if set in (None, one.name)):
            with suppress(ConfigError):
                if has_units(one, self.settings.root):
                    return True
        return False

    def show(self, unit: str, *, set: str | None = None) -> list[Shown]:
        """The archives of one unit with their members. Raises `UsageError` for a unit that is not known."""
        shown = []
        for place, archive in self.archives_of([unit], set=set):
            with place.catalogue() as catalogue:
                members, sidecars = tuple(catalogue.members(archive.key)), sidecars_of(catalogue, archive.key)
                shown.append(Shown(place.url, as_of(archive, self.now()), members, sidecars))
        return shown

    def archives_of(
        self, units: list[str], *, set: str | None = None, whole: bool = False
    ) -> list[tuple[Place, Archived]]:
        """Archives of the units that the words mean (`units_of`), or of all. Raises `UsageError`."""
        every = [(place, one) for place in self.places(set) for one in self._of(place, set)]
        ids = frozenset(one.unit for _, one in every)
        wanted: frozenset[str] = frozenset()
        for word in units:
            named = units_of(word, ids, whole=whole)
            if not named:
                raise _unknown(word, ids)
            wanted |= named
        return [(place, one) for place, one in every if not units or one.unit in wanted]

    def find(
        self, name: str | None = None, *, md5: str | None = None, sha256: str | None = None, limit: int = 1000
    ) -> Found:
        """Members of archives by name or digest: `Catalogue.find` says how."""
        members: list[FoundMember] = []
        units: list[str] = []
        for place in self.places():
            with place.catalogue() as catalogue:
                some = catalogue.find(name, md5=md5, sha256=sha256, limit=limit + 1)
                members += [replace(one, store=place.url) for one in some]
                units += catalogue.units_like(name) if name and "/" not in name else []
        return Found(tuple(members[:limit]), tuple(units), len(members) > limit)

    def log(self, *, unit: str | None = None, limit: int = 100) -> list[LogEntry]:
        """Entries of the log of this computer, the newest first."""
        entries: list[LogEntry] = []
        for place in self.places():
            with place.catalogue() as catalogue:
                entries += catalogue.log(unit=unit, limit=limit)
        return sorted(entries, key=lambda entry: entry.at, reverse=True)[:limit]

    def measured_rate(self, chosen: ArchiveSet) -> Measured | None:
        """Rate at which earlier runs sent to the store of a set, by the log of this computer."""
        with next(place for place in self.places(chosen.name)).catalogue() as catalogue:
            return measured(catalogue.log(unit="", limit=LOOKED_AT))

    def stats(self) -> list[Statistic]:
        """Amounts by day, set and storage class, the oldest first."""
        found: list[Statistic] = []
        for place in self.places():
            with place.catalogue() as catalogue:
                catalogue.take_statistics(self.now_text()[:10])
                found += [replace(one, store=place.url) for one in catalogue.statistics()]
        return found

    def _of(self, place: Place, set: str | None) -> list[Archived]:
        with place.catalogue() as catalogue:
            return catalogue.archives(set=set)


def _unknown(word: str, known: frozenset[str]) -> UsageError:
    several = len(begun(word, known))
    why = f"it has {counted(len(known), 'unit')}" if known else "it is empty"
    return UsageError(
        f"the catalogue has no archive of {word!r}",
        why=f"the names of {counted(several, 'unit')} begin so" if several > 1 else why,
        hint=f"{meant_by(word, known)}`s3sync archive catalogue rebuild` takes in what others sent",
    )
