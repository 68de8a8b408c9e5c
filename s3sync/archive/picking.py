"""Members of an archive that a user names."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase


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
