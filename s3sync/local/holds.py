"""Names that the disk of a staging folder can hold: exFAT, FAT and NTFS refuse some that other disks take."""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from pathlib import Path

from s3sync.core.names import STATE_DIR, nfc, windows_reason
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import LocalError

_CHARACTER = re.compile(r'[<>:"|?*\\]')
_ENDS = (".", " ")
WINDOWS = os.name == "nt"


def refused_here(path: str) -> str | None:
    """Reason why this computer cannot have a file of a path that is synced elsewhere; None when it can.

    Windows would not refuse all of them: of some it makes another file, or the stream of one.
    """
    return windows_reason(path) if WINDOWS else None


def ignores_case(staging: Path) -> bool:
    """True if the staging folder's disk takes two names that differ only in case for one."""
    return any(_found_in_another_case(path) for path in (staging / STATE_DIR, staging))


def _found_in_another_case(path: Path) -> bool:
    """True if a folder is found under a spelling that no entry has.

    Inodes alone do not tell: some drivers (exFAT in user space) give each spelling an inode of its own.
    """
    other = path.with_name(path.name.swapcase())
    if other.name == path.name or not (os.path.isdir(path) and os.path.isdir(other)):  # noqa: PTH112 (no errors)
        return False
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        return all(entry.name != other.name for entry in entries)
    return False


def require_holdable(path: str, folder: GuardedFolder) -> None:
    """Raises `LocalError` when the disk of `folder` cannot hold the names in a path.

    A disk says only "no such file" or "invalid argument" of such a name, and some shorten it instead. So a folder of
    that name is made in `folder`, one of our own, and looked for. Only names that Windows refuses are tried.
    """
    if windows_reason(path) is None:
        return
    for segment in path.split("/"):
        if windows_reason(segment) is not None and not _holds(folder, segment):
            raise LocalError(
                f"cannot be kept here: {_reason(segment)}",
                hint="ask for it to be renamed, or move the repository to another disk (not exFAT, FAT or NTFS)",
            )


def _holds(folder: GuardedFolder, name: str) -> bool:
    trial = uuid.uuid4().hex
    with local_errors("cannot write", folder.path):
        room = folder.folder(trial, create=0o700)
    try:
        room.mkdir(name)
        return [nfc(found) for found in room.names()] == [nfc(name)]
    except OSError:
        return False
    finally:
        with room, contextlib.suppress(OSError):
            room.rmdir(name)
        with contextlib.suppress(OSError):
            folder.rmdir(trial)


def _reason(name: str) -> str:
    found = _CHARACTER.search(name)
    if found:
        return f"this disk cannot hold {found[0]!r} in a name"
    if name.endswith(_ENDS):
        return "this disk cannot hold a name that ends in a dot or a blank"
    return f"this disk cannot hold the name {name!r}"
