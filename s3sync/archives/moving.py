"""Verbs that move archives: run, verify, restore."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from s3sync.archive.sets import source_base
from s3sync.archive.units import Young, find_units
from s3sync.archive.work import Channel, carrying, working
from s3sync.archives.catalogued import Catalogued
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.extraction import path_problem
from s3sync.core.archive.values import ArchiveSet, Unit, UnitKind
from s3sync.core.outcome import Problem
from s3sync.errors import Archived, ArchiveError, DiskFull, LocalError, UsageError
from s3sync.transfer.flow import CEILING

if TYPE_CHECKING:
    from s3sync.archive.place import Destination
    from s3sync.archive.restore import Restored
    from s3sync.archive.restoring import RestoreOptions, RestoreReport, ThawLine
    from s3sync.archive.run import Options, RunReport, UnitReport
    from s3sync.archive.thaw import Price
    from s3sync.archive.verify_all import Verified, VerifyReport

LOCAL = "local"
"""Place that units came from, as `to` names it."""


OF_ONE_UNIT = (ArchiveError, Archived, LocalError, UsageError)
"""Errors that are a unit's own, or its set's: the others are restored all the same."""


class Moving(Catalogued, frozen=True):
    """Verbs that move archives."""

    def units(self, chosen: ArchiveSet, *names: str, due_only: bool = True) -> Iterator[Unit]:
        """The units of a set on the disk, or those that are named (by id, the last name of it, or a glob).

        Those that cannot be archived come with the reason in `refused`.
        """
        return find_units(chosen, self.settings.root, due_only=due_only, names=names)

    def run(
        self,
        *names: str,
        set: str | None = None,
        older_than: int | None = None,
        options: Options | None = None,
        told: Callable[[UnitReport], None] = lambda unit: None,
    ) -> RunReport:
        """Send the units of a set that are not in its store yet, or those that are named, whatever their age.

        `told` hears of each unit when it is done with.
        """
        from s3sync.archive.run import Options, plan, run

        chosen, options = self.chosen(set, older_than=older_than), options or Options()
        young = Young()
        found = self.units(chosen, *names, due_only=False)
        units = found if names else young.without(chosen, found)
        channel = self._channel(chosen)
        is_first = scheme_of(channel.url).is_folder and not channel.is_known
        if options.dry_run and is_first:
            report = plan(None, chosen, units, options, told)
        elif options.dry_run:
            with carrying(self._on(channel, chosen)) as carrier:
                report = plan(carrier, chosen, units, options, told)
        else:
            with working(self._on(channel, chosen, make=is_first), chosen) as work:
                report = run(work, units, options, told)
        report.not_due = young.count
        return report

    def verify(
        self,
        *units: str,
        set: str | None = None,
        deep: bool = False,
        max_cost: float | None = None,
        confirm: Callable[[Price], bool] = lambda price: True,
        told: Callable[[Verified], None] = lambda one: None,
    ) -> VerifyReport:
        """Compare archives in the store with what is known of them; `deep` reads every byte. Changes nothing there.

        All of them are compared with one listing; some that are named, each by its index and the store's checksum.
        Before anything is read back `confirm` hears the price, if it is worth a question; with `max_cost` nobody is
        asked. Raises `Halt` for more than that, and where `confirm` said no.
        """
        from s3sync.archive.reading_price import agree, reading_price
        from s3sync.archive.verify_all import VerifyReport, verify_each, verify_listed

        report = VerifyReport()

        def tell(one: Verified) -> None:
            report.archives.append(one)
            told(one)

        chosen = self.archives_of(list(units), set=set)
        for place in self.places(set):
            archives = [one for there, one in chosen if there.url == place.url and there.settings == place.settings]
            if not archives:
                continue
            channel = self._on(self._channel(place.sets[0]), place.sets[0])
            if deep:
                agree(place.settings, reading_price(place.settings, archives), max_cost, confirm)
            with carrying(channel) as carrier, place.catalogue() as catalogue:
                if units or deep:
                    verify_each(carrier, catalogue, archives, deep=deep, told=tell)
                else:
                    verify_listed(carrier, catalogue, archives, tell)
        return report

    def restore(
        self,
        *units: str,
        set: str | None = None,
        options: RestoreOptions | None = None,
        confirm: Callable[[Price], bool] = lambda price: True,
        told: Callable[[Restored], None] = lambda one: None,
    ) -> RestoreReport:
        """Bring units back from their archives. Those in cold storage are thawed first, once `confirm` agreed.

        `confirm` is asked where something has to be thawed or the price is worth a word. Raises `Pending` for units
        that are being thawed, unless it is to wait; `Halt` where `confirm` said no.
        """
        from s3sync.archive.restoring import RestoreOptions, RestoreReport, Restoring

        options = options or RestoreOptions()
        report = RestoreReport()
        archives = list(self.archives_of(list(units), set=set))
        for place, archived in archives:
            chosen = self.chosen(archived.set)
            channel = self._on(self._channel(chosen), chosen)
            with carrying(channel) as carrier, place.catalogue() as catalogue:
                job = Restoring(carrier, chosen, self.settings_of(chosen), catalogue, options, confirm, channel.is_made)
                try:
                    job.restore(archived, self._destination(chosen, archived.unit, options.to), report, told)
                except DiskFull:
                    raise
                except OF_ONE_UNIT as error:
                    if len(archives) == 1:
                        raise
                    report.failed.append(Problem(archived.unit, str(error), error.hint))
        return report

    def thaws(self, *units: str, set: str | None = None) -> list[ThawLine]:
        """State of the thaws of units, as the store has it now."""
        from s3sync.archive.restoring import thaw_lines

        found: list[ThawLine] = []
        for _, archived in self.archives_of(list(units), set=set):
            chosen = self.chosen(archived.set)
            with carrying(self._on(self._channel(chosen), chosen)) as carrier:
                found += thaw_lines(carrier, archived)
        return found

    def _destination(self, chosen: ArchiveSet, unit: str, to: str | None) -> Destination:
        """Folder that a unit's members go into: where it came from, or below `to`."""
        from s3sync.archive.place import Destination

        if (why := path_problem(unit)) is not None:
            raise ArchiveError(f"cannot restore {unit!r:.200}", why=why)
        if to not in (None, LOCAL):
            return Destination(Path(str(to)), () if chosen.unit is UnitKind.FILE else (unit.rpartition("/")[2],))
        base, _ = source_base(chosen, self.settings.root)
        if not base.is_dir():
            raise LocalError(
                f"the source of archives.{chosen.name} is not there: {base}",
                why="units go back to where they came from",
                hint="connect the disk, or say --to DIR",
            )
        names = () if chosen.unit is UnitKind.GROUP else tuple(unit.split("/"))
        return Destination(base, names if chosen.unit is UnitKind.FOLDER else names[:-1])

    def _channel(self, chosen: ArchiveSet) -> Channel:
        """Address of a set's store, and who works on it."""
        from s3sync.connect import pace_of

        settings = self.settings_of(chosen)
        pace, user = pace_of(settings), self.settings.require_user()
        return Channel(
            settings.store,
            settings.endpoint_url,
            user,
            self.environ,
            self.progress,
            pace,
            self.settings.transfers or CEILING,
            self.lock_wait_s,
        )

    def _on(self, channel: Channel, chosen: ArchiveSet, *, make: bool = False) -> Channel:
        """The channel with its store open. Raises `NotTrusted` for one that the user has not agreed to.

        `make`: make a folder store, to which nothing was ever sent from this computer. Later its folder is missing
        only where its disk is not connected.
        """
        from s3sync.connect import connect

        settings = self.settings_of(chosen)
        return channel.on(connect(settings, pace=channel.pace, create=make or None, first_use=make))
