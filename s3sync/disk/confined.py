"""Libraries that open files by their paths, in a folder that somebody else can swap for another one at any moment.

What was looked at before is not what is opened then. So the work is done by a thread of its own that Linux lets open,
make and remove files in one folder alone, whatever leads to another by then (Landlock, of kernels from 5.13 on). What
it leaves open stays open for all threads.
"""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from s3sync.disk import checks, held
from s3sync.disk.guarded import GuardedFolder

T = TypeVar("T")

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""Numbers of the calls, which are the same on every processor (landlock(7))."""
_BELOW_A_FOLDER, _NO_NEW_PRIVILEGES = 1, 38
_RIGHTS = 1 << 1 | 1 << 2 | 1 << 5 | 1 << 8
"""Writing, reading, removing and making of regular files."""


def others_may_swap(path: Path) -> bool:
    """True if another user can give the name of this folder, or of one above it, to another folder.

    The sticky bit keeps others from that, but not whoever made the folder.
    """
    for folder in path.parents if os.name == "posix" else ():
        with suppress(OSError):
            found = os.stat(folder)  # noqa: PTH116
            if not checks.is_ours(found):
                return True
            if _others_write(found) and not (found.st_mode & stat.S_ISVTX and _is_ours_in(folder, path)):
                return True
    return False


def _is_ours_in(folder: Path, path: Path) -> bool:
    """True if what is next in a folder on the way to a path is ours."""
    return checks.is_ours(os.lstat(folder / path.relative_to(folder).parts[0]))


def _others_write(found: os.stat_result) -> bool:
    by_group = found.st_mode & stat.S_IWGRP and not checks.is_own_group(found.st_gid)
    return bool(found.st_mode & stat.S_IWOTH or by_group)


def keep_to_it(path: Path) -> None:
    """Have a folder that another user can swap for another one be this very one until the process ends (`held.keep`).

    Raises `OSError`.
    """
    if held.BY_DESCRIPTOR and others_may_swap(path):
        held.keep(os.fspath(path))


def alone_in(folder: GuardedFolder, work: Callable[[], T]) -> T:
    """Do some work in a thread that reaches the files of this folder, and no others. Returns or raises as it does.

    Where the system has no such bounds it is just done. It must import nothing: that is a file, too.
    """
    if not sys.platform.startswith("linux"):
        return work()
    import ctypes  # no command needs it that works in folders of the user's own

    system = ctypes.CDLL(None, use_errno=True)
    done: list[T] = []
    failed: list[BaseException] = []

    def confined() -> None:
        try:
            _confine(system, ctypes, folder)
            done.append(work())
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits
            failed.append(error)

    thread = threading.Thread(target=confined, name="s3sync-confined", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]


def _confine(system: Any, ctypes: Any, folder: GuardedFolder) -> None:
    """Bound this thread, for as long as it lives. Older kernels, and containers that forbid the calls, do nothing."""
    handled = _RIGHTS.to_bytes(8, sys.byteorder)
    rules = system.syscall(_CREATE_RULESET, handled, ctypes.c_size_t(len(handled)), 0)
    if rules < 0:
        return
    try:
        beneath = handled + (folder.descriptor or 0).to_bytes(4, sys.byteorder)
        if system.syscall(_ADD_RULE, rules, _BELOW_A_FOLDER, beneath, 0) == 0:
            system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
            system.syscall(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)
