"""A disk in memory for the folders of tests, where there is room for it.

A command of the suite waits for some ten `fsync`s, each of some milliseconds on a disk, and the system writes a journal
for them. What they are for, no test can see: none takes the power away.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

DISK = Path("/dev/shm")
ROOM_BYTES = 12 << 30
"""Of memory and of that disk. The suite holds a gigabyte at a time, and its servers and programs have the rest."""
LARGE = ("S3SYNC_BIG", "S3SYNC_CRASH")
"""With these a test writes many gigabytes."""
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def place() -> Path | None:
    """The disk, or None where there is none, or too little room."""
    if sys.platform != "linux" or not DISK.is_mount() or any(name in os.environ for name in LARGE):
        return None
    return DISK if min(shutil.disk_usage(DISK).free, _available(), *map(_limit, LIMITS)) >= ROOM_BYTES else None


def _available() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def _limit(file: str) -> int:
    """What a container is given."""
    try:
        return int(Path(file).read_text())
    except (OSError, ValueError):  # there is no such file, or it says "max"
        return sys.maxsize
