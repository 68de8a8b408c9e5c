"""Locks of the operating system on an open file: `flock`, and on Windows its counterpart.

They go with their holder, and a file that one program has locked so another finds locked, whichever opened it.
"""

from __future__ import annotations

import errno
import os

_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)


def try_lock(descriptor: int) -> bool:
    """True if the file is locked now, false if somebody else holds it. Raises `OSError`, as on a disk without locks."""
    if os.name == "nt":
        from filelock import lock_descriptor

        return lock_descriptor(descriptor, blocking=False)
    import fcntl  # filelock does just this, and takes 8 ms to be imported

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True


def unlock(descriptor: int) -> None:
    """Let the lock go. Raises `OSError`."""
    if os.name == "nt":
        from filelock import unlock_descriptor

        unlock_descriptor(descriptor)
        return
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_UN)
