"""Tasks of batch jobs in the catalogue: one for each object, in blocks, so that ten million take no memory."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

from msgspec import Struct, json
from msgspec.structs import replace

from s3sync.archive.catalogue import schema
from s3sync.archive.catalogue.database import Catalogue
from s3sync.core.archive.records import Status
from s3sync.core.archive.values import SplitIndex

AT_ONCE = 10_000
OPEN, RIGHT, WRONG = "open", "right", "wrong"
VERIFY, RESTORE, TAG = "verify", "restore", "tag"
"""Kinds of jobs."""
AGREED = "agreed"
"""In place of the ETag of a manifest that is not sent yet."""


class Job(Struct, frozen=True):
    """A job as this computer remembers it. `etag` says more once its manifest is sent, `id` until S3 has taken it."""

    token: str
    kind: str
    algorithm: str
    options: Mapping[str, str]
    begun_at: str
    etag: str = ""
    id: str = ""

    @property
    def folder(self) -> str:
        """Prefix of what belongs to it, below the store."""
        return f".s3sync/batch/{self.token}/"

    @property
    def manifest(self) -> str:
        return f"{self.folder}manifest.csv"

    @property
    def reports(self) -> str:
        return f"{self.folder}report"


class Task(Struct, frozen=True):
    """One object of a job. `archive` is the key of the archive that it belongs to; `expected` its checksum."""

    key: str
    archive: str
    expected: str = ""
    state: str = OPEN
    why: str = ""


def jobs_of(catalogue: Catalogue, kind: str) -> list[Job]:
    """Jobs of a kind that have not been read back yet, the oldest first."""
    rows = catalogue.execute(
        "SELECT token, kind, algorithm, options, begun_at, etag, id FROM job WHERE kind = ? ORDER BY begun_at, token",
        kind,
    )
    with catalogue.rows_of("job"):
        return [
            Job(token, kind, algorithm, json.decode(options, type=dict[str, str]), begun_at, etag, job_id)
            for token, kind, algorithm, options, begun_at, etag, job_id in rows
        ]


def agree(catalogue: Catalogue, job: Job) -> Job:
    """Note that the user agreed to a job, so that it is begun by the next run if this one is killed."""
    note_manifest(catalogue, job, AGREED)
    return replace(job, etag=AGREED)


def begun(catalogue: Catalogue, kind: str) -> list[Job]:
    """Jobs of a kind that were agreed to. Others were only planned, and S3 knows nothing of them: they go."""
    found = jobs_of(catalogue, kind)
    for job in found:
        if not job.etag:
            forget(catalogue, job)
    return [job for job in found if job.etag]


def new_job(catalogue: Catalogue, kind: str, algorithm: str, options: Mapping[str, str], at: str) -> Job:
    """A job without tasks. Its token is what S3 knows it by, whoever asks twice."""
    job = Job(secrets.token_hex(16), kind, algorithm, options, at)
    said = json.encode(options).decode()
    catalogue.execute("INSERT INTO job VALUES (?, ?, ?, ?, ?, '', '')", job.token, kind, algorithm, said, at)
    return job


def add_tasks(catalogue: Catalogue, job: Job, tasks: Iterable[Task]) -> int:
    """Add tasks in blocks; their number."""
    count, block = 0, list[tuple[str, ...]]()
    for one in tasks:
        block.append((job.token, one.key, "", one.archive, one.expected, OPEN, ""))
        count += 1
        if len(block) == AT_ONCE:
            _insert(catalogue, block)
    _insert(catalogue, block)
    return count


def _insert(catalogue: Catalogue, block: list[tuple[str, ...]]) -> None:
    catalogue.execute_many("INSERT OR REPLACE INTO task VALUES (?, ?, ?, ?, ?, ?, ?)", block)
    block.clear()


def tasks_of(catalogue: Catalogue, job: Job, *, state: str | None = None) -> Iterator[Task]:
    """Tasks of a job by their keys, read in blocks; `state`: only those."""
    after, chosen = "", "" if state is None else " AND state = ?"
    while True:
        given = [job.token, after, *([] if state is None else [state])]
        rows = catalogue.execute(
            f"SELECT key, archive, expected, state, why FROM task WHERE job = ? AND key > ?{chosen}"
            f" ORDER BY key LIMIT {AT_ONCE}",
            *given,
        )
        if not rows:
            return
        with catalogue.rows_of("task"):
            yield from [Task(*map(str, row)) for row in rows]
        after = rows[-1][0]


def manifest_lines(catalogue: Catalogue, job: Job, bucket: str, root: str) -> Iterator[bytes]:
    """Lines of the manifest, as S3 reads it: `bucket,key`, keys as in a URL.

    None names a version, so that S3 looks at what a restore would read: an older version may be good where that was
    replaced or deleted. And which one it would be only an index says, which others may write.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/specify-batchjob-manifest.html
    """
    for one in tasks_of(catalogue, job):
        yield f"{bucket},{quote(root + one.key)}\n".encode()


def note_manifest(catalogue: Catalogue, job: Job, etag: str) -> None:
    catalogue.execute("UPDATE job SET etag = ? WHERE token = ?", etag, job.token)


def note_id(catalogue: Catalogue, job: Job, job_id: str) -> None:
    catalogue.execute("UPDATE job SET id = ? WHERE token = ?", job_id, job.token)


def settle(catalogue: Catalogue, job: Job, results: Iterable[tuple[str, str, str]]) -> int:
    """Note results, as key, state and reason; the number of those that are of no task of this job."""
    foreign = 0
    for key, state, why in results:
        known = catalogue.execute(
            "UPDATE task SET state = ?, why = ? WHERE job = ? AND key = ? RETURNING 1",
            state, schema.text(why), job.token, schema.text(key),
        )  # fmt: skip
        foreign += not known
    return foreign


def count_of(catalogue: Catalogue, job: Job) -> tuple[int, int]:
    """Numbers of objects and of archives of a job."""
    ((objects, archives),) = catalogue.execute(
        "SELECT count(*), count(DISTINCT archive) FROM task WHERE job = ?", job.token
    )
    return int(objects), int(archives)


def forget(catalogue: Catalogue, job: Job) -> None:
    """Drop a job with its tasks."""
    with catalogue.transaction():
        catalogue.execute("DELETE FROM task WHERE job = ?", job.token)
        catalogue.execute("DELETE FROM job WHERE token = ?", job.token)


def archives_by_state(catalogue: Catalogue, job: Job) -> Iterator[tuple[str, int, int, str]]:
    """Each archive of a job: its key, how many of its objects are open, how many wrong, and why one is."""
    after = ""
    while True:
        rows = catalogue.execute(
            "SELECT archive, sum(state = 'open'), sum(state = 'wrong'),"
            " max(CASE state WHEN 'wrong' THEN why ELSE '' END)"
            f" FROM task WHERE job = ? AND archive > ? GROUP BY archive ORDER BY archive LIMIT {AT_ONCE}",
            job.token, after,
        )  # fmt: skip
        if not rows:
            return
        for key, still_open, wrong, why in rows:
            yield str(key), int(still_open), int(wrong), str(why)
        after = rows[-1][0]


def keys_of(catalogue: Catalogue, job: Job, archive: str) -> frozenset[str]:
    """Keys of the objects of an archive that a job has."""
    rows = catalogue.execute("SELECT key FROM task WHERE job = ? AND archive = ?", job.token, archive)
    return frozenset(str(key) for (key,) in rows)


# -- tasks of archives


def checkable(catalogue: Catalogue, algorithm: str, set: str, keys: frozenset[str] | None) -> Iterator[Task]:
    """Objects of a set of which a checksum by this algorithm is known: containers, or files without one.

    `keys`: only of these archives. Volumes of split units are not among them: `of_volumes`.
    """
    after = (0, -1)
    column = {"CRC64NVME": "a.crc64nvme", "MD5": "CASE WHEN a.crc64nvme IS NULL THEN a.md5 END"}.get(algorithm)
    while True:
        if column is not None:
            rows = catalogue.execute(
                f"SELECT a.id, 0, a.key, a.key, {column} FROM archive a WHERE a.id > ?"
                f" AND a.set_name = ? AND a.status = ? AND a.pack != 'none' AND {column} IS NOT NULL"
                f" AND NOT EXISTS (SELECT 1 FROM part p WHERE p.archive = a.id) ORDER BY a.id LIMIT {AT_ONCE}",
                after[0], set, str(Status.STORED),
            )  # fmt: skip
        else:
            rows = catalogue.execute(
                "SELECT m.archive, m.n, m.key, a.key, m.sha256 FROM member m JOIN archive a ON a.id = m.archive"
                " WHERE (m.archive, m.n) > (?, ?) AND a.set_name = ? AND a.status = ? AND a.pack = 'none'"
                f" AND m.key IS NOT NULL AND m.sha256 != '' ORDER BY m.archive, m.n LIMIT {AT_ONCE}",
                *after, set, str(Status.STORED),
            )  # fmt: skip
        if not rows:
            return
        for _, _, key, archive, expected in rows:
            if keys is None or archive in keys:
                yield Task(str(key), str(archive), str(expected))
        after = (rows[-1][0], rows[-1][1])


def of_volumes(index: SplitIndex) -> Iterator[Task]:
    """Volumes of a split unit, of which the index in the store has the checksums."""
    for part in index.parts:
        if part.crc64nvme is not None:
            yield Task(part.key, index.key, part.crc64nvme)
