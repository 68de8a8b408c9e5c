"""Look at the disk before a restore: what is to come, what is there, and what is in the way. Nothing is written.

What is there is read, as the restore itself does: a size and a time prove nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from s3sync.archive.place import Destination, Target
from s3sync.archive.restore import Restored
from s3sync.archive.thaw import Price, ThawLook, objects_of
from s3sync.core.archive.extraction import aside, problem_of
from s3sync.core.archive.values import Index, Kind, Member, Pack
from s3sync.disk.tree import kept_folders
from s3sync.errors import S3syncError


class Foreseen(Struct):
    """Members that a restore would bring (`missing`, folders left out), and what it would say of the others."""

    missing: list[Member] = field(default_factory=list)
    same: int = 0
    beside: list[tuple[str, str]] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(member.size for member in self.missing)

    def report(self, index: Index, to: Destination, *, cold: int, price: Price | None) -> Restored:
        """Report of a dry run."""
        found = Restored(index.unit, index.key, os.fspath(to.path), len(self.missing), self.size, self.same)
        return replace(found, beside=self.beside, problems=self.problems, is_foreseen=True, cold=cold, price=price)


def foresee(
    to: Destination,
    wanted: Sequence[Member],
    stamp: str,
    refused: Mapping[str, str],
    check: Callable[[], None],
    *,
    proven: bool = True,
) -> Foreseen:
    """Look at each member's place below a folder. `proven` False: no SHA-256 is known, so that nothing is compared."""
    found = Foreseen()
    target = Target(to, stamp, make=False)
    with kept_folders():
        for member in wanted:
            check()
            why = problem_of(member, windows=os.name == "nt") or refused.get(member.path)
            if why is not None:
                found.problems.append((member.path, why))
                continue
            try:
                _look(found, target, member, stamp, proven=proven)
            except S3syncError as error:
                found.problems.append((member.path, str(error)))
    return found


def _look(found: Foreseen, target: Target, member: Member, stamp: str, *, proven: bool) -> None:
    if member.kind is Kind.FOLDER:
        return
    if member.kind is Kind.LINK:
        if target.has_link(member):
            found.same += 1
        elif target.is_taken(member):
            found.problems.append((member.path, "something else has that name, and the link would not be made"))
        else:
            found.missing.append(member)
        return
    if target.holds(member):
        found.same += 1
    elif (name := target.beside(member)) is not None:
        found.same += 1
        found.beside.append((member.path, name))
    else:
        found.missing.append(member)
        if proven and target.is_taken(member):
            above, slash, name = member.path.rpartition("/")
            found.beside.append((member.path, f"{above}{slash}{aside(name, stamp)}"))


def stamp_of(at: datetime) -> str:
    """Time in the names of what is put beside other content."""
    return at.strftime("%Y%m%d-%H%M%S")


def to_read(index: Index, missing: Sequence[Member]) -> list[tuple[str, int]]:
    """Keys and sizes of the objects that are read to bring members. Links are in the index."""
    files = [one for one in missing if one.kind is Kind.FILE]
    return objects_of(index, files) if files else []


def from_beside(index: Index, wanted: list[Member], look: ThawLook) -> list[Member]:
    """The members, as objects of their own where all files among them are sidecars that the store has: notes are read
    without a thaw of the archive that has them, too."""
    files = [one for one in wanted if one.kind is Kind.FILE]
    own = {(one.path, one.sha256): one for one in index.sidecars if one.key is not None and one.sha256}
    own |= {(one.path, one.sha256): one for one in files if one.key is not None}  # of others no digest is known
    if index.pack is Pack.NONE or not files or not all((one.path, one.sha256) in own for one in files):
        return wanted
    found = [own[one.path, one.sha256] if one.kind is Kind.FILE else one for one in wanted]
    return found if len(look.states(objects_of(index, found))) == len(files) else wanted


def are_beside(index: Index, names: Sequence[str]) -> bool:
    """True if names are those of notes beside an archive, each with an object of its own. A glob may mean more."""
    own = {one.path for one in index.sidecars if one.key is not None}
    return bool(names) and own.issuperset(name.strip("/") for name in names)


def nearest(path: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next((one for one in (path, *path.absolute().parents) if one.is_dir()), path)
