"""One s3sync at a time works on a staging folder. The lock is for kindness: correctness rests on preconditions."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

import msgspec
from msgspec import Struct

from s3sync.core.times import format_time
from s3sync.disk.durable import write_all
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.locks import try_lock, unlock
from s3sync.errors import LockHeld
from s3sync.local.room import OURS

HOLDER_BYTES = 4096
LOOKS, LOOK_S = 20, 0.05
"""Number and length of the waits for a holder that is just about to say who it is, or to leave."""
_NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)
SHOWN = 80
"""Characters of what a holder says of itself."""


class Kind(Struct, frozen=True):
    """Kind of lock: its file, the one in which its holder says who it is, and what is said where it is held."""

    file: str
    holder: str
    held: str
    hint: str


RUN = Kind("lock", "lock.json", "another s3sync is working on this project", "wait until it is done, or add --wait 60")
WATCH = Kind(
    "watch.lock",
    "watch.json",
    "another `s3sync watch` works on this project",
    "one is enough; `s3sync watch status` says where it runs",
)


@contextmanager
def project_lock(room: GuardedFolder, *, now: datetime, wait_s: float = 0, kind: Kind = RUN) -> Iterator[int]:
    """Hold the lock in the state folder; raises `LockHeld`, naming the holder, after `wait_s` seconds.

    Gives the open file. The operating system drops the lock when its holder dies, so a stale file means nothing and is
    never removed.
    """
    with local_errors("cannot lock", room.path, hint=OURS):
        descriptor = room.open_write(kind.file, create=0o600)
    try:
        with local_errors("cannot lock", room.path):
            _acquire(room, descriptor, wait_s, kind)
        try:
            holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": format_time(now)}
            with local_errors("cannot write", f"{room.path}{os.sep}{kind.holder}", hint=OURS):
                _write_holder(room, kind.holder, msgspec.json.encode(holder))
            yield descriptor
        finally:
            with suppress(OSError):
                room.unlink(kind.holder)
            with suppress(OSError):
                unlock(descriptor)
    finally:
        os.close(descriptor)


def _write_holder(room: GuardedFolder, name: str, body: bytes) -> None:
    """In the place of whatever has the name, without a temporary file that a killed run would leave."""
    room.unlink(name, missing_ok=True)
    descriptor = room.create(name)
    try:
        write_all(descriptor, body)
    finally:
        os.close(descriptor)


def _acquire(room: GuardedFolder, descriptor: int, wait_s: float, kind: Kind) -> None:
    who: str | None = None
    give_up = time.monotonic() + wait_s
    looks = LOOKS
    while not _try(descriptor):
        if time.monotonic() >= give_up:
            who = _describe(room, kind)
            if who or not looks:
                raise LockHeld(kind.held, why=who or "it did not say who it is", hint=kind.hint)
            looks -= 1
        time.sleep(LOOK_S)


def _try(descriptor: int) -> bool:
    """True if we have the lock; on a disk without locks, where nobody can hold one, we do."""
    try:
        return try_lock(descriptor)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return True
        raise


def who_holds(room: GuardedFolder, kind: Kind = RUN) -> str | None:
    """Holder of the lock, as far as it said so; None when nobody does. Leaves nothing behind.

    The lock itself is only tried where a holder left its name, who may have been killed: trying it keeps others out.
    """
    with suppress(OSError):
        if room.find(kind.holder) is None:
            return None
        descriptor = room.open_write(kind.file)
        try:
            if not _try(descriptor):
                return _describe(room, kind) or "it did not say who it is"
            unlock(descriptor)
        finally:
            os.close(descriptor)
    return None


def _describe(room: GuardedFolder, kind: Kind) -> str | None:
    import json  # only whoever finds the lock held reads it

    try:
        known = json.loads(room.read(kind.holder, HOLDER_BYTES))
        pid, host, since = int(known["pid"]), str(known["host"])[:SHOWN], str(known["since"])[:SHOWN]
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    return f"process {str(pid)[:SHOWN]} on {host}, since {since}"
