"""Lock objects in the store: listed, read, and written only under conditions (`core/team.py` has their values).

A lock is made with If-None-Match, and renewed, taken over and removed with If-Match. Nothing is remembered of one:
each command reads what is there.
"""

from __future__ import annotations

import socket
import uuid
from collections.abc import Mapping
from hashlib import md5

from msgspec import Struct, field

from s3sync.aside import Aside
from s3sync.core.team import (
    MOST_BYTES,
    FileLock,
    LockState,
    is_lock_id,
    lock_body,
    locks_prefix,
    read_lock,
)
from s3sync.errors import (
    ENDS_THE_RUN,
    AccessDenied,
    LocalError,
    LostRace,
    NotAuthentic,
    NotFound,
    PreconditionFailed,
    StoreError,
)
from s3sync.store.aspects import ListsOnce, ReadsTimed, require_aspect
from s3sync.store.port import Create, Headers, ObjectInfo, Store, Update, WriteMode

HEADERS = Headers(content_type="application/json")
MOST_LOCKS = 1_000
"""Locks of a project that are read. No team works on more files at once."""
READ_AT_ONCE = 16
TRIES = 10
ERASED = md5(b"", usedforsecurity=False).digest()


class Locks(Struct, frozen=True):
    """Locks of a project by the names of their files, and objects that were read and are none.

    What could not be read is in neither: it may be a lock that holds, and a warning says so.
    """

    by_name: Mapping[str, FileLock] = field(default_factory=dict)
    unreadable: list[FileLock] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def keeping_out(self, user: str | None) -> dict[str, FileLock]:
        """Locks that others hold."""
        return {name: lock for name, lock in self.by_name.items() if lock.keeps_out(user)}


def courtesies(store: Store, prefix: str) -> Locks:
    """The locks of a project for a run: one that cannot look at them goes on without, and says why."""
    try:
        return read_locks(store, prefix)
    except (StoreError, LocalError) as error:
        return Locks(warnings=[f"the locks of others cannot be seen: {error}"])


def read_locks(store: Store, prefix: str) -> Locks:
    """List the locks of a project, and read those that there are. Raises `StoreError`.

    Whoever may not look at them has none: a lock is a courtesy.
    """
    place = locks_prefix(prefix)
    try:
        found = _listed(store, place)
    except AccessDenied as error:
        return Locks(warnings=[f"the locks of others cannot be seen: {error}"])
    if not found:
        return Locks()
    with Aside(READ_AT_ONCE, "s3sync-locks") as threads:
        looked = list(threads.map(lambda info: _read(store, info), found[:MOST_LOCKS]))
    locks = [lock for lock in looked if isinstance(lock, FileLock)]
    warnings = [] if len(found) <= MOST_LOCKS else [f"more than {MOST_LOCKS} locks: the others are not looked at"]
    warnings += _unseen([error for error in looked if isinstance(error, Exception)])
    return Locks(
        {lock.name: lock for lock in locks if lock.name is not None and lock.state is not LockState.UNREADABLE},
        [lock for lock in locks if lock.state is LockState.UNREADABLE],
        warnings,
    )


def _listed(store: Store, place: str) -> list[ObjectInfo]:
    """Lock objects; an empty one is a lock that was released where the store cannot delete under a condition.

    An empty listing is believed, though it may be an error that looks like one: what it hides is a courtesy.
    """
    listing = store.list_once(place) if isinstance(store, ListsOnce) else store.list(place)
    found: list[ObjectInfo] = []
    for info in listing:
        if info.size and is_lock_id(info.key.removeprefix(place)):
            found.append(info)
        if len(found) > MOST_LOCKS:
            break
    return found


def _unseen(errors: list[StoreError | LocalError]) -> list[str]:
    """One sentence for locks that could not be read. It names no way to remove them: somebody may have them."""
    if not errors:
        return []
    count = "1 lock" if len(errors) == 1 else f"{len(errors)} locks"
    return [
        f"{count} could not be looked at and may be somebody's, though nobody is kept out: {errors[0]}; "
        "run the command again, or ask the others who works on what"
    ]


def _read(store: Store, info: ObjectInfo) -> FileLock | StoreError | LocalError | None:
    lock = info.key.rpartition("/")[2]
    if info.size > MOST_BYTES:
        return read_lock(lock, info.etag, None, info.modified, None)
    try:
        return lock_at(store, info.key)
    except ENDS_THE_RUN:
        raise
    except (StoreError, LocalError) as error:
        return error


def lock_at(store: Store, key: str) -> FileLock | None:
    """The lock under a key; None where there is none. Raises `StoreError`."""
    try:
        found = require_aspect(store, ReadsTimed).read_timed(key, MOST_BYTES)
    except NotFound:
        return None
    except NotAuthentic as error:
        if error.opens_elsewhere:
            raise
        return _foreign(store, key, error)
    if not found.info.size:
        return FileLock(key.rpartition("/")[2], found.info.etag, LockState.EXPIRED, found.info.modified)
    return read_lock(key.rpartition("/")[2], found.info.etag, found.body, found.info.modified, found.now)


def _foreign(store: Store, key: str, error: NotAuthentic) -> FileLock | None:
    """What nobody with the repository's key wrote: the version of it that was there before it was read once more.

    Raises `error` where that is no longer so: what somebody put in its place must not be taken for it.
    """
    try:
        info = store.head(key).info
    except NotFound:
        return None
    try:
        require_aspect(store, ReadsTimed).read_timed(key, MOST_BYTES)
    except NotFound:
        return None
    except NotAuthentic:
        return FileLock(key.rpartition("/")[2], info.etag, LockState.UNREADABLE, info.modified, reason=str(error))
    raise error


def acquire(store: Store, key: str, path: str, user: str, for_s: int, why: str | None) -> tuple[FileLock, bool]:
    """Lock a file, renew one's own lock, or take over one that has ended.

    Returns the lock that is there in the end, and whether it is ours. Raises `LostRace` when others win all the time.
    """
    mode: WriteMode = Create()
    for _ in range(TRIES):
        body = lock_body(path, user, for_s, uuid.uuid4().hex, why, socket.gethostname()[:256])
        digest = md5(body, usedforsecurity=False).digest()
        try:
            written = store.put(key, body, mode=mode, headers=HEADERS, md5=digest, timed=True)
        except PreconditionFailed:
            there = lock_at(store, key)
            if there is not None and there.keeps_out(user):
                return there, False
            mode = Create() if there is None else Update(there.etag)
            continue
        lock = key.rpartition("/")[2]
        if written.at is None:
            return FileLock(lock, written.etag, LockState.HELD, None, path, user, why=why), True
        return read_lock(lock, written.etag, body, written.at, written.at), True
    raise LostRace(
        f"{path} could not be locked",
        why=f"others locked it and let it go {TRIES} times",
        hint="run the command again",
    )


def release(store: Store, key: str, etag: str, *, deletes: bool) -> bool:
    """Remove a lock, if it is still this version of it; False if somebody else changed it meanwhile.

    `deletes`: the store honours a condition when it deletes. Elsewhere an empty object takes its place.
    """
    try:
        if deletes:
            store.delete(key, if_match=etag)
        else:
            store.put(key, b"", mode=Update(etag), headers=Headers(), md5=ERASED)
    except PreconditionFailed:
        return False
    return True
