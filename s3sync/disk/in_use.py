"""Files that some program has open for writing, where the system tells that at once."""

from __future__ import annotations

import errno
import os
import signal
import sys

_F_SETSIG = 10
"""fcntl.h of Linux; Python has no name for it."""


def open_for_writing(path: str) -> bool | None:
    """True if any process has the file open for writing; None where that cannot be known.

    On Linux a lease for reading is refused as long as somebody may write: four calls, whatever the number of processes.
    The lease is given back at once. Files of other users and network drives have none.
    """
    if sys.platform != "linux":
        return None
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        # Who opens the file at this moment makes the kernel send a signal: SIGIO ends a process, SIGURG does nothing.
        fcntl.fcntl(descriptor, _F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    finally:
        os.close(descriptor)
    return False
