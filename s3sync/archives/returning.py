"""Verbs that bring units back: restores, and how their thaws stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from s3sync.archive.chain import folder_in, folder_of, key_before, step_before
from s3sync.archive.place import Destination
from s3sync.archive.sets import source_base
from s3sync.archive.work import carrying
from s3sync.archives.batching import Follow
from s3sync.archives.thawing import Asked, Thawing
from s3sync.config.leading import end_of
from s3sync.core.archive.adopt import may_be_unit_of
from s3sync.core.archive.extraction import path_problem
from s3sync.core.archive.layout import LayoutError, key_for, parse_layout, range_of
from s3sync.core.archive.records import Archived, Status
from s3sync.core.archive.values import ArchiveSet, Index, Member, Pack, UnitKind
from s3sync.disk.current import current_folder
from s3sync.errors import ArchiveError, LocalError, StoreError, UsageError
from s3sync.store import identity_of
from s3sync.transfer.flow import CEILING

if TYPE_CHECKING:
    from s3sync.archive.carrier import Carrier
    from s3sync.archive.catalogue import Catalogue
    from s3sync.archive.restore import Restored
    from s3sync.archive.restoring import RestoreOptions, RestoreReport
    from s3sync.archive.thaw import Price
    from s3sync.archive.waiting import ThawLine
    from s3sync.archive.work import Channel
    from s3sync.archives.bringing import Begun
    from s3sync.core.archive.engines import Engine

LOCAL, SSD = "local", "ssd"
"""Places that units came from and that lie between, as `to` names them."""


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
        engine: Engine | None = None,
    ) -> RestoreReport:
        """Bring units back from their archives. Those in cold storage are thawed first, once `confirm` agreed.

        `confirm` is asked where something has to be thawed or the price is worth a word. Units that are being thawed
        are in the report's `pending`; with `options.wait` all thaws are asked for first, `waiting` is told, and then
        they are waited for. `resume`: go on with restores that wait for a thaw (of all units, or those that are named),
        each with the options that it was begun with. With `options.by_batch` S3 Batch Operations begin the thaws. The
        workers of an `engine` fetch, verify and place, and all else is done here; one that does not see the folder is
        an `ArchiveError`. Raises `Halt` where `confirm` said no.
        """
        from s3sync.archive.restoring import RestoreOptions, RestoreReport

        options = options or RestoreOptions()
        jobs = self._resumed(units, set, options) if resume else self._chosen_for(units, set, options)
        report = RestoreReport()
        if options.by_batch:
            self.places_of_jobs(jobs)
        if options.by_batch and jobs and not options.dry_run:
            jobs = self.thaw_by_batch(jobs, report, confirm, self._folder_of, following)
        elif resume and not options.dry_run and (begun := self.by_a_job(jobs)):  # asked for one by one it is paid twice
            rest = [one for one in jobs if one not in begun]
            jobs = rest + self.thaw_by_batch(begun, report, confirm, self._folder_of, following)
        if not options.wait:
            self._restore_all(jobs, report, confirm, told, engine)
            return report
        asked = [job._replace(options=replace(job.options, wait=False)) for job in jobs]
        left = self._restore_all(asked, report, confirm, told, engine)
        if left and not options.dry_run:
            waiting(report.pending)
            report.pending = []
            rest = [job._replace(options=replace(job.options, wait=True, yes=True, max_cost=None)) for job in left]
            self._restore_all(rest, report, confirm, told, engine)
        return report

    def _restore_all(
        self,
        jobs: list[Asked],
        report: RestoreReport,
        confirm: Callable[[Price], bool],
        told: Callable[[Restored], None],
        engine: Engine | None = None,
    ) -> list[Asked]:
        """Restore units, several at once; return those that are being thawed."""
        from s3sync.archives.bringing import Alone, Jobs, bring
        from s3sync.archives.telling import telling

        alone, begin = Alone(), len(report.units)
        at_once, waits = self.settings.transfers or CEILING, any(job.options.wait for job in jobs)
        with telling(self.settings, "restore") as history, ExitStack() as held:

            def hears(of: str, options: RestoreOptions) -> Callable[[Restored], None]:
                return told if options.dry_run else partial(history.hears, of, told)

            opened: dict[str, tuple[Channel, Carrier, Catalogue]] = {}
            coming = Jobs(jobs, report, partial(self._restoring_of, held, opened, alone.asking(confirm)), hears)
            bring(coming.ready(), engine, coming.settle, alone, at_once=at_once, waits=waits)
            coming.close(begin)
        return coming.left

    def _restoring_of(
        self,
        held: ExitStack,
        opened: dict[str, tuple[Channel, Carrier, Catalogue]],
        confirm: Callable[[Price], bool],
        job: Asked,
    ) -> Begun:
        """What restores a unit: units of one set share what is open."""
        from s3sync.archive.restoring import Restoring
        from s3sync.archives.bringing import Begun
        from s3sync.archives.spreading import where_of

        chosen = self.chosen(job.archived.set)
        if chosen.name not in opened:
            channel = self._on(self.channel(chosen), chosen)
            carrier = held.enter_context(carrying(channel))
            opened[chosen.name] = channel, carrier, held.enter_context(job.place.catalogue())
        channel, carrier, catalogue = opened[chosen.name]
        settings, landed = self.settings_of(chosen), self._note_on_ssd if job.options.to == SSD else nobody
        restoring = Restoring(carrier, chosen, settings, catalogue, job.options, confirm, channel.is_made, landed)
        where = partial(where_of, settings, self.settings.require_user(), carrier.store)
        return Begun(restoring, self._folder_of(job), where)

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

    def _resumed(self, units: Iterable[str], set: str | None, options: RestoreOptions) -> list[Asked]:
        from s3sync.archive.waiting import requests_in

        found: list[Asked] = []
        for place, archived in self.archives_of(list(units), set=set):
            with place.catalogue() as catalogue:
                request = requests_in(catalogue).get(archived.key)
            if request is not None:
                said = {name: getattr(request, name) for name in ("to", "members", "light", "obeyed")}
                found.append(Asked(place, archived, replace(options, **said)))
        return found

    def _chosen_for(self, units: Iterable[str], set: str | None, options: RestoreOptions) -> list[Asked]:
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
        return [Asked(place, one, options) for place, one in every if (one.set, one.key) not in skipped]

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

    def _folder_of(self, job: Asked) -> Destination:
        return self._destination(self.chosen(job.archived.set), job.archived, job.options.to)

    def _destination(self, chosen: ArchiveSet, archived: Archived, to: str | None) -> Destination:
        """Folder that a unit's members go into: where it came from, on the SSD, or below `to`.

        Raises `ArchiveError`, and `UsageError` for a link in a repository that leads out of it.
        """
        unit = archived.unit
        if (why := path_problem(unit)) is not None:
            raise ArchiveError(f"cannot restore {unit!r:.200}", why=why)
        if to == SSD:
            return self._on_ssd(chosen, archived)
        if to not in (None, LOCAL):
            end_of(current_folder() / str(to), str(to))
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
