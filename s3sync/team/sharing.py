"""Links to files for people without an account: each opens one object, and ends by itself.

A link is made here, without a request, so what it would open is looked at first: a link to what is not there, to an
older version than the one on this disk or to what is in cold storage would be found out by whoever gets it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct, field

from s3sync.core.outcome import Problem
from s3sync.core.reconcile import State
from s3sync.errors import UsageError
from s3sync.store.aspects import Presigns, Thaws, ThawState, aspect, require_aspect
from s3sync.sync.report import EXIT_DONE, EXIT_SOME_FAILED, FileStatus, ProjectAddress
from s3sync.sync.select import make_selector
from s3sync.sync.session import Session
from s3sync.sync.status import status

LONGEST = timedelta(days=7)
"""No signature of S3 lasts longer."""
SHORTEST = timedelta(minutes=1)
_DIFFERS = {
    State.LOCAL_NEW: ("is not on the remote", "run `s3sync up` first"),
    State.LOCAL_MODIFIED: ("was changed here since it was uploaded", "run `s3sync up` first"),
    State.LOCAL_DELETED: ("was deleted here", "run `s3sync down` to have it again"),
    State.REMOTE_MODIFIED: ("is another version on the remote", "run `s3sync down` first, and look at it"),
    State.REMOTE_DELETED: ("was deleted on the remote", "run `s3sync up --again` with its name to send it again"),
    State.CLEANED_UP: ("was taken from the remote by a cleanup", "run `s3sync up --again` to send it again"),
    State.CONFLICT: ("is in conflict", "decide it first: `s3sync conflicts`"),
}


class Shared(Struct, frozen=True):
    """A link to a file. `ends_early`: it ends with the session that signed it, or with the thawed copy, and sooner than
    was asked for."""

    name: str
    size_bytes: int
    url: str
    expires: datetime
    ends_early: bool = False


class ShareReport(Struct):
    place: ProjectAddress
    shared: list[Shared] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return EXIT_SOME_FAILED if self.refused else EXIT_DONE


def share(
    session: Session, words: Sequence[str], cwd: Path, *, lasts: timedelta = LONGEST, download: bool = False
) -> ShareReport:
    """Make links to files. `download`: browsers save the file instead of showing it.

    Raises `UsageError` for a name that is none and for a time that no link can last, `Unsupported` for a store that
    makes no links, `StoreError`.
    """
    if not words:
        raise UsageError("no file was named", hint="name each file as `s3sync status` does")
    if not SHORTEST <= lasts <= LONGEST:
        raise UsageError(
            "a link cannot last that long" if lasts > LONGEST else "a link cannot last that short",
            why="the store's signature lasts from 1 minute to 7 days",
            hint="use --expires 7d at most, and share it again later",
        )
    presigns = require_aspect(session.store, Presigns)
    known = status(session, make_selector(words, session.project.staging, cwd))
    report = ShareReport(session.place, refused=list(known.failed))
    for file in known.files:
        reason = _DIFFERS.get(file.state)
        if reason is not None:
            report.refused.append(Problem(file.name, *reason))
        else:
            _share(session, presigns, file, lasts, download, report)
    return report


def _share(
    session: Session, presigns: Presigns, file: FileStatus, lasts: timedelta, download: bool, report: ShareReport
) -> None:
    key = session.project.prefix + file.name
    thaws = aspect(session.store, Thaws)
    thaw = None if thaws is None else thaws.thaw_of(key)
    if thaw is not None and thaw.state in (ThawState.COLD, ThawState.THAWING):
        being = "is being thawed" if thaw.state is ThawState.THAWING else "lies"
        error = f"{being} in cold storage ({thaw.storage_class}), and cannot be read"
        report.refused.append(Problem(file.name, error, "have it thawed first, in the store's console"))
        return
    asked = session.clock() + lasts
    link = presigns.presign_get(key, lasts=lasts, download_as=Path(file.name).name if download else None)
    ends = link.expires if thaw is None or thaw.until is None else min(link.expires, thaw.until)
    early = ends < asked - timedelta(seconds=60)
    report.shared.append(Shared(file.name, file.size_bytes, link.url, ends, early))
