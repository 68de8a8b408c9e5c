"""Task of putting a unit into a store: its bytes and its index. Noting it is left to whoever asked."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.putting import Put, Putting
from s3sync.archive.split import put_unit
from s3sync.archive.unit_root import real_root
from s3sync.archive.workers.failure import Failure, failure_of
from s3sync.archive.workers.place import Where, opened, own_journal
from s3sync.archive.workers.sight import Sight, Unseen, sight_of, unseen
from s3sync.core.archive.values import ArchiveSet, Index, Pack, Unit
from s3sync.errors import S3syncError


class PackTask(Struct, frozen=True):
    """One unit that is to be sent. `known`: what is in the store of it, `made` the keys of what the asking computer
    sent. `mark`: id of what is made, by which a worker knows the work of one that was killed.
    """

    where: Where
    rules: ArchiveSet
    unit: Unit
    known: tuple[Index, ...]
    made: frozenset[str]
    replace: bool
    sight: Sight
    mark: str


class Packed(Struct, frozen=True):
    """Result of a task: what was put, or what went wrong. `written`, `outdated`: what `Putting` tells under way."""

    put: Put | None = None
    failure: Failure | None = None
    written: Index | None = None
    outdated: tuple[str, ...] = ()


def pack_task(
    where: Where,
    rules: ArchiveSet,
    unit: Unit,
    known: tuple[Index, ...],
    is_made: Callable[[Index], bool],
    *,
    replace_: bool,
) -> PackTask:
    """The task of sending a unit. Raises `LocalError` for one that is not as it was found."""
    bare = replace(unit, root=real_root(unit), fields=dict(unit.fields))
    made = frozenset(index.key for index in known if is_made(index))
    sight, as_data = sight_of(bare.root, unit.sources), replace(rules, tags=dict(rules.tags))
    return PackTask(where, as_data, bare, known, made, replace_, sight, uuid.uuid4().hex)


def pack_one(task: PackTask) -> Packed | Unseen:
    """Send a unit, if this is the disk that it is on."""
    found = unseen(task.sight)
    if found is not None:
        return found
    written, outdated = list[Index](), list[str]()

    def result(put: Put | None, failure: Failure | None) -> Packed:
        return Packed(put, failure, written[-1] if written else None, tuple(outdated))

    rows = _Rows() if task.rules.pack is Pack.NONE else None
    try:
        with opened(task.where, task.mark) as carrier, own_journal(task.where) as journal:
            made = Putting(
                carrier,
                task.rules,
                journal,
                lambda index: index.key in task.made,
                written.append,
                outdated.append,
            )
            return result(put_unit(made, task.unit, task.known, replace=task.replace, rows=rows), None)
    except S3syncError as error:
        return result(None, failure_of(error))


class _Rows:
    """Takes a row, which goes back with the result: whoever asked writes it with others."""

    def put(self, index: Index) -> None:
        pass
