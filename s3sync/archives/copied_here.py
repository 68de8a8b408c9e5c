"""Copies that this disk has of archives: proven before one is removed, and looked at once more after the question.

The question may be open for hours, while a run from a timer deletes these files, as the store has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from functools import partial

from msgspec import Struct

from s3sync.archive.carrier import Carrier, open_carrier
from s3sync.archive.catalogue import Catalogue
from s3sync.archive.last_copies import copied, is_own_copy
from s3sync.archive.looks import looks_of
from s3sync.archive.removal import going
from s3sync.archive.units import find_units
from s3sync.archive.work import Channel, alone
from s3sync.archives.opened import Place
from s3sync.archives.tables import Tables
from s3sync.core.archive.records import FOREIGN, Archived
from s3sync.core.archive.values import ArchiveSet, Index, Kind, Member, Pack
from s3sync.errors import ArchiveError, ConfigError

_Files = frozenset[tuple[str, int, int]]
"""Files and links of a unit, each with its size and time."""


class _Here(Struct, frozen=True):
    """A unit on this disk."""

    rules: ArchiveSet
    root: str
    files: _Files


class Copies(Struct, frozen=True):
    """Archives, by key, of which this disk has every byte: the objects of each with their ETags, and its unit (by set
    and id) with the files that it had here."""

    seen: Mapping[str, Mapping[str, str]]
    units: Mapping[str, tuple[tuple[str, str], _Files]]


NO_COPIES = Copies({}, {})


class CopiesHere(Tables, frozen=True):
    """Looks at what this disk has of archives."""

    def _copies_here(self, place: Place, archives: Sequence[Archived], dry_run: bool) -> Copies:
        """The archives of which this disk has every byte, as far as their set can be looked at.

        Files that look the same are read, and so is an archive that this computer did not send: it may be the last
        place that has the bytes.
        """
        here, store = self._here(place), place.store()
        seen, units = dict[str, Mapping[str, str]](), dict[str, tuple[tuple[str, str], _Files]]()
        channel = self._channel_of(place)
        with place.catalogue() as catalogue, open_carrier(store, self.user, self.progress) as carrier:
            for one in archives:
                unit = here.get((one.set, one.unit))
                if one.status in FOREIGN or not one.files or unit is None:
                    continue
                if not all((m.path, m.size, m.mtime_ns) in unit.files for m in _files(catalogue, one)):
                    continue
                try:
                    goes = going(store, catalogue, one)
                except ArchiveError:
                    continue  # its index is another unit's by now, or none at all
                pack = one.pack if goes.index is None else goes.index.pack
                is_made = partial(_is_proven, channel, carrier)
                objects = copied(carrier, goes, pack, one.unit, unit.root, is_made, channel.as_made)
                if objects is None:
                    continue
                if not is_own_copy(unit.rules, store, unit.root, goes.single.values(), dry_run=dry_run):
                    seen[one.key], units[one.key] = objects, ((one.set, one.unit), unit.files)
        return Copies(seen, units)

    @contextmanager
    def _kept_here(self, place: Place, copies: Copies) -> Iterator[Set[str]]:
        """Keep runs of this computer from deleting files while the block runs; it gets the keys of the archives of
        which this disk had a copy, and has no whole one any more. Raises `LockHeld` where a run is at work."""
        if not copies.units:
            yield frozenset()
            return
        with alone(self._channel_of(place)):
            here = self._here(place)
            yield {
                key
                for key, (unit, files) in copies.units.items()
                if (now := here.get(unit)) is None or not files <= now.files
            }

    def _here(self, place: Place) -> dict[tuple[str, str], _Here]:
        """Units of a store's sets on this disk, by set and id."""
        found: dict[tuple[str, str], _Here] = {}
        for chosen in place.sets:
            try:
                self.require_source(chosen)
                for unit in find_units(chosen, self.settings.root, due_only=False):
                    every = (one for one in (*unit.sources, *unit.sidecars) if one.kind is not Kind.FOLDER)
                    files = frozenset((one.path, one.size, one.mtime_ns) for one in every)
                    found[chosen.name, unit.id] = _Here(chosen, unit.root, files)
            except ConfigError:
                continue  # the disk is not connected: nothing is known to be here
        return found

    def _channel_of(self, place: Place) -> Channel:
        return Channel(place.url, place.settings.endpoint_url, self.user, self.environ)


def refuse_gone(archive: Archived, gone: Set[str]) -> None:
    """Raise `ArchiveError` for an archive that was to go as this disk has a copy, where it has none any more."""
    if archive.key in gone:
        raise ArchiveError(
            f"did not remove the archive of {archive.unit}",
            why="its files here were changed or deleted after they were compared with it: it may be the last copy",
            hint="run the command again: it looks at what is here now",
        )


def _is_proven(channel: Channel, carrier: Carrier, index: Index) -> bool:
    """True if this computer sent what an index is of. Of single objects it is enough that it read them all.

    A container that somebody else sent may hold more than its index names.
    """
    if channel.is_made(index):
        return True
    return index.pack is Pack.NONE and channel.was_read(index, looks_of(carrier, index))


def _files(catalogue: Catalogue, archive: Archived) -> Iterator[Member]:
    return (member for member in catalogue.members(archive.key) if member.kind is Kind.FILE)
