"""One folder by two mounts, as on a NAS that has it and mounts it: what is deleted by the one is gone by the other.

Paths do not tell it, and the numbers of the files are those of each mount. A file that is made in the one shows in the
other (decision 0167).
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from s3sync.archive import underway
from s3sync.core.archive.values import Member
from s3sync.core.names import nfc
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.own_links import own_end
from s3sync.disk.tree import folder_below

PATIENCE_S, LOOK_S = 2.0, 0.1
"""Seconds in which a share shows what was made behind its back, or passes on what was made in it."""
_apart: set[tuple[int, int]] = set()
"""Devices of which one was looked for in the other with patience, by this process. At a glance it is looked always."""


def is_mounted_here(folder: Path, root: str, member: Member) -> bool:
    """True if a member, which lies below `root`, lies in the very folder of its archive below the store's `folder`."""
    above, _, last = (member.key or "").rpartition("/")
    if nfc(last) != nfc(member.path.rpartition("/")[2]):
        return False
    try:
        here = folder_below(own_end(root), member.path.split("/")[:-1])
        there = folder_below(os.path.realpath(folder), above.split("/") if above else [])
        devices = Path(here.path).stat().st_dev, Path(there.path).stat().st_dev
    except OSError:  # one of them is not there
        return False
    is_late = devices not in _apart and devices[0] != devices[1] and not all(map(_is_disk, devices))
    found = _show_each_other(here, there, PATIENCE_S if is_late else 0.0)
    if not found:
        _apart.add(devices)
    return found


def _is_disk(device: int) -> bool:
    """False for what has no disk of its own: shares, and file systems that a program makes."""
    return os.name == "nt" or os.major(device) != 0


def _show_each_other(one: GuardedFolder, other: GuardedFolder, wait_s: float) -> bool:
    """True if a file that is made in one folder is in the other, too. Both are gone afterwards."""
    made: list[tuple[GuardedFolder, GuardedFolder, str]] = []
    until = time.monotonic() + wait_s
    try:
        for begin, end in ((one, other), (other, one)):
            with suppress(OSError):  # it takes no file, as a share that is mounted to be read
                underway.sweep_marks(begin)
                name = underway.mark_name()
                os.close(begin.create(name))
                made.append((begin, end, name))
        while not any(end.find(name) is not None for _, end, name in made):
            if time.monotonic() >= until:
                return False
            time.sleep(LOOK_S)
        return True
    finally:
        for begin, _, name in made:
            _take_away(begin, name)


def _take_away(folder: GuardedFolder, name: str) -> None:
    with suppress(OSError):  # a mark that stays is passed over, and swept after a day
        folder.unlink(name, missing_ok=True)
