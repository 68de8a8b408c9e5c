"""`verify`: is every object what metadata.json says, and every local file what both say? Changes nothing."""

from __future__ import annotations

from hashlib import md5

from s3sync.core.names import refuse_reason
from s3sync.core.outcome import Problem
from s3sync.core.reconcile import State
from s3sync.errors import ENDS_THE_RUN, LocalError, NotFound, PreconditionFailed, StoreError
from s3sync.local.digests import digest
from s3sync.shared.scan import RemoteFile
from s3sync.store.aspects import WholeChecksums, aspect
from s3sync.sync.report import StatusReport
from s3sync.sync.scan import scan
from s3sync.sync.session import Session
from s3sync.sync.status import make_report
from s3sync.sync.view import View
from s3sync.transfer.pool import HASHERS, Pool
from s3sync.transfer.progress import Work

EDITED = (
    "keep this version: it may be the only one. `touch` it, and `s3sync up` sends it. If nobody edited it, the disk "
    "may have damaged it: move it out of the folder, run `s3sync down`, and compare the two"
)
REPLACE = "whoever has it: take the file out of the folder, run `s3sync sync`, put it back, and run `s3sync up`"


def verify(session: Session, *, deep: bool = False) -> StatusReport:
    """A status whose `failed` also names every object that contradicts its record, and every lost one.

    `deep` reads every object, and every local file that is said to be in sync, from the first byte to the last.
    Raises `StoreError`, `ScanError`, `ManifestError`.
    """
    with session.memory(read_only=True) as state:
        seen = scan(session, state)
    report = make_report(session, seen, [])
    report.failed.extend(_records(seen))
    report.failed.extend(_wrong_digests(seen, report))
    if deep:
        report.failed.extend(_objects(session, seen))
        report.failed.extend(_local_files(session, seen, report))
    report.verified = "deep" if deep else "records"
    return report


def _records(seen: View) -> list[Problem]:
    problems = [
        Problem(name, "is named in metadata.json, and its object is not there", REPLACE)
        for name in seen.there.vanished
        if refuse_reason(name) is None
    ]
    for name, found in seen.there.repaired.items():
        record = seen.there.stored.manifest.files.get(name)
        if record is not None:
            problems.append(
                Problem(
                    name,
                    f"is not the object that metadata.json describes: {found.size_bytes} bytes with ETag {found.etag} "
                    f"instead of {record.size_bytes} with {record.etag or record.md5}",
                    "another tool put it there; the next `s3sync up` or `down` records it",
                )
            )
    return problems


def _wrong_digests(seen: View, report: StatusReport) -> list[Problem]:
    """Files in sync whose record has another MD5 than the file here: the record is wrong, or one of the two damaged."""
    found: list[Problem] = []
    for path in (file.name for file in report.files if file.state is State.IN_SYNC):
        here, there = seen.digests_of(path), seen.there.files.get(path)
        promised = there.entry.md5 if there else None
        if here and here.md5 and promised and here.md5 != promised:
            found.append(
                Problem(path, f"has the MD5 {here.md5} here, and metadata.json says {promised}", "s3sync verify --deep")
            )
    return found


def _objects(session: Session, seen: View) -> list[Problem]:
    """Read every object and compare it with its record.

    The smallest goes first and alone, and an error that would hit every other one too stops it.
    """
    files = seen.there.files
    session.progress.expect(Work.DOWNLOAD, len(files), sum(file.entry.size for file in files.values()))

    def read(path: str) -> Problem | None:
        session.progress.begin(Work.DOWNLOAD, path, files[path].entry.size)
        try:
            return _read(session, path, files[path])
        finally:
            session.progress.finish(Work.DOWNLOAD, path)

    def size(path: str) -> int:
        return files[path].entry.size

    first = min(files.items(), key=lambda item: (item[1].entry.size, item[0]), default=None)
    found: list[Problem] = []
    with session.pool() as pool:
        for some in ([first[0]] if first else [], (path for path in files if not first or path != first[0])):
            found.extend(problem for _, future in pool.map(read, some, size) if (problem := future.result()))
    return sorted(found, key=lambda problem: problem.path)


def _read(session: Session, path: str, remote: RemoteFile) -> Problem | None:
    whole, size = md5(usedforsecurity=False), 0
    keeps = aspect(session.store, WholeChecksums) if remote.entry.md5 is None else None
    checksum = keeps.new_checksum() if keeps is not None else None
    try:
        told = keeps.checksum_of(remote.key) if keeps is not None and checksum is not None else None
        with session.store.get(remote.key, if_match=remote.etag) as reader:
            for chunk in reader:
                session.pace.receive(len(chunk))
                whole.update(chunk)
                if checksum is not None:
                    checksum.update(bytes(chunk))
                size += len(chunk)
                session.progress.advance(Work.DOWNLOAD, path, len(chunk))
    except (NotFound, PreconditionFailed):
        return Problem(path, "was replaced or deleted while it was being verified", "run the command again")
    except ENDS_THE_RUN:
        raise
    except StoreError as error:
        return Problem(path, str(error), error.hint)
    promised = remote.entry.md5
    if size != remote.entry.size or (promised is not None and whole.hexdigest() != promised):
        return Problem(
            path,
            f"the remote bytes are not those that were uploaded: MD5 {whole.hexdigest()} instead of {promised}",
            REPLACE,
        )
    if checksum is not None and told not in (None, checksum.value()):
        return Problem(
            path, f"the remote bytes are not those that the store took: {checksum.value()} instead of {told}", REPLACE
        )
    return None


def _local_files(session: Session, seen: View, report: StatusReport) -> list[Problem]:
    """Hash again what the digest cache says is in sync."""
    wanted = (file.name for file in report.files if file.state is State.IN_SYNC)

    def read(path: str) -> Problem | None:
        try:
            found = digest(seen.here.files[path])
        except LocalError as error:
            return Problem(path, str(error), error.hint)
        digests = seen.digests_of(path)
        known = digests.md5 if digests else None
        if found.md5 == known:
            return None
        return Problem(
            path,
            f"was edited here, although its size and times say it was not: MD5 {found.md5} instead of {known}",
            EDITED,
        )

    with Pool(min(session.workers, HASHERS)) as pool:
        found = [problem for _, future in pool.map(read, wanted) if (problem := future.result())]
    return sorted(found, key=lambda problem: problem.path)
