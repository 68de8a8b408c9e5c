"""Two names for one place: a mount of the other, a second way to one disk or server. What goes from one goes from both.

Paths do not tell it. So whoever deletes in A what B holds first puts a mark into A, and looks for it in B; and two
files of this disk are compared by their folders.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import md5
from pathlib import Path

from s3sync.config.schemes import scheme_of
from s3sync.core.names import STATE_DIR, nfc, without_case
from s3sync.disk.errors import local_errors
from s3sync.disk.tree import find_below, parent_of
from s3sync.errors import LocalError, StoreError, TargetChanged, UsageError
from s3sync.local.room import state_room
from s3sync.local.scan import LocalFile
from s3sync.pairs.values import Folder, Found, Place
from s3sync.store.port import Headers, Overwrite

_MARK = re.compile(r"apart-[0-9a-f]{16}")
MARK_S = 24 * 3600
"""Seconds after which a mark is one that a killed run left."""


def refuse_one_place(a: Place, b: Place, *, marks: bool = True) -> None:
    """Raise `UsageError` where what is put into A is in B, too. Without `marks` only two folders are compared.

    Where nothing may be put into A, nothing is found out.
    """
    ways = [(a, b)] + ([(b, a)] if _is_no_bucket(b) else []) if marks else []
    if _is_one_folder(a, b) or any(_shows_mark(one, two) for one, two in ways):
        raise UsageError(
            f"{a.shown} and {b.shown} are one place under two names",
            why="what is deleted in the one would be gone from the other, too",
            hint="nothing was deleted; name two places that are apart",
        )


def _is_no_bucket(place: Place) -> bool:
    """True for what may be the folder behind another name: servers of such remember what they have not, so that a mark
    is looked for both ways. Into a bucket none is put that need not be."""
    return isinstance(place, Folder) or not scheme_of(place.settings.store).has_server


def _shows_mark(marked: Place, other: Place) -> bool:
    name = f"apart-{secrets.token_hex(8)}"
    with _marked(marked, name) as is_there:
        return is_there and _shows(other, name)


def _is_one_folder(a: Place, b: Place) -> bool:
    one, two = _folder_of(a), _folder_of(b)
    try:
        return one is not None and two is not None and one.samefile(two)
    except OSError:
        return False


def _folder_of(place: Place) -> Path | None:
    """The folder that a place is, also of a store; None for a place that has none here."""
    if isinstance(place, Folder):
        return place.root
    address = place.settings.store
    return Path(address.partition("://")[2]) if scheme_of(address).is_folder else None


def refuse_one_file(path: str, a: LocalFile, b: LocalFile) -> None:
    """Raise `LocalError` where two files are one under one name, in a folder that has two. Raises `OSError`.

    Two names of one file in one folder, or in two folders, are hard links: each stays when the other goes.
    """
    (one, name), (two, other) = parent_of(a.where, a.depth), parent_of(b.where, b.depth)
    first, second = one.lstat(name), two.lstat(other)
    if not os.path.samestat(first, second):
        return
    is_one_name = without_case(nfc(name)) == without_case(nfc(other))
    if first.st_nlink == 1 or (is_one_name and one.identity == two.identity):
        raise LocalError(
            f"{path} stays: it is the very file that the other place holds",
            why=f"{os.path.dirname(a.where)} and {os.path.dirname(b.where)} are one folder under two names",  # noqa: PTH120
            hint="nothing of it was deleted; name two places that are apart",
        )


def refuse_gone(path: str, held: Found | None, place: Place) -> None:
    """Raise `TargetChanged` where a folder has no more the file that it was seen to have.

    A change of its mode or its names is none of its content.
    """
    if held is None or held.file is None:
        return
    with local_errors("cannot look at", held.file.where):
        try:
            folder, name = parent_of(held.file.where, held.file.depth)
            now = folder.find(name)
        except FileNotFoundError:
            now = None
    if now is None or not held.file.is_renamed(now):
        raise not_held(path, place)


def not_held(path: str, place: Place) -> TargetChanged:
    """Error for a file that B does not hold any more as it was proven."""
    return TargetChanged(
        f"{path} stays where it is: {place.shown} does not hold it any more",
        why="it was changed or deleted there after it was compared, and this may be the last copy",
        hint="nothing of it was deleted; run the command again",
    )


@contextmanager
def _marked(place: Place, name: str) -> Iterator[bool]:
    """An empty file beside the place's own records, gone afterwards; False where none can be made. What a killed run
    left goes with it."""
    made = False
    try:
        with suppress(LocalError, StoreError, OSError):
            with suppress(LocalError, StoreError, OSError, ValueError):  # the mark counts, whatever is left of others
                _sweep(place)
            _mark(place, name)
            made = True
        yield made
    finally:
        with suppress(LocalError, StoreError, OSError):
            if isinstance(place, Folder):
                with state_room(place.root) as room:
                    room.unlink(name, missing_ok=True)
            else:
                place.store.delete(place.key(f"{STATE_DIR}/{name}"))


def _sweep(place: Place) -> None:
    if isinstance(place, Folder):
        with state_room(place.root) as room:
            for left in [one for one in room.names() if _MARK.fullmatch(one)]:
                found = room.lstat(left)
                if found.st_size == 0 and time.time() - found.st_mtime > MARK_S:
                    room.unlink(left, missing_ok=True)
        return
    for info in place.store.list(place.key(f"{STATE_DIR}/apart-")):
        is_old = info.size == 0 and time.time() - info.modified.timestamp() > MARK_S
        if is_old and _MARK.fullmatch(info.key.rpartition("/")[2]):
            place.store.delete(info.key)


def _mark(place: Place, name: str) -> None:
    if isinstance(place, Folder):
        with state_room(place.root) as room:
            os.close(room.create(name))
        return
    empty = md5(b"", usedforsecurity=False).digest()
    place.store.put(place.key(f"{STATE_DIR}/{name}"), b"", mode=Overwrite(), headers=Headers(), md5=empty)


def _shows(place: Place, name: str) -> bool:
    path = f"{STATE_DIR}/{name}"
    with suppress(StoreError, OSError):
        if isinstance(place, Folder):
            return find_below(os.fspath(place.root), path) is not None
        place.store.head(place.key(path))
        return True
    return False
