"""Trust in a directory entry, before bytes are destroyed for good."""

from __future__ import annotations

import os
import time
from functools import cache
from pathlib import Path

from s3sync.errors import LocalError, SourceChanged
from s3sync.local.digests import Digests, digest, digest_xxh3
from s3sync.local.room import trial_file
from s3sync.local.scan import LocalFile

WINDOWS = os.name == "nt"
CTIME_TICK_S = 0.03
"""Longer than between two ticks of the clock that a disk of POSIX takes its times from."""


def holds(file: LocalFile, digests: Digests) -> bool:
    """True if the file's bytes, which are read, have these digests. False as well when it changes meanwhile."""
    try:
        if digests.xxh3:
            return digest_xxh3(file) == digests.xxh3
        return digest(file).md5 == digests.md5
    except SourceChanged:
        return False


@cache
def ctime_tells(staging: Path, device: int) -> bool:
    """True if the disk of a staging folder moves a file's ctime with every change, tried on a file of ours.

    False for files on another disk, on Windows, on FAT and exFAT, and on network disks that answer from a cache.
    """
    if WINDOWS:
        return False
    name = "ctime-trial"
    try:
        with trial_file(staging, name) as (room, descriptor):
            os.write(descriptor, b"one")
            first = os.fstat(descriptor)
            time.sleep(CTIME_TICK_S)
            os.pwrite(descriptor, b"two", 0)
            room.utime(name, first.st_mtime_ns)
            last = os.fstat(descriptor)
    except (OSError, LocalError):
        return False
    return last.st_dev == device and last.st_ctime_ns > first.st_ctime_ns
