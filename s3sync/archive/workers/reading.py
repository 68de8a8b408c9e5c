"""Task of reading an archive, and comparing each of its members with its SHA-256."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.indexes import index_of
from s3sync.archive.verify import verify_archive
from s3sync.archive.verify_all import Verified
from s3sync.archive.workers.failure import failed
from s3sync.archive.workers.place import Where, opened
from s3sync.core.archive.records import Archived
from s3sync.core.typed import typed
from s3sync.errors import Archived as Cold
from s3sync.errors import ArchiveError, S3syncError


class VerifyTask(Struct, frozen=True):
    """One archive that is to be read. The store is opened where the task is done."""

    where: Where
    archived: Archived


def verify_task(where: Where, archived: Archived) -> VerifyTask:
    return VerifyTask(where, plain(archived))


def plain(archived: Archived) -> Archived:
    """The archive as data that goes to another process."""
    return replace(archived, tags=dict(archived.tags), fields=dict(archived.fields))


def verify_one(task: VerifyTask) -> Verified:
    """Read an archive. What is wrong with it is in the result."""
    one = task.archived
    try:
        with opened(task.where) as carrier:
            index = index_of(carrier.store, one, only_reads=True)
            if index is None:
                raise ArchiveError(f"{carrier.store.url}/{one.key} has no index any more")
            proof = verify_archive(carrier, index, deep=True, copies=True)
        return Verified(one.unit, one.key, one.size, proof)
    except Cold as error:
        hint = f"`s3sync restore {typed(one.unit)}` thaws it; without --deep it is verified as it is"
        return Verified(one.unit, one.key, one.size, None, str(error), hint, cold=True)
    except S3syncError as error:
        return Verified(one.unit, one.key, one.size, None, str(error), error.hint)


def unverified(task: VerifyTask, error: BaseException) -> Verified:
    """Result of a task that was never done."""
    one, said = task.archived, failed(task.archived.unit, error)
    return Verified(one.unit, one.key, one.size, None, said.why or str(said), said.hint)
