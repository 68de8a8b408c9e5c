"""Links in a path that the user typed: those of a repository lead nowhere outside of it.

Whoever commits to a repository can put a link there under any name, to any folder of whoever clones it. Links outside
of repositories are the user's own, and are followed.
"""

from __future__ import annotations

import os
from pathlib import Path

from s3sync.config.locate import find_repo_root
from s3sync.disk.checks import is_link
from s3sync.disk.errors import local_errors
from s3sync.errors import UsageError


def end_of(path: Path, shown: str, what: str = "folder") -> Path:
    """End of an absolute path, through links, as the system follows them. What it names need not be there.

    Raises `UsageError` where a link in a repository leads out of it, directly or by another link; `LocalError`.
    """
    here = Path(path.anchor)
    for name in path.parts[1:]:
        here = here.parent if name == ".." else _step(here / name, shown, what)
    return here


def _step(path: Path, shown: str, what: str) -> Path:
    """End of one name in a folder without links: itself, unless it is a link."""
    with local_errors("cannot read", path):
        try:
            if not is_link(os.lstat(path)):
                return path
        except (FileNotFoundError, NotADirectoryError):
            return path
    repository, end = find_repo_root(path.parent), Path(os.path.realpath(path))
    if repository is not None and not end.is_relative_to(repository):
        raise UsageError(
            f"{shown} leads out of the repository {repository}",
            why=f"{path} is a link to {end}: whoever commits to the repository can have made it",
            hint=f"look at where it leads, and name that {what} itself if it is the one you mean",
        )
    return end
