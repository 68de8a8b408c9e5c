"""Links in a path that the user typed: those of a repository lead nowhere outside of it, those of others nowhere.

Whoever commits to a repository can put a link there under any name, to any folder of whoever clones it. So can whoever
may write in a shared folder, at any moment, in the place of the folder that was meant. Links of the user's own, and of
whoever runs the computer, are followed.
"""

from __future__ import annotations

import os
from pathlib import Path

from s3sync.config.locate import find_repo_root
from s3sync.disk.checks import is_link, is_ours
from s3sync.disk.errors import local_errors
from s3sync.errors import UsageError

_MOST_LINKS = 40
"""Links on one way, as for the system: those of a circle lead nowhere."""


def end_of(path: Path, shown: str, what: str = "folder") -> Path:
    """End of an absolute path, through links, as the system follows them. What it names need not be there.

    Raises `UsageError` where a link in a repository leads out of it, directly or by another link, and for a link that
    another user made; `LocalError`.
    """
    return _end(path, shown, what, _MOST_LINKS)


def _end(path: Path, shown: str, what: str, most: int) -> Path:
    here = Path(path.anchor)
    for name in path.parts[1:]:
        here = here.parent if name == ".." else _step(here / name, shown, what, most)
    return here


def _step(path: Path, shown: str, what: str, most: int) -> Path:
    """End of one name in a folder without links: itself, unless it is a link."""
    with local_errors("cannot read", path):
        try:
            status = os.lstat(path)
            if not is_link(status):
                return path
            target = path.parent / path.readlink()
        except (FileNotFoundError, NotADirectoryError):
            return path
    repository = find_repo_root(path.parent)
    with local_errors("cannot follow", path):  # a link that is exchanged meanwhile
        end = Path(os.path.realpath(path))
    hint = f"look at where it leads, and name that {what} itself if it is the one you mean"
    if repository is not None and not end.is_relative_to(repository):
        raise UsageError(
            f"{shown} leads out of the repository {repository}",
            why=f"{path} is a link to {end}: whoever commits to the repository can have made it",
            hint=hint,
        )
    if not is_ours(status):
        raise UsageError(f"{shown} leads through a link of another user", why=f"{path} leads to {end}", hint=hint)
    return _end(target, shown, what, most - 1) if most and os.name == "posix" else end
