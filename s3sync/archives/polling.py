"""Verb that asks how the thaws stand that restores wait for, tells what is new, and goes on with what is ready."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

from msgspec import Struct, field

from s3sync.archive.catalogue import Catalogue
from s3sync.archive.restore import Restored
from s3sync.archive.restoring import RestoreOptions, RestoreReport
from s3sync.archive.thaw import ColdObject, Price, ThawLook
from s3sync.archive.waiting import Request, archive_objects, note_thaws, note_told, requests_in
from s3sync.archive.work import carrying
from s3sync.archives.naming import Naming
from s3sync.archives.opened import Place
from s3sync.archives.thawing import OF_ONE_UNIT
from s3sync.config import mask_url
from s3sync.core.archive.records import EXPIRED, Archived
from s3sync.core.outcome import Problem
from s3sync.core.times import format_time
from s3sync.errors import ENDS_THE_RUN, Halt, Interrupted, S3syncError
from s3sync.store.aspects import ThawState

READY, THAWING, GONE = "ready", "thawing", "gone"
__all__ = ["EXPIRED", "GONE", "READY", "THAWING", "PollReport", "Polled", "Polling"]
MOST = 2_000
"""Restores that one look asks about, those that wait the longest first."""


class Polled(Struct, frozen=True):
    """Thaw that a restore waits for: `ready` (until a time, where the store said one), `thawing`, `expired` (over, and
    cold again) or `gone`. `is_new`: it was not told before. `notify`: a notice was asked for."""

    store: str
    set: str
    unit: str
    key: str
    state: str
    until: str | None
    tier: str
    requested_at: str
    notify: bool
    is_new: bool


class PollReport(Struct):
    """State of all thaws that are waited for. `failed`: stores that could not be asked, and restores that failed;
    `left`: restores that were not asked about this time. `restored` is None unless they were to be finished."""

    thaws: list[Polled] = field(default_factory=list)
    failed: list[Problem] = field(default_factory=list)
    left: int = 0
    restored: RestoreReport | None = None

    @property
    def new(self) -> list[Polled]:
        return [one for one in self.thaws if one.is_new]

    @property
    def exit_code(self) -> int:
        """3 where a store could not be asked, or a restore failed."""
        failed = self.failed or (self.restored is not None and self.restored.exit_code == 3)
        return 3 if failed else 0


class Polling(Naming, frozen=True):
    """The verb about thaws that are waited for."""

    def poll(
        self,
        *,
        set: str | None = None,
        finish: bool = False,
        dry_run: bool = False,
        told: Callable[[Restored], None] = lambda one: None,
    ) -> PollReport:
        """Ask each store once how the thaws stand. A store that cannot be asked hides no other. `finish`: restore what
        is ready, as it was asked for; nothing is thawed once more.

        What became ready or is over is new until `note_told`. Asks nothing of a store for which nothing waits. Raises
        `ConfigError`.
        """
        report = PollReport()
        for place in self.places(set) if self.sets() or set is not None else ():
            if not place.catalogue_path.exists():
                continue
            try:
                self._poll(place, set, report, dry_run=dry_run)
            except Interrupted:
                raise
            except S3syncError as error:
                report.failed.append(Problem(mask_url(place.url), str(error), error.hint))
        ready = [one for one in report.thaws if one.state == READY]
        if finish:
            report.restored = self._finish(ready, dry_run, told)
        return report

    def note_told(self, report: PollReport) -> None:
        """Count what a poll found as told: call it when whoever wants to hear of it is sure to. Raises `LocalError`."""
        for place in self.places() if report.thaws else ():
            mine = [one for one in report.thaws if one.store == mask_url(place.url)]
            if not mine:
                continue
            with place.catalogue() as catalogue:
                requests = requests_in(catalogue)
                for one in mine:
                    told, request = "" if one.state == THAWING else one.state, requests.get(one.key)
                    if request is not None and request.told != told:
                        note_told(catalogue, one.key, request, told)

    def _poll(self, place: Place, set: str | None, report: PollReport, *, dry_run: bool) -> None:
        with place.catalogue() as catalogue:
            requests = requests_in(catalogue)
            found = [
                (one, request)
                for key, request in islice(requests.items(), MOST)
                if (one := catalogue.archive(key)) is not None and one.set in self.sets() and set in (None, one.set)
            ]
            report.left += max(0, len(requests) - MOST)
            for name in dict.fromkeys(one.set for one, _ in found):
                self._poll_set(place, catalogue, name, [pair for pair in found if pair[0].set == name], report, dry_run)

    def _poll_set(
        self,
        place: Place,
        catalogue: Catalogue,
        name: str,
        found: list[tuple[Archived, Request]],
        report: PollReport,
        dry_run: bool,
    ) -> None:
        chosen = self.chosen(name)
        with carrying(self._on(self.channel(chosen), chosen)) as carrier:
            look = ThawLook(carrier)
            objects = {one.key: archive_objects(carrier, catalogue, one) for one, _ in found}
            states = {one.key: one for one in look.states(each for every in objects.values() for each in every)}
            settled = [one for one in states.values() if one.thaw.state is not ThawState.THAWING]
            unreadable = {one.key: one for one in look.unreadable(settled)}
            for one, request in found:
                mine = [states[key] for key, _ in objects[one.key] if key in states]
                state = _state(mine, unreadable)
                until = min((each.thaw.until for each in mine if each.thaw.until is not None), default=None)
                note = one.thaw
                tier, at = ("", "") if note is None else (note.tier, note.requested_at)
                is_new = state != THAWING and state != request.told
                shown = format_time(until) if until is not None else None
                report.thaws.append(
                    Polled(mask_url(place.url), name, one.unit, one.key, state, shown, tier, at, request.notify, is_new)
                )
                if dry_run:
                    continue
                if note is not None:
                    note_thaws(catalogue, one.key, (each.thaw for each in mine), tier, note.days, at)

    def _finish(self, ready: Iterable[Polled], dry_run: bool, told: Callable[[Restored], None]) -> RestoreReport:
        """Restore what is ready. Its price was agreed to when it was asked for; what is cold after all is left."""
        report, keys = RestoreReport(), {(one.set, one.key) for one in ready}
        options = RestoreOptions(dry_run=dry_run)
        jobs = [job for job in self._resumed((), None, options) if (job[1].set, job[1].key) in keys] if keys else []
        for job in jobs:
            try:
                self._restore_all([job], report, _costs_no_thaw, told)
            except (*OF_ONE_UNIT, Halt) as error:
                report.failed.append(Problem(job[1].unit, str(error), error.hint))
            except ENDS_THE_RUN as error:
                if isinstance(error, Interrupted):
                    raise
                report.failed.append(Problem(job[1].unit, str(error), error.hint))
        return report


def _costs_no_thaw(price: Price) -> bool:
    return price.cold == 0


def _state(mine: list[ColdObject], unreadable: dict[str, ColdObject]) -> str:
    """State of an archive: as the slowest of its objects."""
    if not mine:
        return GONE
    if any(one.key in unreadable for one in mine):
        return EXPIRED
    return THAWING if any(one.thaw.state is ThawState.THAWING for one in mine) else READY
