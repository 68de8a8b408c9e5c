"""Old versions in a bucket with versioning: told by `cleanup`, and deleted by `cleanup --versions`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from s3sync.core.records import records
from s3sync.errors import AccessDenied, Unsupported
from s3sync.spill.table import SpilledDict
from s3sync.store.aspects import Version, Versions, aspect
from s3sync.sync.session import Session

ANYBODYS = "null"
"""Id that S3 gives to each version that is written while versioning is not, or no longer, enabled: the next one of the
key has it, too, and takes its place."""


def _of(session: Session) -> Versions | None:
    return aspect(session.store, Versions)


def old_versions(session: Session) -> Iterator[Version]:
    """Versions that nobody sees under their key any more, delete markers among them.

    Nothing where the bucket has no versioning, and where this user may not ask.
    """
    store, prefix = _of(session), session.project.prefix
    if store is None:
        return
    try:
        if not store.keeps_versions():
            return
        for place in (prefix, records(prefix, "trash"), records(prefix, "parts")):
            yield from (found for found in store.list_versions(place) if found.is_marker or not found.is_latest)
    except (AccessDenied, Unsupported):
        return


def _is_still(store: Versions, found: Version) -> bool:
    """False if somebody may have written something else under the id of an old version since it was listed."""
    if found.version_id != ANYBODYS:
        return True
    there = store.list_versions(found.key, alone=True)
    return found in (replace(one, is_latest=found.is_latest) if found.is_marker else one for one in there)


def delete_versions(session: Session, may_go: Callable[[Version], bool]) -> tuple[int, str | None]:
    """Delete for good those that may go; say how many went, and why one was refused, if any was.

    A delete marker goes after what it hides, and none goes when that may still be there: it would be seen again. What
    somebody wrote since under the id of an old one stays, and counts as none of them.
    """
    store = _of(session)
    if store is None:
        return 0, None

    def delete(found: Version) -> tuple[int, str | None]:
        assert store is not None
        if not _is_still(store, found):
            return 0, None
        try:
            store.delete_version(found.key, found.version_id)
        except AccessDenied as error:
            return 0, error.why or error.message
        return 1, None

    kept = SpilledDict(bool)

    def goes(found: Version) -> bool:
        if found.is_marker:
            return found.key not in kept and may_go(found)
        if may_go(found):
            return True
        kept[found.key] = True
        return False

    count, refusal = 0, None
    with session.pool() as pool:
        for markers in (False, True):
            going = (found for found in old_versions(session) if found.is_marker is markers and goes(found))
            for _, gone in pool.map(delete, going):
                went, refused = gone.result()
                count, refusal = count + went, refusal or refused
            if refusal is not None:
                break
    return count, refusal
