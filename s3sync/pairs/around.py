"""A folder store around a place: what lies in one is written by it, and never gets a store of its own inside of it.

A store within a store would have its records listed by the outer one as files of a project.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from s3sync.config.leading import end_of
from s3sync.disk.errors import local_errors
from s3sync.errors import UsageError
from s3sync.store.folder.layout import RESERVED
from s3sync.store.folder.marker import MARKER


def store_around(address: str) -> tuple[str, str]:
    """Address of the store that a folder's address is in, and the prefix there: itself and "", unless one is around.

    Raises `UsageError` for one that neither this user nor the owner of its folder made: it was put around the place.
    """
    scheme, _, path = address.partition("://")
    place = end_of(Path(path), address)
    if _is_store(place):
        return address, ""
    around = next((folder for folder in place.parents if _is_store(folder)), None)
    if around is None:
        return address, ""
    if not _is_trusted(around):
        raise UsageError(
            f"{address} lies in the folder store {around}",
            why="which neither you nor the owner of that folder made",
            hint="name a folder outside of it, or ask whoever made it",
        )
    return f"{scheme}://{around.as_posix()}", f"{place.relative_to(around).as_posix()}/"


def _is_store(folder: Path) -> bool:
    with local_errors("cannot read", folder):
        try:
            return stat.S_ISREG(os.lstat(folder / RESERVED / MARKER).st_mode)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return False


def _is_trusted(folder: Path) -> bool:
    if os.name == "nt":
        return True
    with local_errors("cannot read", folder):
        made_by = os.lstat(folder / RESERVED).st_uid
        return made_by in (os.getuid(), os.lstat(folder).st_uid)
