"""Verbs that bring units back: restores, and how their thaws stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from s3sync.archive.chain import folder_in, folder_of, key_before, step_before
from s3sync.archive.place import Destination
from s3sync.archive.sets import source_base
from s3sync.archive.work import carrying
from s3sync.archives.batching import Follow
from s3sync.archives.opened import Place
from s3sync.archives.thawing import Thawing
from s3sync.core.archive.adopt import may_be_unit_of
from s3sync.core.archive.extraction import path_problem
from s3sync.core.archive.layout import LayoutError, key_for, parse_layout, range_of
from s3sync.core.archive.records import Archived, Status
from s3sync.core.archive.values import ArchiveSet, Index, Member, Pack, UnitKind
from s3sync.core.outcome import Problem
from s3sync.errors import Archived as Cold
from s3sync.errors import ArchiveError, DiskFull, LocalError, StoreError, UsageError
from s3sync.store import identity_of

if TYPE_CHECKING:
    from s3sync.archive.restore import Restored
    from s3sync.archive.restoring import RestoreOptions, RestoreReport
    from s3sync.archive.thaw import Price
    from s3sync.archive.waiting import ThawLine
    from s3sync.archives.telling import Telling

LOCAL, SSD = "local", "ssd"
"""Places that units came from and that lie between, as `to` names them."""
OF_ONE_UNIT = (ArchiveError, Cold, LocalError, UsageError)
"""Errors that are a unit's own, or its set's: the others are restored all the same."""
_Job = tuple[Place, Archived, "RestoreOptions"]


def nobody(index: Index, wanted: list[Member], found: Restored) -> None:
    """Nobody has to hear of a restore."""


class Returning(Thawing, frozen=True):
    """Verbs that bring units back."""

    def restore(
        self,
        *units: str,
        set: str | None = None,
        options: RestoreOptions | None = None,
        resume: bool = False,
        confirm: Callable[[Price], bool] = lambda price: True,
        told: Callable[[Restored], None] = lambda one: None,
        waiting: Callable[[list[str]], None] = lambda units: None,
        following: Follow = lambda job, state: None,
    ) -> RestoreReport:
        """Bring units back from their archives. Those in cold storage are thawed first, once `confirm` agreed.

        `confirm` is asked where something has to be thawed or the price is worth a word. Units that are being thawed
        are in the report's `pending`; with `options.wait` all thaws are asked for first, `waiting` is told, and then
        they are waited for. `resume`: go on with restores that wait for a thaw (of all units, or those that are named),
        each with the options that it was begun with. With
        `options.by_batch` S3 Batch Operations begin the thaws. Raises `Halt` where `confirm` said no.
        """
        from s3sync.archive.restoring import RestoreOptions, RestoreReport

        options = options or RestoreOptions()
        jobs = self._resumed(units, set, options) if resume else self._chosen_for(units, set, options)
        report = RestoreReport()
        if options.by_batch and jobs and not options.dry_run:
            jobs = self.thaw_by_batch(jobs, report, confirm, following)
        if not options.wait:
            self._restore_all(jobs, report, confirm, told)
            return report
        asked = [(place, archived, replace(chosen, wait=False)) for place, archived, chosen in jobs]
        left = self._restore_all(asked, report, confirm, told)
        if left and not options.dry_run:
            waiting(report.pending)
            report.pending = []
            rest = [
                (place, archived, replace(chosen, wait=True, yes=True, max_cost=None))
                for place, archived, chosen in left
            ]
            self._restore_all(rest, report, confirm, told)
        return report

    def _restore_all(
        self,
        jobs: list[_Job],
        report: RestoreReport,
        confirm: Callable[[Price], bool],
        told: Callable[[Restored], None],
    ) -> list[_Job]:
        """Restore units one by one; return those that are being thawed."""
        from s3sync.archives.telling import telling

        with telling(self.settings, "restore") as history:
            return self._restore_each(jobs, report, confirm, told, history)

    def _restore_each(
        self,
        jobs: list[_Job],
        report: RestoreReport,
        confirm: Callable[[Price], bool],
        told: Callable[[Restored], None],
        history: Telling,
    ) -> list[_Job]:
        from s3sync.archive.restoring import Restoring

        left: list[_Job] = []
        for place, archived, options in jobs:
            chosen = self.chosen(archived.set)
            channel = self._on(self.channel(chosen), chosen)
            before, hears = len(report.pending), told if options.dry_run else partial(history.hears, archived.set, told)
            with carrying(channel) as carrier, place.catalogue() as catalogue:
                settings, own = self.settings_of(chosen), channel.is_made
                landed = self._note_on_ssd if options.to == SSD else nobody
                job = Restoring(carrier, chosen, settings, catalogue, options, confirm, own, landed)
                try:
                    job.restore(archived, self._destination(chosen, archived, options.to), report, hears)
                except DiskFull:
                    raise
                except OF_ONE_UNIT as error:
                    if len(jobs) == 1:
                        raise
                    report.failed.append(Problem(archived.unit, str(error), error.hint))
            if len(report.pending) > before:
                left.append((place, archived, options))
        return left

    def _note_on_ssd(self, index: Index, wanted: list[Member], found: Restored) -> None:
        """Write down that the SSD has it now. What cannot be written is a problem of the unit: the files are there."""
        from s3sync.archive.landed import note_landed

        target = self._ssd_set()
        (place,) = self.places(target.name)
        try:
            store, now = place.store(), self.now()
            with place.catalogue(make=True) as catalogue:
                note_landed(store, catalogue, target, folder_in(target), index, wanted, found, user=self.user, now=now)
        except (StoreError, ArchiveError, LocalError) as error:
            found.problems.append((index.unit, f"it is on the disk, and could not be noted there: {error}"))

    def thaws(self, *units: str, set: str | None = None) -> list[ThawLine]:
        """State of the thaws of units, as the store has it now; without a name, of the restores that wait for one."""
        from s3sync.archive.waiting import requests_in, thaw_lines

        found: list[ThawLine] = []
        for place, archived in self.archives_of(list(units), set=set):
            chosen = self.chosen(archived.set)
            with place.catalogue() as catalogue:
                if not units and archived.key not in requests_in(catalogue):
                    continue
                with carrying(self._on(self.channel(chosen), chosen)) as carrier:
                    found += thaw_lines(carrier, catalogue, archived)
        return found

    # -- which archive, and where to

    def _resumed(self, units: Iterable[str], set: str | None, options: RestoreOptions) -> list[_Job]:
        from s3sync.archive.waiting import requests_in

        found: list[_Job] = []
        for place, archived in self.archives_of(list(units), set=set):
            with place.catalogue() as catalogue:
                request = requests_in(catalogue).get(archived.key)
            if request is not None:
                said = {name: getattr(request, name) for name in ("to", "members", "light", "obeyed")}
                found.append((place, archived, replace(options, **said)))
        return found

    def _chosen_for(self, units: Iterable[str], set: str | None, options: RestoreOptions) -> list[_Job]:
        """Archives to restore from. Of a unit on the steps of a chain the nearest one that has all of it counts."""
        every = self.archives_of(list(units), set=set)
        if not units:
            raise UsageError("no UNIT was named", hint="`s3sync archive list` lists them; '*' means all")
        steps = {(one.set, one.key): (place, one) for place, one in every}
        skipped = {(one.set, one.key) for _, one in every if options.to == SSD and self._lies_on_ssd(one)}
        if skipped and len(skipped) == len(every):
            raise UsageError(
                f"{every[0][1].unit} is on that disk already", hint="`--to local` brings it back from there"
            )
        for _, one in every:
            near = self._nearer(one)
            if near is None or near not in steps or near in skipped or (one.set, one.key) in skipped:
                continue
            if steps[near][1].files >= one.files or options.light:
                skipped.add((one.set, one.key))
            else:
                skipped.add(near)
        return [(place, one, options) for place, one in every if (one.set, one.key) not in skipped]

    def _nearer(self, one: Archived) -> tuple[str, str] | None:
        """Set and key that an archive's unit had in the step before."""
        chosen = self.sets().get(one.set)
        before = step_before(chosen, self.sets(), self.settings.root) if chosen is not None else None
        if chosen is None or before is None:
            return None
        return before.name, key_before(chosen, before, one.unit, self.settings.root)

    def _lies_on_ssd(self, one: Archived) -> bool:
        chosen = self.chosen(one.set)
        return folder_of(chosen) is not None and chosen.name == self._ssd_set().name

    def _ssd_set(self) -> ArchiveSet:
        """The set whose store is a folder: the one named `ssd`, or the only one."""
        found = [one for one in self.sets().values() if folder_of(one) is not None]
        named = [one for one in found if one.name == SSD]
        if len(found) != 1 and not named:
            names = ", ".join(one.name for one in found)
            raise UsageError(
                "no set says which disk `--to ssd` means",
                why=f"these have a folder as their store: {names}" if found else "none has a folder as its store",
                hint="name the folder: --to DIR (a folder that is called ssd: --to ./ssd)",
            )
        return (named or found)[0]

    def _destination(self, chosen: ArchiveSet, archived: Archived, to: str | None) -> Destination:
        """Folder that a unit's members go into: where it came from, on the SSD, or below `to`."""
        unit = archived.unit
        if (why := path_problem(unit)) is not None:
            raise ArchiveError(f"cannot restore {unit!r:.200}", why=why)
        if to == SSD:
            return self._on_ssd(chosen, archived)
        if to not in (None, LOCAL):
            return Destination(Path(str(to)), () if chosen.unit is UnitKind.FILE else (unit.rpartition("/")[2],))
        before = step_before(chosen, self.sets(), self.settings.root)
        if before is not None and before.pack is Pack.NONE:
            return self._destination(before, self._as_before(chosen, before, archived), to)
        return self._source(chosen, unit)

    def _as_before(self, chosen: ArchiveSet, before: ArchiveSet, archived: Archived) -> Archived:
        """The archive with the unit that it was in the step before."""
        key = key_before(chosen, before, archived.unit, self.settings.root)
        (place,) = self.places(before.name)
        with place.catalogue() as catalogue:
            known = catalogue.archives(set=before.name, status=Status)
        unit = next((one.unit for one in known if one.key == key), None)
        if unit is not None and not may_be_unit_of(before, key, unit):
            raise ArchiveError(
                f"cannot restore {archived.unit} to the source of archives.{before.name}",
                why=f"its index there says that it is {unit:.200}, which its key does not name, or other programs obey",
                hint="whoever writes to that disk may have written it; look at what it is, and say --to DIR",
            )
        return replace(archived, unit=unit or archived.unit.rpartition("/")[2])

    def _source(self, chosen: ArchiveSet, unit: str) -> Destination:
        base, _ = source_base(chosen, self.settings.root)
        if not base.is_dir():
            raise LocalError(
                f"the source of archives.{chosen.name} is not there: {base}",
                why="units go back to where they came from",
                hint="connect the disk, or say --to DIR",
            )
        names = () if chosen.unit is UnitKind.GROUP else tuple(unit.split("/"))
        return Destination(base, names if chosen.unit is UnitKind.FOLDER else names[:-1])

    def _on_ssd(self, chosen: ArchiveSet, archived: Archived) -> Destination:
        """Folder on the disk of the set with a folder store. Raises `BucketMissing` where it is not connected."""
        target = self._ssd_set()
        folder = folder_in(target)
        if target.pack is not Pack.NONE:
            raise UsageError(
                f"archives.{target.name} packs its units",
                why="plain files have no place among them",
                hint="say --to DIR",
            )
        (place,) = self.places(target.name)
        identity_of(place.store())
        if step_before(chosen, self.sets(), self.settings.root) == target:
            return self._source(chosen, archived.unit)
        last = archived.unit.rpartition("/")[2]
        fields = {**archived.fields, "path": archived.unit, "id": last, "name": last, "range": range_of(last) or ""}
        try:
            key = key_for(target, parse_layout(target.layout), fields)
        except LayoutError as error:
            raise UsageError(
                f"where {archived.unit} lies on the disk of archives.{target.name} is not known",
                why=str(error),
                hint="say --to DIR",
            ) from error
        names = tuple(key.split("/"))
        return Destination(folder, names if chosen.unit is not UnitKind.FILE else names[:-1])
