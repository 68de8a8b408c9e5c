"""Task of bringing a unit back: fetched, verified and placed. Asking, thawing and noting are left to whoever asked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.copies import ByContent
from s3sync.archive.indexes import index_of
from s3sync.archive.place import Destination
from s3sync.archive.restore import Restored, restore_unit, wanted_of
from s3sync.archive.restoring import Ready
from s3sync.archive.workers.failure import Failure, failure_of
from s3sync.archive.workers.place import Where, opened
from s3sync.archive.workers.reading import plain
from s3sync.archive.workers.sight import Mark, Unseen, unmarked
from s3sync.core.archive.index import index_pieces
from s3sync.core.archive.records import Archived
from s3sync.core.archive.values import Index
from s3sync.errors import ArchiveError, S3syncError


class FetchTask(Struct, frozen=True):
    """One unit that is to be restored. Its index is read where that is done, and has to have the `digest`.

    `paths`: the members that are wanted, None for all. `mark` is in the folder that they go into.
    """

    where: Where
    archived: Archived
    digest: str
    paths: frozenset[str] | None
    stamp: str
    refused: Mapping[str, str]
    mask: int | None
    mark: Mark


def fetch_task(where: Where, archived: Archived, ready: Ready, mark: Mark) -> FetchTask:
    """The task of fetching what is wanted of a unit, below the folder that has the mark."""
    every = wanted_of(ready.index, lambda path: True)
    paths = None if len(every) == len(ready.wanted) else frozenset(one.path for one in ready.wanted)
    digest, refused = _digest(ready.index), dict(ready.refused)
    return FetchTask(where, plain(archived), digest, paths, ready.stamp, refused, ready.mask, mark)


def fetch_one(task: FetchTask) -> Restored | Failure | Unseen:
    """Restore a unit, if this is the disk that it goes to."""
    found = unmarked(task.mark)
    if found is not None:
        return found
    to = Destination(Path(task.mark.base), task.mark.names)
    try:
        with opened(task.where) as carrier:
            index = index_of(carrier.store, task.archived, only_reads=True)
            if index is None or _digest(index) != task.digest:
                raise ArchiveError(
                    f"the index of {task.archived.unit} changed while it was restored", hint="run the command again"
                )
            wanted = wanted_of(index, lambda path: task.paths is None or path in task.paths)
            by_content = replace(carrier, store=ByContent(carrier.store, index))
            return restore_unit(by_content, index, to, wanted, task.stamp, task.refused, mask=task.mask)
    except S3syncError as error:
        return failure_of(error)


def _digest(index: Index) -> str:
    digest = hashlib.sha256()
    for piece in index_pieces(index):
        digest.update(piece)
    return digest.hexdigest()
