"""Archives tagged by S3 Batch Operations, so that a rule of the bucket moves them: any number of objects by a few jobs.

A job gives all of its objects the same tags, in place of those that they have. So there is a job for each set of tags,
with the objects that have these already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from s3sync.archive.rules import write
from s3sync.archive.tagging import TagLook, look_to_tag, note_tagged
from s3sync.archive.work import Channel, carrying
from s3sync.archives.batching import Batching, BatchReport, Follow, JobLine
from s3sync.archives.leaving import LeavePlan, LeaveReport, Leaving
from s3sync.archives.opened import Place
from s3sync.core.archive.lifecycle import MOVE_TAG
from s3sync.core.archive.records import Archived, LogEntry
from s3sync.core.outcome import Problem
from s3sync.core.typed import typed
from s3sync.errors import ENDS_THE_RUN, ArchiveError, S3syncError, declined

if TYPE_CHECKING:
    from s3sync.archive.batch.run import Batch
    from s3sync.archive.batch.tasks import Job
    from s3sync.archive.journal import Journal

MOST_JOBS = 20
"""Sets of tags that a command begins jobs for: S3 bills each job."""
BY_ITSELF = "--by-tag without --engine tags it from here"


class TagReport(LeaveReport, frozen=True):
    """Result for one store: archives that are tagged, and how the jobs stand. `left`: units that no job of them has."""

    jobs: tuple[JobLine, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        return 3 if self.failed else BatchReport(list(self.jobs)).exit_code


class TaggingByBatch(Batching, Leaving, frozen=True):
    """`transition` by S3 Batch Operations."""

    def tag_by_batch(
        self,
        *names: str,
        to: str,
        confirm: Callable[[LeavePlan], bool],
        set: str | None = None,
        older_than: int | None = None,
        region: str | None = None,
        wait: bool = False,
        following: Follow = lambda job, state: None,
        dry_run: bool = False,
    ) -> list[TagReport]:
        """Have S3 tag archives, so that a rule moves them to a class: those of the units that are named, or are older.

        Begins jobs, or goes on with those that are under way; with `wait` they are waited for. Raises `Unsupported`
        for a store without batch operations, `Halt` where `confirm` said no, and `ArchiveError` for jobs that tag for
        another class, archives with too many different tags, or a report that cannot be used: nothing of it is noted.
        """
        chosen = self._chosen(names, set, older_than)
        for place, _ in chosen:
            self._require_bucket(place)
        return [
            self._tag_at(place, [one for one in archives if one.storage_class != to], to, region, wait, confirm,
                         following, dry_run)
            for place, archives in chosen
        ]  # fmt: skip

    def _tag_at(
        self,
        place: Place,
        moving: Sequence[Archived],
        to: str,
        region: str | None,
        wait: bool,
        confirm: Callable[[LeavePlan], bool],
        following: Follow,
        dry_run: bool,
    ) -> TagReport:
        from s3sync.archive.batch import tasks

        with place.catalogue() as catalogue, carrying(self._on(self.channel(place.sets[0]), place.sets[0])) as carrier:
            batch = self._batch(place, carrier, catalogue)
            jobs = tasks.begun(catalogue, tasks.TAG)
            if jobs and not dry_run:
                _require_same(jobs, to)
                plan = self._plan_under_way(place, batch, jobs, to)
                known = plan.by_tag
                left = tuple(one.unit for one in moving if one.key not in known)
                report = TagReport(plan, (), (), False, left=left)
            else:
                plan = self.move_plan(place, moving, to, region, by_tag=True)
                if dry_run or not plan.archives:
                    return TagReport(plan, (), plan.refused, dry_run)
                report, jobs = self._begin(batch, place, plan, confirm)
            return self._carry_out_tags(batch, place, report, jobs, wait, following)

    def _plan_under_way(self, place: Place, batch: Batch, jobs: Sequence[Job], to: str) -> LeavePlan:
        """The plan of jobs that were agreed to before, as far as it is known yet."""
        from s3sync.archive.batch.tasks import archives_by_state

        keys = [key for job in jobs for key, *_ in archives_by_state(batch.catalogue, job)]
        found = tuple(one for key in keys if (one := batch.catalogue.archive(key)) is not None)
        return LeavePlan(place.url, found, None, None, self.prices.currency, to, by_tag=frozenset(keys))

    def _begin(
        self, batch: Batch, place: Place, plan: LeavePlan, confirm: Callable[[LeavePlan], bool]
    ) -> tuple[TagReport, list[Job]]:
        """Plan a job for each set of tags, ask, set the rule, and note that the jobs were agreed to."""
        from s3sync.archive.batch import tasks

        jobs, tagged, wrong = self._plan_tags(batch, plan)
        plan = replace(plan, archives=tuple(one for one in plan.archives if one.key not in wrong))
        failed = [*plan.refused, *wrong.values()]
        if not plan.archives:
            return TagReport(plan, (), tuple(failed), False), []
        if not confirm(plan):
            tasks.begun(batch.catalogue, tasks.TAG)
            raise declined("no job was begun, and nothing was tagged")
        if plan.rules is not None and not plan.rules.difference.is_empty:
            write(batch.store, plan.rules)
        jobs, done = [tasks.agree(batch.catalogue, job) for job in jobs], list[Archived]()
        with self._channel(place).record() as journal:
            for one, keys in tagged:  # its index may not say so yet
                self._note(batch, one, str(plan.target), keys, journal, done, failed)
        return TagReport(plan, tuple(done), tuple(failed), False), jobs

    def _plan_tags(
        self, batch: Batch, plan: LeavePlan
    ) -> tuple[list[Job], list[tuple[Archived, Set[str]]], dict[str, Problem]]:
        """Jobs, archives whose objects carry the tag already, and by key what no job can tag. Looks at each object."""
        from s3sync.archive.batch import tasks

        jobs, tagged, wrong = dict[frozenset[tuple[str, str]], "Job"](), list[tuple[Archived, Set[str]]](), {}
        look = partial(look_to_tag, batch.store, target=str(plan.target))
        for one, result in batch.carrier.pool.map(look, plan.archives):
            try:
                found = result.result()
                if not found.lacking:
                    tagged.append((one, found.objects.keys()))
                    continue
                tags = _only(one, found)
            except ENDS_THE_RUN:
                raise
            except S3syncError as error:
                wrong[one.key] = Problem(one.unit, str(error), error.hint)
                continue
            if tags not in jobs:
                if len(jobs) == MOST_JOBS:
                    tasks.begun(batch.catalogue, tasks.TAG)
                    raise _too_many()
                jobs[tags] = tasks.new_job(batch.catalogue, tasks.TAG, "", dict(tags), self.now_text())
            tasks.add_tasks(batch.catalogue, jobs[tags], (tasks.Task(key, one.key) for key in found.objects))
        return list(jobs.values()), tagged, wrong

    def _carry_out_tags(
        self, batch: Batch, place: Place, report: TagReport, jobs: Sequence[Job], wait: bool, following: Follow
    ) -> TagReport:
        from s3sync.archive.batch import tasks

        done, failed, lines = list(report.done), list(report.failed), list[JobLine]()
        unusable: ArchiveError | None = None
        for job in jobs:
            job, state = batch.follow(job, following) if wait else batch.advance(job)
            foreign, objects = 0, tasks.count_of(batch.catalogue, job)[0]
            if state.status == "Complete":
                try:
                    foreign = batch.read_back(job)
                except ArchiveError as error:  # the report of one job stops no other
                    unusable = unusable or error
                    continue
                self._settle_tags(batch, place, job, done, failed)
            if state.has_ended:
                tasks.forget(batch.catalogue, job)
            lines.append(JobLine(job.kind, job.id, place.url, state, objects, foreign, job.token))
        if unusable is not None:
            raise unusable
        return replace(report, done=tuple(done), failed=tuple(failed), jobs=tuple(lines))

    def _settle_tags(self, batch: Batch, place: Place, job: Job, done: list[Archived], failed: list[Problem]) -> None:
        """Note in its index that an archive is tagged, where the report says so of each of its objects."""
        from s3sync.archive.batch.tasks import archives_by_state, keys_of

        target = job.options[MOVE_TAG]
        with self._channel(place).record() as journal:
            for key, still_open, wrong, why in archives_by_state(batch.catalogue, job):
                one = batch.catalogue.archive(key)
                if one is None:
                    continue
                if still_open and not wrong:
                    why = f"the report of job {job.id} says nothing of {still_open} of its objects"
                keys = None if wrong or still_open else keys_of(batch.catalogue, job, key)
                self._note(batch, one, target, keys, journal, done, failed, why)

    def _note(
        self,
        batch: Batch,
        one: Archived,
        target: str,
        keys: Set[str] | None,
        journal: Journal | None,
        done: list[Archived],
        failed: list[Problem],
        why: str = "",
    ) -> None:
        """Note an archive whose objects, under these keys, carry the tag; None: one that is not tagged, and `why`."""
        action = f"tag for {target}"
        entry = LogEntry(self.now_text(), self.user, action, one.set, one.unit, one.key, one.size)
        try:
            if keys is None:
                raise ArchiveError(why, hint="run the command again: it tags what is not tagged yet")
            note_tagged(batch.store, batch.catalogue, one, target, keys, journal)
            done.append(one)
        except ENDS_THE_RUN:
            raise
        except S3syncError as error:
            failed.append(Problem(one.unit, str(error), error.hint))
            entry = replace(entry, outcome="failed", detail=str(error))
        batch.catalogue.note(entry)

    def _channel(self, place: Place) -> Channel:
        return Channel(place.url, place.settings.endpoint_url, self.user, self.environ)


def _only(one: Archived, found: TagLook) -> frozenset[tuple[str, str]]:
    """The tags that all objects of an archive are to have. Raises `ArchiveError` where they differ."""
    every = {frozenset(tags.items()) for tags in found.objects.values()}
    if len(every) != 1:
        raise ArchiveError(
            f"no job tags {one.unit}",
            why="its objects have different tags, and a job gives all the same",
            hint=BY_ITSELF,
        )
    return every.pop()


def _require_same(jobs: Sequence[Job], to: str) -> None:
    other = next((job.options.get(MOVE_TAG, "") for job in jobs if job.options.get(MOVE_TAG) != to), None)
    if other is not None:
        raise ArchiveError(
            f"nothing was tagged for {to}",
            why=f"jobs that tag for {other} are under way on this store",
            hint=f"s3sync archive transition '*' --to {typed(other)} --engine s3-batch --wait",
        )


def _too_many() -> ArchiveError:
    return ArchiveError(
        "no job was begun",
        why=f"the archives have more than {MOST_JOBS} different sets of tags, and each needs a job of its own",
        hint=f"name fewer units, or one set with --set; {BY_ITSELF}",
    )
