"""Deleting trees in places that others can write: nothing is followed, and no depth needs the stack or open folders."""

from __future__ import annotations

import os
import stat
import uuid

from s3sync.disk import checks
from s3sync.disk.guarded import GuardedFolder


def remove_tree(folder: GuardedFolder, name: str) -> None:
    """Delete a file, a link, or a folder with all that is below it. Raises `OSError`."""
    if not is_folder(folder.lstat(name)):
        folder.unlink(name)
        return
    with folder.folder(name) as inner:
        clear(inner)
    folder.rmdir(name)


def clear(folder: GuardedFolder) -> None:
    """Delete all that is in a folder. Raises `OSError`."""
    names = folder.names()
    while names:
        name = names.pop()
        found = folder.find(name)
        if found is not None and is_folder(found):
            names += _hoist(folder, name)
        else:
            folder.unlink(name, missing_ok=True)


def is_folder(status: os.stat_result) -> bool:
    """True if it is a folder, and no link to one."""
    return stat.S_ISDIR(status.st_mode) and not checks.is_link(status)


def _hoist(folder: GuardedFolder, name: str) -> list[str]:
    """Move the folders of a folder up under fresh names, and delete its files and itself; gives the fresh names."""
    fresh: list[str] = []
    with folder.folder(name) as inner:
        for below, status in inner.entries():
            if is_folder(status):
                fresh.append(uuid.uuid4().hex)
                inner.rename(below, fresh[-1], folder)
            else:
                inner.unlink(below, missing_ok=True)
    folder.rmdir(name)
    return fresh
