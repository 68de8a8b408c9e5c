"""Verbs that send archives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import structs

from s3sync.archive.chain import folder_in, key_before, note_moved_on, require_same_disk, step_before
from s3sync.archive.disks import NewStore, require_disk
from s3sync.archive.plain_sets import readable, refuse_sealed_source
from s3sync.archive.sealing import key_id_of
from s3sync.archive.sets import is_sealed
from s3sync.archive.units import Young, find_units
from s3sync.archive.work import Channel, Working, carrying, working
from s3sync.archives.catalogued import Catalogued
from s3sync.archives.opened import Place
from s3sync.archives.unsaid import refuse_unsaid_set
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.records import LogEntry
from s3sync.core.archive.values import ArchiveSet, Unit
from s3sync.errors import UsageError
from s3sync.transfer.deadline import stopping_in
from s3sync.transfer.flow import CEILING

if TYPE_CHECKING:
    from s3sync.archive.reading_price import Agreement
    from s3sync.archive.run_report import Options, RunReport, UnitReport
    from s3sync.archive.thaw import Price
    from s3sync.config import Settings
    from s3sync.core.archive.engines import Engine


class Moving(Catalogued, frozen=True):
    """Verbs that move archives."""

    def units(self, chosen: ArchiveSet, *names: str, due_only: bool = True) -> Iterator[Unit]:
        """The units of a set on the disk, or those that are named (`units_of` says what words mean).

        Those that cannot be archived come with the reason in `refused`. Raises `ConfigError` for a source on a disk
        that is not connected, `Unsupported` for one that holds what another set sealed.
        """
        self.require_source(chosen)
        found = find_units(chosen, self.settings.root, due_only=due_only, names=names)
        refuse_sealed_source(chosen, step_before(chosen, self.sets(), self.settings.root), self.settings)
        return found if is_sealed(chosen, self.settings) else (readable(unit, self.environ) for unit in found)

    def _units_to_run(self, chosen: ArchiveSet, *names: str) -> Iterator[Unit]:
        if chosen.rows is not None:
            raise UsageError(f"archives.{chosen.name} takes its objects from a table", hint="call `run_rows`")
        refuse_unsaid_set(chosen, self.settings)
        return self.units(chosen, *names, due_only=False)

    def run(
        self,
        *names: str,
        set: str | None = None,
        older_than: int | None = None,
        options: Options | None = None,
        max_cost: float | None = None,
        confirm: Callable[[Price], bool] = lambda price: True,
        told: Callable[[UnitReport], None] = lambda unit: None,
        confirm_new: Callable[[NewStore], bool] | None = None,
        only: Callable[[Unit], bool] | None = None,
        ends_in_s: float | None = None,
        engine: Engine | None = None,
    ) -> RunReport:
        """Send the units of a set that are not in its store yet, or those that are named, whatever their age.

        `told` hears of each unit when it is done with. Before anything is read back to delete files here, `confirm`
        hears the price, if it is worth a question; with `max_cost` nobody is asked. With `options.deep` that is before
        anything is sent, and where `confirm` said no, or it is more, `Halt` is raised. A folder store is made at the
        first run. Where its disk may not be connected, that needs `options.create`, or `confirm_new` to say so; else
        `Halt` is raised. `only` takes some of the units.
        After `ends_in_s` seconds it ends as if it were interrupted, with `Interrupted`. The workers of an `engine` pack
        and send, and all else is done here. One that does not see the disk of the units is an `ArchiveError`.
        """
        from s3sync.archive.reading_price import Agreement
        from s3sync.archive.run import plan
        from s3sync.archive.run_report import Options

        chosen, options = self.chosen(set, older_than=older_than), options or Options()
        young = Young()
        found = self._units_to_run(chosen, *names)
        units = found if names else young.without(chosen, found)
        units = units if only is None else filter(only, units)
        channel, made = self.channel(chosen), None
        is_folder = scheme_of(channel.url).is_folder
        if options.create and not is_folder:
            raise UsageError(f"archives.{chosen.name} sends to no folder", hint="leave out --create")
        if not is_folder or channel.is_known:
            opened = self._on(channel, chosen)
        elif options.dry_run:
            made = require_disk(chosen, folder_in(chosen), create=options.create, confirm=None)
            report = plan(None, chosen, units, options, told)
            report.not_due, report.made = young.count, made
            return report
        else:
            opened, made = self._first(channel, chosen, options.create, confirm_new)
        agreement = Agreement(self.settings_of(chosen), max_cost, confirm)
        report = self._run(chosen, opened, units, options, agreement, told, ends_in_s, engine)
        report.not_due, report.made, report.key_id = young.count, made, key_id_of(opened.store)
        return report

    def _run(
        self,
        chosen: ArchiveSet,
        channel: Channel,
        units: Iterator[Unit],
        options: Options,
        agreement: Agreement,
        told: Callable[[UnitReport], None],
        ends_in_s: float | None,
        engine: Engine | None,
    ) -> RunReport:
        """Run on a store that is open."""
        from s3sync.archive.reading_price import price_of_run
        from s3sync.archive.run import plan, run
        from s3sync.archive.settling import deletes

        settings, reads_all = self.settings_of(chosen), options.deep and deletes(chosen, options)
        is_folder = scheme_of(channel.url).is_folder
        if options.dry_run:
            with carrying(channel) as carrier:
                report = plan(carrier, chosen, units, options, told, channel.is_made)
                report.reading = price_of_run(settings, chosen, report) if reads_all else None
            return report
        from s3sync.archives.telling import telling

        with telling(self.settings, "archive run") as history, working(channel, chosen) as work:
            if is_folder:
                require_same_disk(work.carrier.store, work.catalogue, chosen.name)
            if reads_all and not is_folder:
                every = list(units)
                units = iter(every)
                planned = plan(work.carrier, chosen, every, options, lambda unit: None, channel.is_made)
                agreement.to_all(price_of_run(settings, chosen, planned))
            work = structs.replace(
                work,
                carrier=structs.replace(work.carrier, clock=self.clock),
                now=self.clock,
                moved_on=self._moved_on(chosen),
                agree_to_read=agreement.to_one,
            )
            with stopping_in(work.carrier.pool, ends_in_s):
                if engine is None:
                    return run(history.of(work), units, options, told)
                return self._run_over(history.of(work), settings, units, options, told, engine)

    def _run_over(
        self,
        work: Working,
        settings: Settings,
        units: Iterator[Unit],
        options: Options,
        told: Callable[[UnitReport], None],
        engine: Engine,
    ) -> RunReport:
        from s3sync.archive.cluster import spread_over
        from s3sync.archive.run_over import Workers, run_over
        from s3sync.archives.spreading import where_of

        where = where_of(settings, self.settings.require_user(), work.carrier.store)
        with spread_over(engine) as over:
            return run_over(work, units, options, told, Workers(over, where))

    def _moved_on(self, chosen: ArchiveSet) -> Callable[[Unit], None]:
        """A function that tells the step before that files of a unit left its disk, because the next step has them."""
        before = step_before(chosen, self.sets(), self.settings.root)
        if before is None:
            return lambda unit: None
        (place,) = self.places(before.name)

        def tell(unit: Unit) -> None:
            key = key_before(chosen, before, unit.id, self.settings.root)
            with place.catalogue(make=True) as catalogue:
                for name in note_moved_on(place.store(), catalogue, before, key):
                    detail = f"archived further on, by archives.{chosen.name}"
                    entry = LogEntry(self.now_text(), self.user, "moved on", before.name, name, key, detail=detail)
                    catalogue.note(entry)

        return tell

    def channel(self, chosen: ArchiveSet) -> Channel:
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

    def _on(self, channel: Channel, chosen: ArchiveSet) -> Channel:
        """The channel with its store open. Raises `NotTrusted` for one that the user has not agreed to."""
        from s3sync.connect import connect

        settings = self.settings_of(chosen)
        store = connect(settings, pace=channel.pace)
        Place(settings, (chosen,), self.environ).require_same_disk(store)
        return channel.on(store)

    def _first(
        self, channel: Channel, chosen: ArchiveSet, create: bool, confirm: Callable[[NewStore], bool] | None
    ) -> tuple[Channel, NewStore | None]:
        """The channel with a folder store open to which nothing was ever sent from this computer; it is made.

        Later its folder is missing only where its disk is not connected. Returns also what was made, if it was.
        """
        from s3sync.connect import connect

        settings = self.settings_of(chosen)
        connect(settings, create=False)  # asks whether the user agreed to it, before the disk is looked at
        made = require_disk(chosen, folder_in(chosen), create=create, confirm=confirm)
        return channel.on(connect(settings, pace=channel.pace, create=True, first_use=True)), made
