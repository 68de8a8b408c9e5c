"""Locks in a run: what those of others protect is left alone and told; one's own are released where that was asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

from msgspec import structs

from s3sync.config.schemes import scheme_of
from s3sync.core.names import short_text
from s3sync.core.plan import LOCAL_ONLY, Action, Conflict, Do, Rule, Step
from s3sync.core.team import FileLock, LockState, is_lock_id, locks_prefix
from s3sync.core.typed import typed
from s3sync.disk.current import typing_folder
from s3sync.shared.locks import Locks, release
from s3sync.state.memory import StateDB
from s3sync.store import endpoint_of
from s3sync.store.probe import Condition, Honours
from s3sync.sync.report import ProjectAddress
from s3sync.sync.select import paths_of
from s3sync.sync.session import Session

PUBLISHES_ASIDE = (Do.KEEP_BOTH, Do.MOVE_ASIDE)
"""Actions that write to the store under another name only."""

Answers: TypeAlias = Callable[[Condition], Honours]


def leave_locked(locks: Mapping[str, FileLock], told: dict[str, FileLock]) -> Rule:
    """Rule that drops what would change the remote of a file that others have locked. `told` takes the locks met."""

    below = {folder: lock for name, lock in locks.items() for folder in _folders(name)}

    def held(action: Action) -> FileLock | None:
        if action.do in LOCAL_ONLY:
            return None
        if action.do not in PUBLISHES_ASIDE and action.path in locks:
            return locks[action.path]
        if not action.waits:
            return None
        # the folder or file that would have to leave first is locked
        above = (locks[folder] for folder in _folders(action.path) if folder in locks)
        return below.get(action.path) or next(above, None)

    def rule(steps: Iterator[Step]) -> Iterator[Step]:
        for step in steps:
            if isinstance(step, Action) and (lock := held(step)) is not None:
                told[step.path] = lock
            elif isinstance(step, Conflict) and step.do is Do.UPLOAD and step.path in locks:
                yield structs.replace(step, do=None)
            else:
                yield step

    return rule


def _folders(path: str) -> Iterator[str]:
    """The folders above a path."""
    return (path[:end] for end, char in enumerate(path) if char == "/")


@contextmanager
def asked(session: Session, state: StateDB) -> Iterator[Answers]:
    """Tell of each condition whether the store honours it; another store than AWS and a folder is tried out once."""
    endpoint = endpoint_of(session.store)
    if not session.store.capabilities.conditional_writes:
        yield lambda condition: Honours.IGNORED
    elif endpoint is None or not scheme_of(session.settings.store).probed:
        yield lambda condition: Honours.ENFORCED
    else:
        from s3sync.sync.store_facts import Guard, Probed

        guard = Guard(Probed.by(session), state, endpoint)
        try:
            yield guard.honours
        finally:
            guard.close()


def release_own(session: Session, state: StateDB, locks: Locks, names: Iterable[str]) -> list[str]:
    """Release the locks that this user has on these files, and return the names of those released."""
    user, place = session.settings.user, locks_prefix(session.project.prefix)
    ours = [lock for name in names if (lock := locks.by_name.get(name)) is not None and lock.by == user]
    if not ours:
        return []
    with asked(session, state) as honours:
        deletes = honours(Condition.DELETE) is Honours.ENFORCED
        return [
            lock.name
            for lock in ours
            if release(session.store, place + lock.id, lock.etag, deletes=deletes) and lock.name is not None
        ]


def warnings_of(locks: Locks) -> Iterator[str]:
    """Sentences about locks that cannot be seen or read."""
    yield from locks.warnings
    for lock in locks.unreadable:
        name = lock.name or lock.id
        yield (
            f"a lock cannot be read, and keeps nobody out ({name}): {lock.reason}; `s3sync unlock --force {lock.id}` "
            "removes it"
        )


def held_text(lock: FileLock) -> str:
    """Sentence of who holds a lock, until when, and why."""
    text = f"locked by {short_text(lock.by or 'somebody')}" + (
        f" until {until_text(lock)}" if lock.until is not None else ""
    )
    return f"{text}: {lock.why}" if lock.why else text


def break_hint(name: str, place: ProjectAddress) -> str:
    """Hint for whoever is kept out by a lock: where it is typed as it stands, it breaks this lock and no other.

    Other projects, and other folders of this one, have files of the same name. Where the user stands elsewhere, the
    command goes to the project first; where the name means another file there, it is written from there.
    """
    cwd = typing_folder()
    go, start = ("", cwd) if place.is_around(cwd) else (f"cd {typed(place.root)} && ", place.root)
    word = name
    is_meant = place.staging is None or is_lock_id(name) or paths_of(name, place.staging, start)[:1] == [name]
    if place.staging is not None and not is_meant:
        word = os.path.relpath(place.staging / name, start)
    return f"wait or ask; `{go}s3sync unlock --force {typed(word)}` breaks the lock"


def until_text(lock: FileLock) -> str:
    """End of a lock by the store's clock: `2025-11-03 14:00 UTC (3 h 20 min from now)`."""
    if lock.until is None:
        return "an unknown time"
    text = f"{lock.until:%Y-%m-%d %H:%M} UTC"
    if lock.left_s is None or lock.state is LockState.EXPIRED:
        return text
    minutes = -(-lock.left_s // 60)
    hours = minutes // 60
    left = f"{minutes} min" if hours < 1 else f"{hours} h {minutes % 60} min"
    left = left if hours < 48 else f"{hours // 24} d {hours % 24} h"
    return f"{text} ({left} from now)"
