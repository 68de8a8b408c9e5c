"""The folders of a tree that others can write, such as the staging folder, reached from its root through no link."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from s3sync.disk.guarded import GuardedFolder

KEPT = 16
"""Folders that are kept open: files come folder by folder. macOS lets a program have 256 open files."""

_kept: OrderedDict[tuple[str, ...], GuardedFolder] = OrderedDict()
_lock = threading.Lock()


def folder_below(root: str, names: Sequence[str] = (), *, create: bool = False) -> GuardedFolder:
    """The folder that these names lead to from `root`; do not close it, it may be given to others, too.

    It is the one that stands there now: a folder that was moved away or swapped since is opened anew. `create` makes
    what is missing. Raises `OSError`, and of it `Refused` for a link.
    """
    key = (root, *names)
    for depth in range(len(key), 0, -1):
        nearest = _known(key[:depth])
        if nearest is not None:
            break
    else:
        depth, nearest = 1, _remember(key[:1], GuardedFolder.open(root, shared=True))
    if depth == len(key):
        return nearest
    for name in key[depth:]:
        nearest = nearest.folder(name, create=0o777 if create else None)
    return _remember(key, nearest)


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
        _kept[key] = folder
        _kept.move_to_end(key)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return folder
