"""Members of an archive that a user names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from s3sync.core.archive.extraction import obeyed_problem
from s3sync.core.archive.values import NOT_UNPACKED, SPARSE, ArchiveSet, Index, Kind, Member
from s3sync.core.names import STATE_DIR
from s3sync.core.quantities import counted
from s3sync.core.spelling import stands_for
from s3sync.core.typed import typed
from s3sync.errors import UsageError


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
    files that are not here that they were deleted; and those of another tool's archive that are not unpacked."""
    found: dict[str, str] = {}
    for member in wanted:
        where = f"{unit}/{member.path}"
        if any(stands_for(name, (STATE_DIR,)) for name in where.split("/")):
            found[member.path] = f"{STATE_DIR} is reserved for s3sync itself, and never restored"
        elif member.kind is Kind.FILE and member.target is not None:
            found[member.path] = NOT_UNPACKED.get(member.target, NOT_UNPACKED[SPARSE])
        elif not may_be_obeyed and (reason := obeyed_problem(member, where)) is not None:
            found[member.path] = f"{reason}, and another computer sent it; --obeyed restores it, too"
    return found


class NoLightFiles(UsageError):
    """A unit has none of the files that were asked for as light ones. Others may have."""


def nothing_of(rules: ArchiveSet, index: Index, *, light: bool, named: bool) -> UsageError:
    """Error for a unit without what is wanted of it: its `light` files, members that were `named`, or both."""
    hint = f"`s3sync archive show {typed(index.unit)}` lists its files"
    if light and named:
        why = "--light and --member together mean light files of that name"
        return UsageError(f"{index.unit} has no such light file", why=why, hint=f"leave out --light; {hint}")
    if not light:
        why = f"it has {counted(len(index.members), 'member')}"
        return UsageError(f"{index.unit} has no such member", why=why, hint=hint)
    field = "light" if rules.light or not rules.heavy else "heavy"
    patterns = ", ".join(getattr(rules, field)) or "none"
    why = f"`{field}` of archives.{rules.name} names {patterns}"
    return NoLightFiles(f"{index.unit} has no light files", why=why, hint=f"{hint}; --member GLOB names others")
