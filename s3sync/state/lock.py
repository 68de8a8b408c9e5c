"""One s3sync at a time works on a staging folder. The lock is for kindness: correctness rests on preconditions."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from s3sync.core.times import format_time
from s3sync.errors import LockHeld
from s3sync.local.errors import local_errors

FILE = "lock"
HOLDER = "lock.json"


@contextmanager
def project_lock(folder: Path, *, now: datetime, wait_s: float = 0) -> Iterator[None]:
    """Hold the lock in the state folder; raises `LockHeld`, naming the holder, after `wait_s` seconds.

    The operating system drops the lock when its holder dies, so a stale file means nothing and is never removed.
    """
    from filelock import FileLock, Timeout

    holder = folder / HOLDER
    lock = FileLock(folder / FILE, timeout=wait_s)
    with local_errors("cannot lock", folder):
        try:
            lock.acquire()
        except Timeout:  # an OSError, too
            raise LockHeld(
                "another s3sync is working on this project",
                why=_describe(holder),
                hint="wait until it is done, or add --wait 60",
            ) from None
    try:
        with local_errors("cannot write", holder):
            holder.write_text(
                json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": format_time(now)}), "utf-8"
            )
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def _describe(holder: Path) -> str:
    try:
        known = json.loads(holder.read_text("utf-8"))
        return f"process {known['pid']} on {known['host']}, since {known['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "it did not say who it is"
