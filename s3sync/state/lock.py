"""One s3sync at a time works on a staging folder. The lock is for kindness: correctness rests on preconditions."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from s3sync.core.times import format_time
from s3sync.errors import LockHeld
from s3sync.local.errors import local_errors

if TYPE_CHECKING:
    from filelock import FileLock

FILE = "lock"
HOLDER = "lock.json"
LOOKS, LOOK_S = 20, 0.05
"""How often, and how long at a time, to wait for a holder that is just about to say who it is, or to leave."""


@contextmanager
def project_lock(folder: Path, *, now: datetime, wait_s: float = 0) -> Iterator[None]:
    """Hold the lock in the state folder; raises `LockHeld`, naming the holder, after `wait_s` seconds.

    The operating system drops the lock when its holder dies, so a stale file means nothing and is never removed.
    """
    from filelock import FileLock

    holder = folder / HOLDER
    lock = FileLock(folder / FILE)
    with local_errors("cannot lock", folder):
        _acquire(lock, holder, wait_s)
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


def _acquire(lock: FileLock, holder: Path, wait_s: float) -> None:
    from filelock import Timeout

    who: str | None = None
    for seconds in (wait_s, *[LOOK_S] * LOOKS):
        try:
            lock.acquire(timeout=seconds)
        except Timeout:  # an OSError, too
            who = _describe(holder)
        else:
            return
        if who:
            break
    raise LockHeld(
        "another s3sync is working on this project",
        why=who or "it did not say who it is",
        hint="wait until it is done, or add --wait 60",
    )


def who_holds(folder: Path) -> str | None:
    """Who holds the lock right now, as far as it said so; None when nobody does. Leaves nothing behind.

    The lock itself is only tried where a holder left its name, who may have been killed: trying it keeps others out.
    """
    from filelock import FileLock, Timeout

    if not (folder / HOLDER).exists():
        return None
    lock = FileLock(folder / FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return _describe(folder / HOLDER) or "it did not say who it is"
    except OSError:
        return None
    lock.release()
    return None


def _describe(holder: Path) -> str | None:
    try:
        known = json.loads(holder.read_text("utf-8"))
        return f"process {known['pid']} on {known['host']}, since {known['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return None
