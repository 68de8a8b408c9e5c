"""Verbs by S3 Batch Operations: S3 itself computes checksums, also of what is cold, or begins thaws, of any number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from s3sync.archive.verify_all import Verified
from s3sync.archive.work import carrying
from s3sync.archives.moving import Moving
from s3sync.archives.opened import Place
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.records import Archived
from s3sync.core.batches import batched
from s3sync.core.policy import batch_role
from s3sync.errors import ArchiveError, Pending, Unsupported, declined
from s3sync.store.batching import JobState

if TYPE_CHECKING:
    from s3sync.archive.batch.run import Batch
    from s3sync.archive.batch.tasks import Job, Task
    from s3sync.archive.carrier import Carrier
    from s3sync.archive.catalogue import Catalogue

ALGORITHMS = ("CRC64NVME", "MD5", "SHA256")
"""Checksums of containers that were sent in parts, of smaller ones, and of files without a container."""


class JobLine(Struct, frozen=True):
    """One job and how it stands. `objects` it has; `foreign` lines of its report were of none of them."""

    kind: str
    id: str
    store: str
    state: JobState
    objects: int
    foreign: int = 0
    token: str = ""


class NewJobs(Struct, frozen=True):
    """Jobs that are about to begin on a store, with so many objects together."""

    objects: int
    store: str


class BatchReport(Struct):
    """Jobs of a command. Of those whose report was read: how many archives are `right`, their `size`, and the others.

    `unknown`: archives that a job cannot compare, as no checksum of theirs is known.
    """

    jobs: list[JobLine] = field(default_factory=list)
    right: int = 0
    size: int = 0
    wrong: list[Verified] = field(default_factory=list)
    unknown: int = 0

    @property
    def exit_code(self) -> int:
        if self.wrong or self.has_failed:
            return 3
        return Pending.exit_code if self.is_pending else 0

    @property
    def is_pending(self) -> bool:
        return any(not one.state.has_ended for one in self.jobs)

    @property
    def has_failed(self) -> bool:
        return any(one.state.has_ended and one.state.status != "Complete" for one in self.jobs)


Follow = Callable[["Job", JobState], None]


class Batching(Moving, frozen=True):
    """Common parts of verbs by S3 Batch Operations, and `verify`."""

    def verify_by_batch(
        self,
        *units: str,
        set: str | None = None,
        wait: bool = False,
        confirm: Callable[[NewJobs], bool] = lambda new: True,
        following: Follow = lambda job, state: None,
        told: Callable[[Verified], None] = lambda one: None,
    ) -> BatchReport:
        """Have S3 compute the checksum of every byte, also of what is cold, and compare it with what was sent.

        Begins a job, or goes on with the one that is under way; with `wait` it is waited for. `confirm` hears of the
        objects of a new one. Raises `Unsupported` for a store without batch operations, `Halt` where it said no, and
        `ArchiveError` for a report that cannot be used: then nothing of it is noted.
        """
        from s3sync.archive.batch import tasks

        report, unusable = BatchReport(), list[ArchiveError]()
        chosen = self.archives_of(list(units), set=set) if units else None
        for place in self.places(set):
            self._require_bucket(place)
            keys = None if chosen is None else frozenset(one.key for there, one in chosen if there == place)
            if keys is not None and not keys:
                continue
            with place.catalogue() as catalogue, carrying(self._on(self.channel(place.sets[0]), place.sets[0])) as on:
                batch = self._batch(place, on, catalogue)
                jobs = tasks.begun(catalogue, tasks.VERIFY)
                if not jobs:
                    jobs = self._plan_sums(batch, place, set, keys, report)
                    objects = sum(tasks.count_of(catalogue, job)[0] for job in jobs)
                    if jobs and not confirm(NewJobs(objects, place.url)):
                        tasks.begun(catalogue, tasks.VERIFY)
                        raise declined("no job was begun")
                    jobs = [tasks.agree(catalogue, job) for job in jobs]
                for job in jobs:
                    try:
                        self._carry_on(batch, job, place, wait, following, told, report)
                    except ArchiveError as error:  # the report of one job stops no other
                        unusable.append(error)
        if unusable:
            raise unusable[0]
        return report

    def _plan_sums(
        self, batch: Batch, place: Place, set: str | None, keys: frozenset[str] | None, report: BatchReport
    ) -> list[Job]:
        """Jobs that verify the archives of a store, one for each kind of checksum that is known of them."""
        from s3sync.archive.batch import tasks

        jobs, known = list[tasks.Job](), 0
        names = [one.name for one in place.sets if set in (None, one.name)]
        total = sum(_number(batch.catalogue, name, keys) for name in names)
        for algorithm in ALGORITHMS:
            job = tasks.new_job(batch.catalogue, tasks.VERIFY, algorithm, {}, self.now_text())
            for name in names:
                tasks.add_tasks(batch.catalogue, job, tasks.checkable(batch.catalogue, algorithm, name, keys))
                if algorithm == "CRC64NVME":
                    tasks.add_tasks(batch.catalogue, job, self._volumes(batch, name, keys))
            objects, archives = tasks.count_of(batch.catalogue, job)
            known += archives
            if objects:
                jobs.append(job)
            else:
                tasks.forget(batch.catalogue, job)
        report.unknown += total - known
        return jobs

    def _volumes(self, batch: Batch, name: str, keys: frozenset[str] | None) -> Iterator[Task]:
        from s3sync.archive.batch.tasks import of_volumes
        from s3sync.archive.indexes import index_of
        from s3sync.core.archive.values import SplitIndex

        rows = batch.catalogue.execute(
            "SELECT DISTINCT a.key FROM archive a JOIN part p ON p.archive = a.id WHERE a.set_name = ?", name
        )
        for (key,) in rows:
            archived = batch.catalogue.archive(str(key)) if keys is None or key in keys else None
            index = index_of(batch.store, archived) if archived is not None else None
            if isinstance(index, SplitIndex):
                yield from of_volumes(index)

    def _carry_on(
        self,
        batch: Batch,
        job: Job,
        place: Place,
        wait: bool,
        following: Follow,
        told: Callable[[Verified], None],
        report: BatchReport,
    ) -> None:
        from s3sync.archive.batch import tasks

        job, state = batch.follow(job, following) if wait else batch.advance(job)
        foreign, objects = 0, tasks.count_of(batch.catalogue, job)[0]
        if state.status == "Complete":
            foreign = batch.read_back(job)
            self._settle(batch, job, told, report)
        if state.has_ended:
            tasks.forget(batch.catalogue, job)
        report.jobs.append(JobLine(job.kind, job.id, place.url, state, objects, foreign, job.token))

    def _settle(self, batch: Batch, job: Job, told: Callable[[Verified], None], report: BatchReport) -> None:
        """Note what a report says of each archive. One of which it says nothing is not verified."""
        from s3sync.archive.batch.tasks import archives_by_state
        from s3sync.archive.catalogue.turns import READ
        from s3sync.archive.verify import Proof
        from s3sync.archive.verify_all import NOTED_AT_ONCE, Verified, tell

        for block in batched(archives_by_state(batch.catalogue, job), NOTED_AT_ONCE):
            with batch.catalogue.transaction():
                for key, still_open, wrong, why in block:
                    archived = batch.catalogue.archive(key)
                    if archived is None:
                        continue
                    error = f"{batch.store.url}/{key}: {why}" if wrong else None
                    if error is None and still_open:
                        error = f"the report of job {job.id} says nothing of {still_open} of its objects"
                    proof = Proof.CHECKSUM if error is None else None
                    found = Verified(archived.unit, key, archived.size, proof, error)
                    report.right += proof is not None
                    report.size += archived.size if proof is not None else 0
                    report.wrong += [found] if proof is None else []
                    tell(batch.carrier, batch.catalogue, found, archived, READ, told)

    def _batch(self, place: Place, carrier: Carrier, catalogue: Catalogue) -> Batch:
        from s3sync.archive.batch.run import Batch

        bucket = place.url.partition("://")[2].partition("/")[0]
        return Batch(carrier, catalogue, bucket, place.root, batch_role(bucket))

    @staticmethod
    def _require_bucket(place: Place) -> None:
        if not scheme_of(place.url).has_server:
            raise Unsupported(
                f"{place.url} has no batch operations",
                why="only S3 does such jobs by itself",
                hint="leave --engine out, or choose a set with --set",
            )
        if place.settings.archives_of is not None:
            raise Unsupported(
                f"{place.url} has archives of an encrypted repository, with which batch operations do not work",
                why="S3 would have to read a list that lies there, and what lies there is encrypted",
                hint="leave --engine out, or choose a set with --set",
            )


def _number(catalogue: Catalogue, name: str, keys: frozenset[str] | None) -> int:
    from s3sync.archive.catalogue.turns import LOOK, count_of

    return count_of(catalogue, name, LOOK, "") if keys is None else _among(catalogue, name, keys)


def _among(catalogue: Catalogue, name: str, keys: frozenset[str]) -> int:
    found: Mapping[str, Archived | None] = {key: catalogue.archive(key) for key in keys}
    return sum(one is not None and one.set == name for one in found.values())
