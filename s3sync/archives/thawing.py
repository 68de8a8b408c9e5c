"""Thaws of many units at once, begun by S3 Batch Operations. A job that is complete has begun them, and no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from s3sync.archive.place import Destination
from s3sync.archive.work import carrying
from s3sync.archives.batching import Batching, Follow
from s3sync.archives.opened import Place
from s3sync.core.archive.records import Archived
from s3sync.core.outcome import Problem
from s3sync.errors import Archived as Cold
from s3sync.errors import ArchiveError, LocalError, UsageError, declined
from s3sync.store.aspects import Tier

if TYPE_CHECKING:
    from s3sync.archive.batch.run import Batch
    from s3sync.archive.batch.tasks import Job
    from s3sync.archive.restoring import RestoreOptions, RestoreReport, Restoring
    from s3sync.archive.thaw import ColdObject, Price


OF_ONE_UNIT = (ArchiveError, Cold, LocalError, UsageError)
"""Errors that are a unit's own, or its set's: the others are restored all the same."""


class Asked(NamedTuple):
    """One unit that is to be restored, and how."""

    place: Place
    archived: Archived
    options: RestoreOptions


Folder = Callable[[Asked], Destination]


class Thawing(Batching, frozen=True):
    """Verbs that thaw by a job."""

    def thaw_by_batch(
        self,
        jobs: Sequence[Asked],
        report: RestoreReport,
        confirm: Callable[[Price], bool],
        folder: Folder,
        following: Follow = lambda job, state: None,
    ) -> list[Asked]:
        """Begin the thaws of units by a job for each store, or go on with the one that is under way; those to restore.

        What the `folder` of a unit has already is not thawed.

        Units whose job is not complete are in the report's `pending`, to be resumed. Objects that S3 refused are in
        `failed`. Raises `UsageError` for a tier that jobs do not have, `Halt` where the price was not agreed to.
        """
        ready: list[Asked] = []
        for place in self.places_of_jobs(jobs):
            ready += self._thaw_at(place, [one for one in jobs if one[0] == place], report, confirm, folder, following)
        return ready

    def places_of_jobs(self, jobs: Sequence[Asked]) -> list[Place]:
        """Places that jobs are to thaw at. Raises `UsageError` for a tier that no job has, `Unsupported` elsewhere."""
        places: list[Place] = []
        for place, _, options in jobs:
            if options.tier is Tier.EXPEDITED:
                raise UsageError("S3 Batch Operations thaw by bulk or standard", hint="--tier bulk, or no --engine")
            self._require_bucket(place)
            places += [place] if place not in places else []
        return places

    def by_a_job(self, jobs: Sequence[Asked]) -> list[Asked]:
        """Those of units to restore that a job thaws which was begun, and whose report was not read back yet."""
        from s3sync.archive.batch import tasks

        found: list[Asked] = []
        for place in {one.place.url: one.place for one in jobs}.values():
            with place.catalogue() as catalogue:
                for job in tasks.jobs_of(catalogue, tasks.RESTORE):
                    mine = [one for one in jobs if one.place == place and one not in found and job.etag]
                    found += [one for one in mine if tasks.keys_of(catalogue, job, one.archived.key)]
        return found

    def _thaw_at(
        self,
        place: Place,
        asked: Sequence[Asked],
        report: RestoreReport,
        confirm: Callable[[Price], bool],
        folder: Folder,
        following: Follow,
    ) -> list[Asked]:
        from s3sync.archive.batch import tasks
        from s3sync.archive.restoring import Restoring

        channel, options = self._on(self.channel(place.sets[0]), place.sets[0]), asked[0][2]
        with carrying(channel) as carrier, place.catalogue() as catalogue:
            batch = self._batch(place, carrier, catalogue)
            found = tasks.begun(catalogue, tasks.RESTORE)
            restorings = [
                Restoring(carrier, self.chosen(one.set), place.settings, catalogue, own, confirm, channel.is_made)
                for _, one, own in asked
            ]
            jobs = found or self._plan_thaws(batch, asked, restorings, confirm, folder)
            report.warm += [] if jobs else [place.url]
            is_pending = False
            for job in jobs:
                job, state = batch.follow(job, following) if options.wait else batch.advance(job)
                is_pending = is_pending or not state.has_ended
                if state.status == "Complete":
                    batch.read_back(job)
                    report.failed += self._refused(batch, job)
                elif state.has_ended:
                    report.failed.append(Problem(f"job {job.id}", f"it is {state.status.lower()}: {state.why}"))
                if state.has_ended:
                    tasks.forget(catalogue, job)
            if not is_pending:
                return list(asked)
            for (_, one, _), restoring in zip(asked, restorings, strict=True):
                restoring.remember(one.key)
                report.pending.append(one.unit)
        return []

    def _plan_thaws(
        self,
        batch: Batch,
        asked: Sequence[Asked],
        restorings: Sequence[Restoring],
        confirm: Callable[[Price], bool],
        folder: Folder,
    ) -> list[Job]:
        """Job that thaws what is cold of these units and not here already; none where nothing is."""
        from s3sync.archive.batch import tasks
        from s3sync.store.aspects import ThawState

        options, cold, owner = asked[0][2], list[Any](), dict[str, str]()
        for job, restoring in zip(asked, restorings, strict=True):
            for found in restoring.cold_of(job.archived, folder(job)):
                if found.thaw.state is ThawState.COLD:
                    cold.append(found)
                    owner[found.key] = job.archived.key
        if not cold:
            return []
        self._agree(asked[0][0], options, cold, confirm)
        said = {"days": str(options.days), "tier": str(options.tier)}
        made = tasks.new_job(batch.catalogue, tasks.RESTORE, "", said, self.now_text())
        tasks.add_tasks(batch.catalogue, made, (tasks.Task(one.key, owner[one.key]) for one in cold))
        return [tasks.agree(batch.catalogue, made)]

    def _agree(
        self, place: Place, options: RestoreOptions, cold: Sequence[ColdObject], confirm: Callable[[Price], bool]
    ) -> None:
        """The price of all of it, before S3 is asked for anything. Raises `Halt`."""
        from s3sync.archive.thaw import price_of

        classes: dict[str, list[int]] = {}
        for one in cold:
            classes.setdefault(one.thaw.storage_class, []).append(one.size)
        price = price_of(place.settings, classes, cold, options.tier, options.days)
        limit, amount = options.max_cost, price.amount
        if limit is not None and (amount is None or amount > limit):
            raise price.above(limit, "nothing is thawed")
        if limit is None and not options.yes and not confirm(price):
            raise declined("nothing was thawed")

    def _refused(self, batch: Batch, job: Job) -> list[Problem]:
        """Units of which S3 refused to thaw something, or told nothing."""
        from s3sync.archive.batch.tasks import archives_by_state

        found: list[Problem] = []
        for key, still_open, wrong, why in archives_by_state(batch.catalogue, job):
            archived = batch.catalogue.archive(key)
            unit = archived.unit if archived is not None else key
            if wrong:
                found.append(Problem(unit, why, "run the command again: what is thawing by now is passed over"))
            elif still_open:
                found.append(Problem(unit, f"the report of job {job.id} says nothing of {still_open} of its objects"))
        return found
