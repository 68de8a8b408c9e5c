"""The folders of a tree that others can write, such as the staging folder, reached from its root through no link."""

from __future__ import annotations

import itertools
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from s3sync.disk.errors import Refused
from s3sync.disk.guarded import GuardedFolder

KEPT = 16
"""Folders that are kept open: files come folder by folder. macOS lets a program have 256 open files."""

_users = 0
_kept: OrderedDict[tuple[str, ...], GuardedFolder] = OrderedDict()
_lock = threading.Lock()


@contextmanager
def kept_folders() -> Iterator[None]:
    """Keep folders open from one file to the next while the block runs, in all threads, and none after it.

    A folder that is held open keeps its disk from being ejected.
    """
    global _users
    with _lock:
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                _kept.clear()


def folder_below(root: str, names: Sequence[str] = (), *, create: int | None = None) -> GuardedFolder:
    """The folder that these names lead to from `root`; do not close it, it may be given to others, too.

    It is the one that stands there now: a folder that was moved away or swapped since is opened anew. `create` makes
    what is missing, with this mode. Raises `OSError`, and of it `Refused` for a link, also for one above `root`: that
    is a path without links when a command begins, and what is one later was put there to lead elsewhere.
    """
    key = (root, *names)
    for depth in range(len(key), 0, -1):
        nearest = _known(key[:depth])
        if nearest is not None:
            break
    else:
        depth, nearest = 1, _remember(key[:1], GuardedFolder.open(root, shared=True, straight=True))
    if depth == len(key):
        return nearest
    for name in key[depth:]:
        nearest = nearest.folder(name, create=create)
    return _remember(key, nearest)


def make_straight(path: Path, dress: Callable[[GuardedFolder, GuardedFolder], None] | None = None) -> None:
    """Make a folder, and what is missing above it, behind no link. Raises `OSError`.

    `dress` is given the nearest folder that was there, and each new one before anything is made in that.
    """
    missing = list(itertools.takewhile(lambda one: not os.path.lexists(one), (path, *path.parents)))
    if not missing:
        return
    nearest = made = GuardedFolder.to_search(os.fspath(missing[-1].parent))
    for one in reversed(missing):
        made = made.folder(one.name, create=0o777)
        if dress is not None:
            dress(nearest, made)


def parent_of(path: str, depth: int) -> tuple[GuardedFolder, str]:
    """The folder of a file and its name in it; its last `depth` names stand below a root that is trusted."""
    root, *names = path.rsplit(os.sep, depth)
    if len(root) < 3 and not root.endswith(os.sep):  # "" for the root itself, "C:" for that of a drive
        root += os.sep
    return folder_below(root, names[:-1]), names[-1]


class Found(NamedTuple):
    folder: GuardedFolder
    name: str
    status: os.stat_result


def find_below(root: str, path: str) -> Found | None:
    """Status of a path, with `/` between its names, below `root`; None when nothing has it, or a link is on the way."""
    *names, name = path.split("/")
    try:
        folder = folder_below(root, names)
        return Found(folder, name, folder.lstat(name))
    except (FileNotFoundError, Refused):
        return None


def _known(key: tuple[str, ...]) -> GuardedFolder | None:
    with _lock:
        found = _kept.get(key)
        if found is not None:
            _kept.move_to_end(key)
    if found is None or found.is_in_place:
        return found
    with _lock:
        if _kept.get(key) is found:
            del _kept[key]
    return None


def _remember(key: tuple[str, ...], folder: GuardedFolder) -> GuardedFolder:
    """Whoever still uses a folder that makes room for it keeps it open: it is closed with its last reference."""
    with _lock:
        if _users:
            _kept[key] = folder
            _kept.move_to_end(key)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return folder
