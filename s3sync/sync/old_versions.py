"""Old versions in a bucket with versioning: told by `cleanup`, and deleted by `cleanup --versions`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from s3sync.core.records import records
from s3sync.errors import AccessDenied, Unsupported
from s3sync.spill.table import SpilledDict
from s3sync.store.aspects import Version, Versions, aspect
from s3sync.sync.session import Session


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


def delete_versions(session: Session, may_go: Callable[[Version], bool]) -> tuple[int, str | None]:
    """Delete for good those that may go; say how many went, and why one was refused, if any was.

    A delete marker goes after what it hides, and none goes when that may still be there: it would be seen again.
    """
    store = _of(session)
    if store is None:
        return 0, None

    def delete(found: Version) -> str | None:
        assert store is not None
        try:
            store.delete_version(found.key, found.version_id)
        except AccessDenied as error:
            return error.why or error.message
        return None

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
                refused = gone.result()
                count, refusal = count + (refused is None), refusal or refused
            if refusal is not None:
                break
    return count, refusal
