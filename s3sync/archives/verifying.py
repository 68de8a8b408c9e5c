"""Verbs that verify archives: all of them, some that are named, or by turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.catalogue import Catalogue
from s3sync.archive.sets import replica_settings
from s3sync.archive.work import carrying
from s3sync.archives.batching import Batching
from s3sync.archives.opened import Place
from s3sync.connect import connect
from s3sync.core.archive.engines import Engine
from s3sync.core.archive.records import FOREIGN, Archived
from s3sync.core.archive.values import ArchiveSet
from s3sync.core.times import format_time
from s3sync.errors import ConfigError
from s3sync.transfer.progress import Work

if TYPE_CHECKING:
    from s3sync.archive.carrier import Carrier
    from s3sync.archive.journal import Looks
    from s3sync.archive.thaw import Price
    from s3sync.archive.verify_all import Verified, VerifyReport
    from s3sync.archive.verify_replica import ReplicaReport
    from s3sync.core.archive.values import Index


class ByTurns(Struct, frozen=True):
    """Choice of archives for a run by turns: a share of each set, those not looked at for so long, or both."""

    share: Fraction | None = None
    older_than_s: int | None = None


class Verifying(Batching, frozen=True):
    """Verbs that verify archives."""

    def verify(
        self,
        *units: str,
        set: str | None = None,
        deep: bool = False,
        by_turns: ByTurns | None = None,
        engine: Engine | None = None,
        max_cost: float | None = None,
        confirm: Callable[[Price], bool] = lambda price: True,
        told: Callable[[Verified], None] = lambda one: None,
    ) -> VerifyReport:
        """Compare archives in the store with what is known of them; `deep` reads every byte. Changes nothing there.

        All of them are compared with one listing; some that are named, and those whose turn it is, each by its index
        and the store's checksum. Before anything is read back `confirm` hears the price, if it is worth a question;
        with `max_cost` nobody is asked. With `deep` an `engine` may read them on other workers.
        Raises `Halt` for more than that, and where `confirm` said no.
        """
        from s3sync.archive.reading_price import agree, reading_price
        from s3sync.archive.verify_all import VerifyReport, verify_each, verify_listed

        report = VerifyReport()

        def tell(one: Verified) -> None:
            report.archives.append(one)
            told(one)

        chosen = self.archives_of(list(units), set=set) if by_turns is None else []
        for place in self.places(set):
            with place.catalogue() as catalogue:
                if by_turns is not None:
                    archives = self._whose_turn(place, catalogue, set, by_turns, deep, report)
                else:
                    archives = [one for there, one in chosen if there == place]
                if archives:
                    channel = self._on(self.channel(place.sets[0]), place.sets[0])
                    if deep:
                        agree(place.settings, reading_price(place.settings, archives), max_cost, confirm)
                    with carrying(channel) as carrier:
                        if deep:
                            before, order = len(report.archives), {one.key: n for n, one in enumerate(archives)}
                            self._read_all(carrier, catalogue, place, archives, engine, tell, channel.note_read)
                            report.archives[before:] = sorted(report.archives[before:], key=lambda one: order[one.key])
                        elif units or by_turns is not None:
                            verify_each(carrier, catalogue, archives, deep=False, told=tell)
                        else:
                            verify_listed(carrier, catalogue, archives, tell)
                if by_turns is not None:
                    self._note_runs(place, catalogue, report)
        return report

    def _read_all(
        self,
        carrier: Carrier,
        catalogue: Catalogue,
        place: Place,
        archives: list[Archived],
        engine: Engine | None,
        told: Callable[[Verified], None],
        note_read: Callable[[Index, Looks], None],
    ) -> None:
        """Read archives side by side: in threads, or on the workers of an engine.

        Those of other tools are known here alone, and are read here, one after the other.
        """
        from s3sync.archive.catalogue.turns import READ
        from s3sync.archive.verify_all import tell, verify_each

        ours = [one for one in archives if one.status not in FOREIGN]
        if engine is None:
            carrier.progress.expect(Work.DOWNLOAD, len(archives), sum(one.original_size for one in archives))
        if ours:
            for one, found in self._read(carrier, place, ours, engine, note_read):
                tell(carrier, catalogue, found, one, READ, told)
        foreign = [one for one in archives if one.status in FOREIGN]
        verify_each(carrier, catalogue, foreign, deep=True, told=told, note_read=note_read)

    def _read(
        self,
        carrier: Carrier,
        place: Place,
        ours: list[Archived],
        engine: Engine | None,
        note_read: Callable[[Index, Looks], None],
    ) -> Iterator[tuple[Archived, Verified]]:
        """Each archive with its result, as they are done. Raises what ends a run; what was given before is done."""
        from s3sync.archive import cluster
        from s3sync.archive.verify_all import Verified, reading
        from s3sync.archive.workers.reading import unverified, verify_one, verify_task
        from s3sync.archives.spreading import where_of

        with cluster.spread_over(engine, carrier.pool.workers) as over:
            try:
                if engine is None:
                    for one, found in cluster.spread(over, reading(carrier, note_read), ours):
                        if isinstance(found, BaseException):
                            raise found
                        yield one, found
                    return
                over = replace(
                    over, rest="what was verified is noted: `--older-than 1d` reads the rest, also without --engine"
                )
                where = where_of(place.settings, self.user, carrier.store)
                tasks = (verify_task(where, one) for one in ours)
                for task, told in cluster.spread(over, verify_one, tasks):
                    yield task.archived, told if isinstance(told, Verified) else unverified(task, told)
            except BaseException:
                carrier.pool.stop()
                raise

    def verify_replica(
        self, *, set: str | None = None, told: Callable[[ReplicaReport], None] = lambda one: None
    ) -> list[ReplicaReport]:
        """Compare the replicas in other regions with the stores that they are of. Changes nothing on either side.

        `told` hears of each set.
        Raises `ConfigError` where no set, or not the one that is named, has a replica.
        """
        from s3sync.archive.verify_replica import ReplicaReport, verify_replica

        reports: list[ReplicaReport] = []
        for place in self.places(set):
            for chosen in place.sets:
                if set not in (None, chosen.name) or chosen.replica_region is None:
                    continue
                settings = replica_settings(place.settings, chosen)
                report = ReplicaReport(chosen.name, settings.store, chosen.replica_region)
                there = connect(settings, create=False)
                with place.catalogue() as catalogue, carrying(self._on(self.channel(chosen), chosen)) as carrier:
                    verify_replica(carrier, there, catalogue, report)
                reports.append(report)
                told(report)
        if not reports:
            raise ConfigError(
                "no archive set has a replica" if set is None else f"archives.{set} has no replica",
                why="its settings name no `replica_region`",
                hint="docs/at-scale.md says how a set gets one",
            )
        return reports

    def _whose_turn(
        self, place: Place, catalogue: Catalogue, set: str | None, by_turns: ByTurns, deep: bool, report: VerifyReport
    ) -> list[Archived]:
        """Archives of a store whose turn it is. Adds to the report how each set stands, and what was wrong before."""
        from s3sync.archive.catalogue.turns import still_wrong

        found: list[Archived] = []
        for chosen in place.sets:
            if set in (None, chosen.name):
                keys = self._next(catalogue, chosen, by_turns, deep, report)
                found += [one for key in keys if (one := catalogue.archive(key)) is not None]
                report.still_wrong += still_wrong(catalogue, chosen.name, keys)
        return found

    def _next(
        self, catalogue: Catalogue, chosen: ArchiveSet, by_turns: ByTurns, deep: bool, report: VerifyReport
    ) -> list[str]:
        from s3sync.archive.catalogue import turns
        from s3sync.core.archive.turns import Turn, before, taken
        from s3sync.core.times import parse_time

        now, kind, within_s = self.now(), turns.READ if deep else turns.LOOK, chosen.verify_within_s
        at, name = format_time(now), chosen.name
        oldest = None if by_turns.older_than_s is None else format_time(before(now, by_turns.older_than_s))
        total = turns.count_of(catalogue, name, kind, at)
        due = total if oldest is None else turns.count_of(catalogue, name, kind, at, oldest)
        found = turns.next_of(catalogue, name, kind, at, min(due, taken(total, by_turns.share)), oldest)
        overdue = 0
        if within_s is not None:
            limit = format_time(before(now, within_s))
            overdue = turns.count_of(catalogue, name, kind, at, limit) - sum(one.last < limit for one in found)
        ran = parse_time(turns.last_run(catalogue, name, at) or "")
        since_s = None if ran is None else int((now - ran).total_seconds())
        report.turns.append(
            Turn(set=name, total=total, due=due, chosen=len(found), within_s=within_s, overdue=overdue, since_s=since_s)
        )
        return [one.key for one in found]

    def _note_runs(self, place: Place, catalogue: Catalogue, report: VerifyReport) -> None:
        """Write into the log that this run was, for the next to know how far apart they are."""
        from s3sync.archive.catalogue.turns import BY_TURNS
        from s3sync.core.archive.records import LogEntry

        names = {one.name for one in place.sets}
        for turn in report.turns:
            if turn.set in names and turn.chosen:
                detail = f"{turn.chosen} of {turn.total} archives"
                catalogue.note(LogEntry(self.now_text(), self.user, BY_TURNS, turn.set, "", "", detail=detail))
