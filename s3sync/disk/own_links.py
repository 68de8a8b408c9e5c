"""End of a path through links of the user's own, and of whoever runs the computer, and through nobody else's.

Whoever may write in a shared folder can put a link in the place of a folder there at any moment, also of one that the
user's own settings name. Where that leads is no longer the user's to say.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from s3sync.disk import checks
from s3sync.disk.errors import Refused

_MOST_LINKS = 40
"""Links on one way, as for the system: those of a circle lead nowhere."""
_HINT = "look at where it leads, and name that folder itself if it is the one you mean"


def own_end(path: str | os.PathLike[str]) -> str:
    """`os.path.realpath`, through no link of another user: for one `Refused` is raised.

    No name of the result was a link, so that a straight way to it ends where one of them is a link later.
    """
    if os.name != "posix":
        return os.path.realpath(path)
    whole = Path(path).absolute()
    here, links = Path(whole.anchor), 0
    left = list(reversed(whole.parts[1:]))
    while left:
        name = left.pop()
        if name == "..":
            here = here.parent
            continue
        target = _target(here / name)
        if target is None:
            here /= name
            continue
        links += 1
        if links > _MOST_LINKS:
            raise Refused(errno.ELOOP, "its links lead in a circle", os.fspath(path))
        here = Path(target.anchor or here)
        left += reversed(target.parts[1:] if target.anchor else target.parts)
    return os.fspath(here)


def _target(path: Path) -> Path | None:
    """Where a link of the user's own leads; None for what is no link, or cannot be looked at. Raises `Refused`.

    It is looked at once more after it was read: another user's may have had its place for that moment.
    """
    try:
        before = path.lstat()
        if not checks.is_link(before):
            return None
        if checks.is_ours(before):
            target, after = path.readlink(), path.lstat()
            if os.path.samestat(before, after) and before.st_ctime_ns == after.st_ctime_ns:
                return target
    except OSError:
        return None
    raise Refused(errno.ELOOP, f"it is a link of another user, and leads to {_end(path)}", str(path), hint=_HINT)


def _end(path: Path) -> str:
    """End of a link as it is shown; the link itself where it is exchanged while it is followed."""
    try:
        return os.path.realpath(path)
    except OSError:
        return os.fspath(path)
