"""Members of an archive that a user names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from s3sync.core.archive.extraction import obeyed_problem
from s3sync.core.archive.values import Member
from s3sync.core.names import STATE_DIR
from s3sync.core.spelling import stands_for


def members_named(members: tuple[str, ...], paths: set[str]) -> Callable[[str], bool]:
    """A member's path means it alone, a folder's all below it, and a glob what it fits."""
    exact = {name.strip("/") for name in members} & paths
    folders = tuple(f"{name.strip('/')}/" for name in members)
    globs = [name for name in members if name.strip("/") not in paths]

    def chosen(path: str) -> bool:
        last = path.rpartition("/")[2]
        fits = any(fnmatchcase(path, glob) or fnmatchcase(last, glob) for glob in globs)
        return path in exact or path.startswith(folders) or fits

    return chosen


def left_out(unit: str, wanted: Iterable[Member], *, may_be_obeyed: bool) -> dict[str, str]:
    """Members that are not restored, with the reason: those that make other programs run something, unless
    `may_be_obeyed`, as others may have put them there; and those of a memory of s3sync, whoever did: it would say of
    files that are not here that they were deleted."""
    found: dict[str, str] = {}
    for member in wanted:
        where = f"{unit}/{member.path}"
        if any(stands_for(name, (STATE_DIR,)) for name in where.split("/")):
            found[member.path] = f"{STATE_DIR} is reserved for s3sync itself, and never restored"
        elif not may_be_obeyed and (reason := obeyed_problem(member, where)) is not None:
            found[member.path] = f"{reason}, and another computer sent it; --obeyed restores it, too"
    return found
