"""Locks of a folder store: one file for each shard of keys, locked by the operating system."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator

from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.locks import try_lock

POLL_S = 0.005
_NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, getattr(errno, "ENOLCK", errno.ENOSYS))


class NoLocks(OSError):
    """The disk has no file locks."""


@contextlib.contextmanager
def held(descriptor: int, wait_s: float) -> Iterator[None]:
    """Hold the lock of an open file against threads and processes, and close it.

    Raises `TimeoutError`, `NoLocks`, `OSError`. Locks are flock's, as those of earlier versions.
    """
    deadline = time.monotonic() + wait_s
    try:
        while True:
            try:
                if try_lock(descriptor):
                    break
            except OSError as error:
                if error.errno in _NO_LOCKS:
                    raise NoLocks(error.errno, error.strerror) from error
                raise
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(POLL_S)
        yield
    finally:
        os.close(descriptor)  # and with it goes the lock


@contextlib.contextmanager
def held_by_path(folder: GuardedFolder, name: str, wait_s: float) -> Iterator[None]:
    """The same for Windows, where a file is locked by its path. Raises `TimeoutError`, `NoLocks`, `OSError`."""
    from filelock import FileLock, Timeout

    folder.verify()
    path = f"{folder.path}{os.sep}{name}"
    lock = FileLock(path, timeout=wait_s, poll_interval=POLL_S, fallback_to_soft=False, preserve_lock_file=True)
    try:
        lock.acquire()
    except Timeout:
        raise TimeoutError from None
    except NotImplementedError as error:
        raise NoLocks(errno.ENOSYS, str(error)) from error
    try:
        yield
    finally:
        lock.release()
