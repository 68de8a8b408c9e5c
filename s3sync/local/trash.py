"""The trash of this computer, `.s3sync/trash/<when>/`: what was replaced or deleted here, until somebody empties it.

The files in it may be other people's, where several share a staging folder.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from s3sync.core.names import STATE_DIR
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.remove import clear, is_folder
from s3sync.disk.tree import folder_below
from s3sync.local.place import prune_empty_folders
from s3sync.local.room import known_room

TRASH = "trash"


def trashed(staging: Path) -> Iterator[tuple[Path, int]]:
    """Every file in the trash, with its size in bytes. No link is followed."""
    folder = _trash(staging)
    if folder is None:
        return
    with folder, local_errors("cannot read", folder.path):
        below: list[tuple[str, ...]] = [()]
        while below:
            names = below.pop()
            here = folder_below(os.fspath(staging), (STATE_DIR, TRASH, *names))
            for name, status in here.entries():
                if is_folder(status):
                    below.append((*names, name))
                elif stat.S_ISREG(status.st_mode):
                    yield Path(here.path, name), status.st_size


def delete_trashed(staging: Path, file: Path) -> None:
    """Delete a file that `trashed` named, and the folders that it leaves empty."""
    with local_errors("cannot delete", file):
        *names, name = file.relative_to(staging).parts
        with contextlib.suppress(FileNotFoundError):
            folder_below(os.fspath(staging), names).unlink(name, missing_ok=True)
    prune_empty_folders(file.parent, staging / STATE_DIR / TRASH)


def empty_trash(staging: Path) -> None:
    folder = _trash(staging)
    if folder is not None:
        with folder, local_errors("cannot delete", folder.path):
            clear(folder)


def _trash(staging: Path) -> GuardedFolder | None:
    return known_room(staging, TRASH, shared=True)
