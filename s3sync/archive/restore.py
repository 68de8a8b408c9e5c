"""One archive on its way back: its members onto the disk, each verified, none in the place of something else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct, field, structs

from s3sync.archive.carrier import Carrier
from s3sync.archive.place import Destination, Placed, Target, Unnamed
from s3sync.archive.reading import batches, contents
from s3sync.archive.verify import altered
from s3sync.core.archive.extraction import problem_of
from s3sync.core.archive.values import ForeignIndex, Index, Kind, Member, Pack
from s3sync.core.archive.volumes import archives_of, is_whole
from s3sync.core.quantities import size_text
from s3sync.core.spelling import obeyed_reason
from s3sync.disk.errors import local_errors
from s3sync.disk.tree import kept_folders
from s3sync.errors import ENDS_THE_RUN, Archived, ArchiveError, DiskFull, LocalError, S3syncError
from s3sync.transfer.pool import Pool
from s3sync.transfer.progress import Work

if TYPE_CHECKING:
    from s3sync.archive.thaw import Price

TOGETHER, LITTLE = 16, 256 * 1024
"""Files that get their names together, of at most so many bytes each. For each request as many descriptors are open,
and as many threads at most wait for the disk."""


class Restored(Struct):
    """Result of restoring one archive into the folder `to`."""

    unit: str
    key: str
    to: str
    files: int = 0
    size: int = 0
    same: int = 0
    """Members that were there already."""
    beside: list[tuple[str, str]] = field(default_factory=list)
    """Members beside which other content stays, with the name that each has now."""
    problems: list[tuple[str, str]] = field(default_factory=list)
    unproven: bool = False
    """True if no SHA-256 is known: another tool made the archive, and its size and ETag are what was compared."""
    by_size: bool = False
    """True if of an unproven one not even an ETag is known, as of a tree that was filled by hand."""
    obeyed: list[tuple[str, str]] = field(default_factory=list)
    """Files that programs obey by being there, with the reason."""
    is_foreseen: bool = False
    """True in a dry run: nothing was written."""
    cold: int = 0
    """In a dry run: objects that have to be thawed first, or are being thawed."""
    price: Price | None = None
    """In a dry run: the price that would be asked about."""


def wanted_of(index: Index, chosen: Callable[[str], bool]) -> list[Member]:
    """Members that are asked for, sidecars that are no members among them."""
    inside = {member.path for member in index.members}
    apart = [member for member in index.sidecars if member.path not in inside]
    return [member for member in (*index.members, *apart) if chosen(member.path)]


def restore_unit(
    carrier: Carrier,
    index: Index,
    to: Destination,
    wanted: list[Member],
    stamp: str,
    refused: Mapping[str, str] = MappingProxyType({}),
    *,
    mask: int | None = None,
) -> Restored:
    """Bring members of an archive into a folder. A repeat fetches only what is not there yet, and removes
    what a killed one left unfinished.

    Raises `DiskFull` before the first byte if they have no room, `Archived` for one that is not thawed, `LocalError`.
    What is not what was sent, has a name that leads elsewhere, or is `refused` (path and reason) is told in `problems`.
    `mask`: bits of modes that are not set, where others may have said the modes.
    """
    report = _begun(index, to, wanted)
    if not is_whole(index):
        lacks = f"only {index.volume} of its {index.volumes} volumes are in the store; what they hold was restored"
        report.problems.append((index.unit, lacks))
    allowed = []
    for member in wanted:
        why = problem_of(member, windows=os.name == "nt") or refused.get(member.path)
        if why is not None:
            report.problems.append((member.path, why))
        else:
            allowed.append(member)
    with kept_folders():
        target = Target(to, stamp, mask=mask)
        missing: list[Member] = []
        for member in allowed:
            carrier.pool.check()
            if member.kind is Kind.FOLDER:
                _try(report, member, lambda member=member: target.folder(member.path))  # type: ignore[misc]
            elif member.kind is Kind.FILE:
                _try(report, member, lambda member=member: _look(target, member, report, missing))  # type: ignore[misc]
        for folder in {member.path.rpartition("/")[0] for member in allowed}:
            target.sweep(folder)
        require_room(to.path, missing)
        _fetch(carrier, index, target, missing, report)
        for member in allowed:
            if member.kind is Kind.LINK:
                _try(report, member, lambda member=member: _link(target, member, report))  # type: ignore[misc]
        folders = [member for member in allowed if member.kind is Kind.FOLDER]
        for member in sorted(folders, key=lambda one: one.path.count("/"), reverse=True):
            _try(report, member, lambda member=member: target.dress_folder(member))  # type: ignore[misc]
    report.obeyed = [(one.path, why) for one in missing if (why := obeyed_reason(one.path)) is not None]
    return report


def _begun(index: Index, to: Destination, wanted: list[Member]) -> Restored:
    unproven = isinstance(index, ForeignIndex)
    by_size = unproven and index.pack is Pack.NONE and any(one.kind is Kind.FILE and not one.etag for one in wanted)
    return Restored(index.unit, index.key, os.fspath(to.path), unproven=unproven, by_size=by_size)


def _try(report: Restored, member: Member, do: Callable[[], object]) -> None:
    """Do one step; what fails is told for this member, and the others go on. A full disk ends it."""
    try:
        do()
    except DiskFull:
        raise
    except S3syncError as error:
        report.problems.append((member.path, str(error)))


def _look(target: Target, member: Member, report: Restored, missing: list[Member]) -> None:
    """Count a member that is there already, or note that it is to come."""
    if target.holds(member):
        report.same += 1
    elif (name := target.beside(member)) is not None:
        report.same += 1
        report.beside.append((member.path, name))
    else:
        missing.append(member)


def _link(target: Target, member: Member, report: Restored) -> None:
    placed = target.link(member)
    if placed is Placed.RESTORED:
        report.files += 1
    elif placed is Placed.SAME:
        report.same += 1
    else:
        report.problems.append((member.path, "something else has that name, and the link was not made"))


def require_room(to: Path, missing: list[Member], on: Path | None = None) -> None:
    """Raise `DiskFull` if members have no room in a folder, `LocalError` where it is none. `on`: one on the same disk,
    where it is not there yet."""
    size = sum(member.size for member in missing)
    with local_errors("cannot restore to", to):
        free = shutil.disk_usage(on or to).free
    if size > free:
        raise DiskFull(
            f"cannot restore to {to}",
            why=f"{size_text(size)} are to come, and the disk has room for {size_text(free)}",
            hint="make room, or name another disk with --to, or some of the files with --member",
        )


def _fetch(carrier: Carrier, index: Index, target: Target, missing: list[Member], report: Restored) -> None:
    groups = list(_groups(index, missing))
    carrier.progress.expect(Work.DOWNLOAD, len(missing), sum(member.size for member in missing))

    results = list(carrier.pool.map(lambda group: _bring(carrier, *group, target), groups, _size_of))
    for _, result in results:
        placed, problems = result.result()
        report.problems += problems
        for member, (how, name) in placed:
            report.files += how is not Placed.SAME
            report.same += how is Placed.SAME
            report.size += member.size
            if how is Placed.BESIDE:
                report.beside.append((member.path, name))


def _groups(index: Index, missing: list[Member]) -> Iterator[tuple[Index, list[Member]]]:
    """Members that come by one request, each group with the index of the archive that holds them."""
    inside = [member for member in missing if member.key is None or index.pack is Pack.NONE]
    archives = archives_of(index)
    if len(archives) == 1:
        yield from ((archives[0], batch) for batch in batches(archives[0], inside))
    else:
        wanted = set(inside)
        for one in archives:
            yield from ((one, batch) for batch in batches(one, [member for member in one.members if member in wanted]))
    alone = structs.replace(archives[0], pack=Pack.NONE)
    yield from ((alone, [m]) for m in missing if m.key is not None and index.pack is not Pack.NONE)


def _size_of(group: tuple[Index, list[Member]]) -> int:
    return sum(member.size for member in group[1])


_Placed = list[tuple[Member, tuple[Placed, str]]]


def _bring(
    carrier: Carrier, index: Index, group: list[Member], target: Target
) -> tuple[_Placed, list[tuple[str, str]]]:
    """Bring members with one request. Where that ends early, those that lack are told with the reason."""
    naming = _Naming(target, carrier.pool)
    todo = {member.path for member in group}
    try:
        for member, pieces in contents(carrier, index, group):
            carrier.progress.begin(Work.DOWNLOAD, member.path, member.size)
            with naming.noting(member):
                one = target.receive(member, _told(carrier, member, pieces), proven=not isinstance(index, ForeignIndex))
                if one is None:
                    raise altered(carrier, index, member)
                naming.add(one)
            todo.discard(member.path)
            carrier.progress.finish(Work.DOWNLOAD, member.path)
        naming.all()
    except (*ENDS_THE_RUN, DiskFull, Archived):
        raise
    except S3syncError as error:
        naming.all()
        naming.problems += [(path, str(error)) for path in sorted(todo)]
    finally:
        naming.close()
    return naming.placed, naming.problems


class _Naming:
    """Files that have come and get their names together: the disk is asked to hold all of them at the same moment, so
    that it waits once for what it would else wait for file by file."""

    def __init__(self, target: Target, pool: Pool) -> None:
        self.placed: _Placed = []
        self.problems: list[tuple[str, str]] = []
        self._target, self._pool, self._held = target, pool, list[Unnamed]()

    @contextmanager
    def noting(self, member: Member) -> Iterator[None]:
        """Have what fails told of this member. A full disk, and what is no error of its own, ends it."""
        try:
            yield
        except DiskFull:
            raise
        except (LocalError, ArchiveError) as error:
            self.problems.append((member.path, str(error)))

    def add(self, one: Unnamed) -> None:
        """Take a file; now and then all get their names."""
        self._held.append(one)
        if len(self._held) == TOGETHER or one.member.size > LITTLE:
            self.all()

    def all(self) -> None:
        """Give all their names."""
        some, self._held = self._held, []
        try:
            for one, error in zip(some, self._pool.gather(self._synced, some, TOGETHER), strict=True):
                with self.noting(one.member):
                    if error is not None:
                        raise error
                    self._held.append(one)
            for one in self._held:
                with self.noting(one.member):
                    self.placed.append((one.member, self._target.name(one)))
        finally:
            for one in some:
                one.drop()
            self._held = []

    def _synced(self, one: Unnamed) -> S3syncError | None:
        """Have the disk hold one, in any thread; what went wrong, if that is told of this one alone."""
        try:
            self._target.sync(one)
        except LocalError as error:
            return error
        return None

    def close(self) -> None:
        """Take away those that got no name."""
        for one in self._held:
            one.drop()


def _told(carrier: Carrier, member: Member, pieces: Iterator[memoryview]) -> Iterator[memoryview]:
    for piece in pieces:
        carrier.pool.check()
        carrier.progress.advance(Work.DOWNLOAD, member.path, len(piece))
        yield piece
