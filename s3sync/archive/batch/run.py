"""One batch job from its tasks to its report. Each step is noted before the next, so that a killed run goes on.

The manifest is sent, the job is asked for (twice with one token it is one job), S3 does it, and its report is read.
What was noted of a report that turns out not to be whole is taken back.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.batch import tasks
from s3sync.archive.batch.report import Row, files_of, judged, rows_of
from s3sync.archive.batch.tasks import AGREED, OPEN, RESTORE, TAG, VERIFY, Job, Task
from s3sync.archive.carrier import Carrier
from s3sync.archive.catalogue.database import Catalogue
from s3sync.errors import ArchiveError, NotFound, StoreError
from s3sync.store.batching import JobState, Order, require_batches
from s3sync.store.port import Headers, Overwrite, Part, Store

PART = 16 * 1024 * 1024
FIRST_POLL_S, POLL_S, LOOK_S = 2.0, 60.0, 0.5
MOST_FOREIGN = 1_000
"""Lines of a report that may be of no object of its job."""
TO_DO = "to do"
"""State of a job that S3 was not asked for yet."""


class Batch(Struct, frozen=True):
    """Jobs on one store. `bucket` and `root`: where it lies. `role` does them."""

    carrier: Carrier
    catalogue: Catalogue
    bucket: str
    root: str
    role: str

    @property
    def store(self) -> Store:
        return self.carrier.store

    def advance(self, job: Job) -> tuple[Job, JobState]:
        """Take a job as far as it goes now without waiting, and say how it stands."""
        if job.etag in ("", AGREED):
            job = replace(job, etag=self._send_manifest(job))
            tasks.note_manifest(self.catalogue, job, job.etag)
        batches = require_batches(self.store)
        if not job.id:
            order = Order(
                operation_of(job),
                job.token,
                job.manifest,
                job.etag,
                job.reports,
                self.role,
                f"s3sync: {job.kind} {job.algorithm}".strip(),
            )
            job = replace(job, id=batches.create_job(order))
            tasks.note_id(self.catalogue, job, job.id)
        try:
            return job, batches.job(job.id)
        except NotFound:
            return job, JobState("Failed", why="S3 no longer knows the job: it forgets them 90 days after their end")

    def follow(self, job: Job, told: Callable[[Job, JobState], None]) -> tuple[Job, JobState]:
        """Take a job on until it ends: asked soon at first, and then every minute."""
        wait_s = FIRST_POLL_S
        job, state = self.advance(job)
        while not state.has_ended:
            told(job, state)
            until, wait_s = time.monotonic() + wait_s, min(POLL_S, wait_s * 2)
            while time.monotonic() < until:
                self.carrier.pool.check()
                time.sleep(LOOK_S)
            job, state = self.advance(job)
        return job, state

    def read_back(self, job: Job) -> int:
        """Note what the report says of each task; the number of lines that are of none. All of it, or nothing.

        Raises `ArchiveError` for a report that is not there, is cut short or altered, or is of something else.
        """
        left = iter(range(tasks.count_of(self.catalogue, job)[0] + MOST_FOREIGN))
        with self.catalogue.transaction():
            foreign = 0
            for file in files_of(self.store, job, self.bucket, self.root):
                rows = rows_of(self.store, file, self.bucket, self.root)
                results = (judged(row, self._task(job, row.key)) for row in _bounded(rows, left, job))
                foreign += tasks.settle(self.catalogue, job, results)
        return foreign

    def _task(self, job: Job, key: str) -> Task | None:
        found = self.catalogue.execute(
            "SELECT key, archive, expected, state, why FROM task WHERE job = ? AND key = ?", job.token, key
        )
        return Task(*map(str, found[0])) if found else None

    def _send_manifest(self, job: Job) -> str:
        lines = tasks.manifest_lines(self.catalogue, job, self.bucket, self.root)
        return put_lines(self.store, job.manifest, lines)


def _bounded(rows: Iterator[Row], left: Iterator[int], job: Job) -> Iterator[Row]:
    """The lines, as long as there are no more than a job has objects: whoever writes one may write it without end."""
    for row in rows:
        if next(left, None) is None:
            raise ArchiveError(
                f"cannot use the report of the job {job.id}",
                why="it has more lines than the job has objects",
                hint="look at the job in the console, and at who may write into the bucket",
            )
        yield row


def operation_of(job: Job) -> Mapping[str, Any]:
    """The operation as S3 names it. Raises `ArchiveError` for a job that no s3sync made."""
    if job.kind == VERIFY:
        return {"S3ComputeObjectChecksum": {"ChecksumAlgorithm": job.algorithm, "ChecksumType": "FULL_OBJECT"}}
    if job.kind == RESTORE:
        days, tier = int(job.options["days"]), job.options["tier"].upper()
        return {"S3InitiateRestoreObject": {"ExpirationInDays": days, "GlacierJobTier": tier}}
    if job.kind == TAG:
        listed = [{"Key": name, "Value": value} for name, value in sorted(job.options.items())]
        return {"S3PutObjectTagging": {"TagSet": listed}}
    raise ArchiveError(f"no batch job is of the kind {job.kind:.40}", hint="upgrade s3sync")


def put_lines(store: Store, key: str, lines: Iterator[bytes]) -> str:
    """Write lines as one object, of which a part is in memory at a time; its ETag."""
    body = bytearray()
    upload, parts = "", list[Part]()
    try:
        for line in lines:
            body += line
            if len(body) >= PART:
                upload = upload or store.start_upload(key, Headers())
                parts.append(_part(store, key, upload, len(parts) + 1, body))
                body.clear()
        if not upload:
            md5 = hashlib.md5(body, usedforsecurity=False).digest()
            return store.put(key, bytes(body), mode=Overwrite(), headers=Headers(), md5=md5).etag
        if body:
            parts.append(_part(store, key, upload, len(parts) + 1, body))
        return store.complete_upload(key, upload, parts, mode=Overwrite()).etag
    except BaseException:
        if upload:
            with suppress(StoreError):  # its parts would be billed, and nobody knows of them
                store.abort_upload(key, upload)
        raise


def _part(store: Store, key: str, upload: str, number: int, body: bytearray) -> Part:
    return Part(number, len(body), store.put_part(key, upload, number, bytes(body)))


def still_open(catalogue: Catalogue, job: Job) -> int:
    """Number of tasks that the report said nothing of."""
    found = catalogue.execute("SELECT count(*) FROM task WHERE job = ? AND state = ?", job.token, OPEN)
    return int(found[0][0])


__all__ = ["TAG", "TO_DO", "Batch", "operation_of", "put_lines", "still_open"]
