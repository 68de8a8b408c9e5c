"""Names of files on their way onto the disk, and what a killed restore left of them."""

from __future__ import annotations

import os
import re
from contextlib import suppress

from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.locks import try_lock

_NAME = re.compile(r"\.s3sync-[0-9a-f]{32}")
PATTERN = ".s3sync-" + "[0-9a-f]" * 32
"""Pattern of such paths, which are never archived."""
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
