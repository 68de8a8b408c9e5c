"""Way into `s3-staging/.s3sync/`: below the staging folder, through no link, and only when it is our own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from s3sync.core.names import STATE_DIR
from s3sync.core.typed import typed
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import LocalError
from s3sync.local.tracked import tracked_by_git

PRIVATE = 0o700
"""Mode of our folders: what this computer remembers is for its user alone."""
_PUBLIC = 0o777
"""The staging folder follows the umask."""
OURS = "s3sync keeps its memory there: move it away, and run the command again"


def state_room(staging: Path, *names: str) -> GuardedFolder:
    """`s3-staging/.s3sync/...`, made if need be and closed to others. Close it.

    Raises `LocalError` where it is no plain folder of this user's, or where git tracks it.
    """
    with local_errors("cannot use", staging / STATE_DIR, hint=OURS):
        with _made(staging) as above:
            refuse_tracked(staging)
            room = above.folder(STATE_DIR, create=PRIVATE, shared=False, private=True)
        return _inner(room, names, PRIVATE)


@contextmanager
def trial_file(staging: Path, name: str, mode: int = 0o600) -> Iterator[tuple[GuardedFolder, int]]:
    """Try something out on a file of ours: its folder, and its descriptor. It is gone afterwards.

    The name is always the same, so that one left by a killed run goes with the next. Raises `OSError`, `LocalError`.
    """
    with state_room(staging) as room:
        room.unlink(name, missing_ok=True)
        descriptor = room.create(name, mode)
        try:
            yield room, descriptor
        finally:
            os.close(descriptor)
            room.unlink(name, missing_ok=True)


def known_room(staging: Path, *names: str, shared: bool = False) -> GuardedFolder | None:
    """The same without changing anything; None where there is no such folder yet. Close it.

    `shared`: what is in it may belong to other users.
    """
    with local_errors("cannot use", staging / STATE_DIR, hint=OURS):
        try:
            with GuardedFolder.open(staging, shared=True, straight=True) as above:
                room = above.folder(STATE_DIR, shared=False)
            refuse_tracked(staging)
            return _inner(room, names, None, shared=shared)
        except FileNotFoundError:
            return None


def _made(folder: Path) -> GuardedFolder:
    """A folder reached through no link, made if need be with those above it. Close it."""
    try:
        return GuardedFolder.open(folder, shared=True, straight=True)
    except FileNotFoundError:
        if folder.parent == folder:
            raise
    with _made(folder.parent) as above:
        return above.folder(folder.name, create=_PUBLIC)


def _inner(room: GuardedFolder, names: tuple[str, ...], create: int | None, *, shared: bool = False) -> GuardedFolder:
    for name in names:
        with room:
            inner = room.folder(name, create=create, shared=shared, private=create is not None)
        room = inner
    return room


def state_folder(staging: Path, *names: str) -> Path:
    """Path of that folder, made and checked in the same way."""
    with state_room(staging, *names) as room:
        return Path(room.path)


def refuse_tracked(staging: Path) -> None:
    """Raise `LocalError` when git tracks something in `.s3sync`: then it is another computer's memory, or a trap."""
    tracked = tracked_reason(staging)
    if tracked is not None:
        raise LocalError(f"cannot use {staging / STATE_DIR}", why=tracked[0], hint=tracked[1])


def tracked_reason(staging: Path) -> tuple[str, str] | None:
    """Reason why that is so, and what to do about it; None when git tracks nothing there."""
    tracked = tracked_by_git(staging)
    if tracked is None:
        return None
    command = f"git rm -r --cached {typed(staging / STATE_DIR)}"
    return (
        f"git tracks {tracked}, so that it may come from another computer or a stranger",
        f"take it out of git: {command}; if it came with a clone, move it away, too",
    )
