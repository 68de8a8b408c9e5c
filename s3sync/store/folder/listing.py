"""Listings of a folder store: complete, or an error."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterator
from itertools import islice

from s3sync.disk.errors import Refused, reason_of
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import StoreError
from s3sync.store.folder.errors import disk_error, odd, what_is
from s3sync.store.folder.layout import Layout, is_reserved
from s3sync.store.folder.objects import current, info_of, known
from s3sync.store.port import ObjectInfo

_FILE, _FOLDER, _ODD = "f", "d", "o"
_SHOWN = 3
_PACK_AT_ONCE = 1000
MOST_DEPTH = 512
"""Folders that may lie in one another. A key has 1,024 bytes at most, and each folder takes two; to reach one costs as
much as it is deep, and somebody can make a chain of thousands in a second."""


def walk(layout: Layout, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
    """Every object below a prefix, or those of them whose key comes behind another one.

    Anything that cannot be read raises: a listing is complete or it is an error.
    """
    pending = [(layout.spot_of_prefix(prefix), prefix)]
    while pending:
        names, above = pending.pop()
        folder = _open(layout, names)
        if folder is None:
            continue
        for name, kind in _entries(folder):
            if not above and is_reserved(name):
                continue
            if kind == _ODD:
                raise _odd(folder, name)
            key = above + layout.spelled(name, folder.path)
            if kind == _FOLDER:
                if len(names) == MOST_DEPTH:
                    raise _too_deep(layout, names)
                if f"{key}/" > after or after.startswith(f"{key}/"):
                    pending.append(((*names, name), f"{key}/"))
            elif key > after:
                yield from _listed(layout, folder, name, key)
    layout.require()


def folders(layout: Layout, prefix: str) -> Iterator[str]:
    """The folders directly below a prefix. Links are none."""
    folder = _open(layout, layout.spot_of_prefix(prefix))
    for name, kind in _entries(folder) if folder else ():
        if kind == _FOLDER and (prefix or not is_reserved(name)):
            yield layout.spelled(name, prefix)
    layout.require()


def _open(layout: Layout, names: tuple[str, ...]) -> GuardedFolder | None:
    """The folder, None for one that is not there: one that was just pruned is empty.

    One on a disk that was just unmounted is not.
    """
    try:
        if layout.is_exact(names):
            return layout.folder(*names)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except Refused as error:
        if not _is_file(layout, names):
            raise _odd_folder(layout, names, error) from error
    except OSError as error:
        raise disk_error(error, "list", "/".join(names)) from error
    layout.require()
    return None


def _is_file(layout: Layout, names: tuple[str, ...]) -> bool:
    """True if a plain file stands where one of the folders would be: then nothing is below it."""
    try:
        for depth in range(len(names)):
            mode = layout.folder(*names[:depth]).lstat(names[depth]).st_mode
            if not stat.S_ISDIR(mode):
                return stat.S_ISREG(mode)
    except OSError:
        pass
    return False


def _odd(folder: GuardedFolder, name: str) -> StoreError:
    where = f"{folder.path}{os.sep}{name}"
    try:
        why = what_is(folder.lstat(name), where)
    except OSError as error:
        why = reason_of(error)
    return odd(f"cannot list {folder.path}", where, why)


def _too_deep(layout: Layout, names: tuple[str, ...]) -> StoreError:
    where = f"{layout.root}/{'/'.join(names[:_SHOWN])[:200]}"
    return odd(f"cannot list {layout.root}", where, f"more than {MOST_DEPTH} folders lie in one another there")


def _odd_folder(layout: Layout, names: tuple[str, ...], error: Refused) -> StoreError:
    return odd(f"cannot list {layout.root}/{'/'.join(names)}", str(error.filename), error.why)


def _entries(folder: GuardedFolder) -> Iterator[tuple[str, str]]:
    """What stands in a folder: each name with its kind.

    All are read before the first is given: a folder that changes while it is open may lose some of them on some disks.
    They are packed, as a folder may hold a film in single frames: a name then takes a few bytes.
    """
    packs: list[bytes] = []
    try:
        with folder.scandir() as entries:
            while some := "\0".join(_kind(entry) + entry.name for entry in islice(entries, _PACK_AT_ONCE)):
                packs.append(zlib.compress(some.encode("utf-8", "surrogatepass"), 1))
    except (FileNotFoundError, NotADirectoryError):
        return  # pruned meanwhile; whether the store is still there is asked at the end of the listing
    except OSError as error:
        raise disk_error(error, "list", folder.path) from error
    for pack in packs:
        for entry in zlib.decompress(pack).decode("utf-8", "surrogatepass").split("\0"):
            yield entry[1:], entry[0]


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink() or (hasattr(entry, "is_junction") and entry.is_junction()):
        return _ODD
    if entry.is_dir(follow_symlinks=False):
        return _FOLDER
    return _FILE if entry.is_file(follow_symlinks=False) else _ODD


def _listed(layout: Layout, folder: GuardedFolder, name: str, key: str) -> Iterator[ObjectInfo]:
    try:
        record = known(layout, key, folder.lstat(name))
        if record:
            yield info_of(record)
            return
    except FileNotFoundError:
        layout.require()
        return
    except OSError as error:
        raise disk_error(error, "list", repr(key)) from error
    there = current(layout, key)
    if there:
        yield info_of(there)
