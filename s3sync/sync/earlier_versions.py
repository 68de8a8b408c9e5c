"""Versions that a run replaced or deleted: where each of them lies since, for whoever brings it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from s3sync.core.effects import LivesOn
from s3sync.core.names import STATE_DIR
from s3sync.disk.errors import local_errors
from s3sync.errors import ENDS_THE_RUN, StoreError
from s3sync.local.digests import digest
from s3sync.local.place import standing
from s3sync.state.journal import Done
from s3sync.store.port import Store
from s3sync.sync.session import Session
from s3sync.sync.trash import md5_of, trash_there
from s3sync.sync.view import View

Known: TypeAlias = Callable[[str], bool]
"""Test for paths of which it is known what their objects hold."""
SIBLINGS = 9
"""Folders of one run that the trash may have: a path that was replaced twice is in the second."""


def md5_here(seen: View, path: str) -> str:
    """MD5 of a local file as it was scanned. Raises `LocalError`."""
    known = seen.digests_of(path)
    return known.md5 if known is not None else digest(seen.here.files[path]).md5


def living_there(
    session: Session, seen: View, is_known: Known, done: Done, lives_on: LivesOn
) -> tuple[str, str | None] | None:
    """Key and version of the content of a file that was deleted without a copy; None when it is nowhere.

    That is the name that it had then, another that is known to hold the same, or the trash, if that name is gone since.
    """
    other, was = seen.there.files.get(lives_on.path), done.remote
    if other is not None and other.etag == lives_on.etag:
        return other.key, other.etag
    if was is None or was.md5 is None:
        return None
    for path, file in seen.there.files.items():
        if (file.entry.size, file.entry.md5) == (was.size, was.md5) and is_known(path):
            return file.key, file.etag
    store, prefix = session.store, session.project.prefix
    found = [one for one in trash_there(store, prefix) if (one.name, one.size) == (lives_on.path, was.size)]
    return next(((one.where, one.etag) for one in reversed(found) if _holds(store, one.where, was.md5)), None)


def _holds(store: Store, key: str, md5: str) -> bool:
    """True if an object says that it has this content. One that cannot be asked hides no other."""
    try:
        return md5_of(store.head(key)) == md5
    except ENDS_THE_RUN:
        raise
    except StoreError:
        return False


def in_trash_here(session: Session, done: Done) -> str | None:
    """Path of the version that a run moved to this computer's trash; None if it is there no more."""
    staging, trash = session.project.staging, f"{STATE_DIR}/trash"
    for folder in (done.stamp, *(f"{done.stamp}.{number}" for number in range(2, SIBLINGS))):
        path = f"{trash}/{folder}/{done.path}"
        with local_errors("cannot read", staging / path):
            found = standing(staging, path)
        if done.local is not None and found is not None and found.st_size == done.local.size:
            return str(staging / path)
    return None


def kept_aside(session: Session, seen: View, done: Done) -> str | None:
    """The version that a conflict moved aside, if its copy is still that."""
    copy = seen.here.files.get(done.kept_as or "")
    if copy is None or done.local is None or done.kept_as is None or copy.size != done.local.size:
        return None
    if done.local.md5 is not None and md5_here(seen, done.kept_as) != done.local.md5:
        return None
    return str(session.project.staging / done.kept_as)
