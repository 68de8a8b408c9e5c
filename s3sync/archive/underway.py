"""Names of files on their way onto the disk, and of marks beside files, and what a killed run left of them."""

from __future__ import annotations

import os
import re
import stat
import time
from contextlib import suppress

from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.locks import try_lock

_NAME = re.compile(r"\.s3sync-[0-9a-f]{32}")
PATTERN = ".s3sync-" + "[0-9a-f]" * 32
"""Pattern of such paths, which are never archived."""
MARKS = ".s3sync-apart-" + "[0-9a-f]" * 16
"""Pattern of marks: empty files that are there for a moment, to see whether two places are one."""
_MARK = re.compile(r"\.s3sync-apart-[0-9a-f]{16}")
MARK_S = 24 * 3600
"""Seconds after which a mark is one that a killed run left."""
KEPT_OPEN = os.name != "nt"
"""True where a file can get its name while it is open. Only there a lock says that somebody is writing it."""


def begin(folder: GuardedFolder) -> tuple[str, int]:
    """Make a new file, which is locked as long as its descriptor is open. Returns its name and the descriptor."""
    while True:
        name = f".s3sync-{os.urandom(16).hex()}"
        descriptor = folder.create(name)
        if KEPT_OPEN:
            with suppress(OSError):  # a disk without locks: nobody takes away what lies there
                try_lock(descriptor)
            if folder.find(name) is None:  # another restore took it for a leftover before it was locked
                os.close(descriptor)
                continue
        return name, descriptor


def sweep(folder: GuardedFolder) -> None:
    """Remove what a restore that was killed left here. Files that another one is writing stay."""
    for name in folder.names() if KEPT_OPEN else ():
        if _NAME.fullmatch(name):
            with suppress(OSError):
                descriptor = folder.open_read(name)
                try:
                    if try_lock(descriptor):
                        folder.unlink(name)
                finally:
                    os.close(descriptor)


def mark_name() -> str:
    return f".s3sync-apart-{os.urandom(8).hex()}"


def is_left_mark(path: str, size: int, modified_s: float) -> bool:
    """True for a mark, by its path or key, that nobody takes away any more."""
    is_one = _MARK.fullmatch(path.rpartition("/")[2]) is not None
    return is_one and size == 0 and time.time() - modified_s > MARK_S


def sweep_marks(folder: GuardedFolder) -> None:
    """Remove marks that a killed run left in a folder."""
    for name in folder.names():
        if _MARK.fullmatch(name):
            with suppress(OSError):
                found = folder.lstat(name)
                if stat.S_ISREG(found.st_mode) and is_left_mark(name, found.st_size, found.st_mtime):
                    folder.unlink(name)
