"""The current folder as the system says it, and folders that a caller names.

What the system says has no links. Followed once more, by a name in a folder where others may write, it would lead
wherever one of them has just put a link, as if the user had gone there.
"""

from __future__ import annotations

import os
from pathlib import Path

from s3sync.disk.errors import local_errors
from s3sync.disk.own_links import own_end

_said: tuple[Path, os.stat_result] | None = None
"""The current folder's path when the system was last asked for it, and what had it then."""


def current_folder() -> Path:
    """The current folder, without links. Raises `FileNotFoundError` where it was deleted."""
    global _said
    found = Path.cwd() if os.name == "posix" else Path(os.path.realpath(Path.cwd()))
    try:
        _said = (found, os.stat("."))  # noqa: PTH116 (the folder itself, whatever has its name now)
    except PermissionError:  # closed to this user, as to one of `sudo -u`: nothing can be reached from it
        _said = None
    return found


def typing_folder() -> Path:
    """Folder in which commands that are shown would be typed: the current one, or the topmost where that is gone."""
    try:
        return current_folder()
    except FileNotFoundError:
        return Path(Path.home().anchor)


def named_folder(path: str | os.PathLike[str]) -> Path:
    """Folder that a caller names: whole, and without links. The current one is what the system says.

    Links of the user's own, and of whoever runs the computer, are followed. Raises `LocalError` for one of another,
    and `FileNotFoundError` for a path that begins in the current folder where that was deleted.
    """
    named = Path(path)
    try:
        here = current_folder()
    except FileNotFoundError:
        if not named.is_absolute():
            raise
        here = Path(named.anchor)
    whole = here / named
    if whole == here:
        return here
    with local_errors("cannot use", whole):
        return Path(own_end(whole))


def on_the_way(path: str) -> os.stat_result | None:
    """The folder of this path that the current one really lies in, or is; None where it is not on the way to that.

    It is reached from the current folder upwards: none of its names is asked for.
    """
    if _said is None or not _said[0].is_relative_to(path):
        return None
    steps = len(_said[0].relative_to(path).parts)
    try:
        now = os.stat(".")  # noqa: PTH116
        return os.stat(os.path.join(".", *[".."] * steps)) if os.path.samestat(now, _said[1]) else None  # noqa: PTH116, PTH118
    except OSError:
        return None
