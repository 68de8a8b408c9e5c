"""Names of an index that may become names on a disk. Whoever wrote it is not trusted."""

from __future__ import annotations

from s3sync.core.archive.values import Kind, Member
from s3sync.core.names import control_reason, windows_reason
from s3sync.core.spelling import obeyed_refusal

_ONLY_ELSEWHERE = "\\:"
"""Characters that lead elsewhere on Windows."""
DEEPEST = 2048
"""Names in a path. A path of 4,096 bytes, the longest that programs hand to Linux, has no more. Each folder on a way is
looked at, so that a path of millions of them, which a tar of a few MB can have, would take days and fill the disk."""
LONGEST_PATH = 16 * 1024
"""Characters of a path."""
TOO_LONG = f"its path has more than {DEEPEST:,} names, or {LONGEST_PATH:,} characters"
LONGEST_TARGET = 4096
"""Characters of what a link leads to: no system makes a longer one."""


def is_too_long(path: str) -> bool:
    """True for a path that no restore makes, and of which nothing is sent or read therefore."""
    return len(path) > LONGEST_PATH or path.count("/") >= DEEPEST


def path_problem(path: str, *, windows: bool = False) -> str | None:
    """Reason why a member's path is not written; None for a plain one below the folder."""
    if is_too_long(path):
        return TOO_LONG
    if path.startswith("/"):
        return "its path is absolute"
    if "\0" in path:
        return "its name holds a NUL"
    names = path.split("/")
    if ".." in names:
        return "its path leads out of the folder"
    if any(name in ("", ".") for name in names):
        return "a part of its path is empty"
    if windows and any(sign in path for sign in _ONLY_ELSEWHERE):
        return "its name cannot stand on Windows"
    return windows_reason(path) if windows else None


def link_problem(member: Member) -> str | None:
    """Reason why a link is not made; None for one that stays below the folder."""
    target = member.target or ""
    if not target or "\0" in target:
        return "the link leads nowhere"
    if len(target) > LONGEST_TARGET:
        return f"the link leads to {target:.200}..., and has more than {LONGEST_TARGET:,} characters"
    if target.startswith(("/", "\\")) or target[1:2] == ":":
        return f"the link leads to {target:.200}, which is absolute"
    at = member.path.split("/")[:-1]
    for name in target.replace("\\", "/").split("/"):
        if name == "..":
            if not at:
                return f"the link leads to {target:.200}, out of the folder"
            at.pop()
        elif name not in ("", "."):
            at.append(name)
    return None


def problem_of(member: Member, *, windows: bool = False) -> str | None:
    """Reason why a member is not restored."""
    return path_problem(member.path, windows=windows) or (link_problem(member) if member.kind is Kind.LINK else None)


def obeyed_problem(member: Member, where: str) -> str | None:
    """Reason why a member of a stranger's archive is left out, as `down` leaves one out; None for an ordinary one.

    `where`: its path, the unit's before it.
    """
    refusal = obeyed_refusal(where)
    return refusal.reason if refusal else control_reason(where) or control_reason(member.target or "")


RESTORED = ".restored-"
"""Part of the name of a file that was restored beside another one."""


def aside(name: str, stamp: str) -> str:
    """Name for a restored file where another one stands: `cut.restored-20260101-120000.mp4`."""
    stem, dot, ending = name.rpartition(".")
    return f"{stem}{RESTORED}{stamp}.{ending}" if dot and stem else f"{name}{RESTORED}{stamp}"
