"""Links to files for people without an account: each opens one object, and ends by itself.

A link is made here, without a request, so what it would open is looked at first: a link to what is not there, to an
older version than the one on this disk or to what is in cold storage would be found out by whoever gets it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from unicodedata import normalize

from msgspec import Struct, field

from s3sync.core.outcome import Problem
from s3sync.core.reconcile import State
from s3sync.errors import NotFound, StoreError, UsageError
from s3sync.shared.pages import BY, FILES, drop_ended, note_links
from s3sync.store.aspects import Presigns, Thaws, ThawState, aspect, require_aspect
from s3sync.store.port import Store
from s3sync.sync.report import EXIT_DONE, EXIT_SOME_FAILED, FileStatus, ProjectAddress
from s3sync.sync.select import make_selector
from s3sync.sync.session import Session
from s3sync.sync.status import status

LONGEST = timedelta(days=7)
"""No signature of S3 lasts longer."""
SHORTEST = timedelta(minutes=1)
EARLY = timedelta(seconds=60)
"""Time by which a link may end before what was asked for without a word."""
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
    warnings: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return EXIT_SOME_FAILED if self.refused else EXIT_DONE


class Sharable(Struct, frozen=True):
    """A file that a link would show as this computer has it. `until`: the end of its thawed copy, if it is one."""

    file: FileStatus
    key: str
    until: datetime | None = None

    def end(self, link_ends: datetime) -> datetime:
        """The end of a link to it."""
        return link_ends if self.until is None else min(link_ends, self.until)


def share(
    session: Session, words: Sequence[str], cwd: Path, *, lasts: timedelta = LONGEST, download: bool = False
) -> ShareReport:
    """Make links to files, and write down that there are some, for `archive auto`. `download`: browsers save the file
    instead of showing it.

    Raises `UsageError` for a name that is none and for a time that no link can last, `Unsupported` for a store that
    makes no links, `StoreError`.
    """
    presigns = presigning(session.store, lasts)
    found, refused = sharable(session, words, cwd)
    report = ShareReport(session.place, refused=refused)
    for one in found:
        name = one.file.name
        asked = session.clock() + lasts
        link = presigns.presign_get(one.key, lasts=lasts, download_as=Path(name).name if download else None)
        ends = one.end(link.expires)
        report.shared.append(Shared(name, one.file.size_bytes, link.url, ends, ends < asked - EARLY))
    if report.shared:
        _note(session, report)
    return report


def _note(session: Session, report: ShareReport) -> None:
    """Have the team's store say until when somebody has a link, and no more of it. Without that the links work, too."""
    by, until = session.settings.user, max(one.expires for one in report.shared)
    if until <= session.clock():
        return
    told = {FILES: str(len(report.shared)), **({BY: by} if by else {})}
    try:
        now = note_links(session.store, session.project.prefix, until, told)
        if now is not None:
            drop_ended(session.store, session.project.prefix, now)
    except StoreError as error:
        report.warnings.append(f"`archive auto` may archive the project before they end: {error}")


def presigning(store: Store, lasts: timedelta) -> Presigns:
    """The store's links. Raises `UsageError` for a time that no link can last, `Unsupported`."""
    if not SHORTEST <= lasts <= LONGEST:
        raise UsageError(
            "a link cannot last that long" if lasts > LONGEST else "a link cannot last that short",
            why="the store's signature lasts from 1 minute to 7 days",
            hint="use --expires 7d at most, and share it again later"
            if lasts > LONGEST
            else "write it as --expires 2d",
        )
    return require_aspect(store, Presigns)


def sharable(session: Session, words: Sequence[str], cwd: Path) -> tuple[list[Sharable], list[Problem]]:
    """The files that are meant and can be shared, and the others with the reason. Raises `UsageError`, `StoreError`."""
    if not words:
        raise UsageError("no file was named", hint="name each file as `s3sync status` does")
    known = status(session, make_selector(words, session.project.staging, cwd))
    found: list[Sharable] = []
    refused = list(known.failed)
    for file in known.files:
        reason = _DIFFERS.get(file.state)
        answer = _look(session, file) if reason is None else Problem(file.name, *reason)
        if isinstance(answer, Problem):
            refused.append(answer)
        else:
            found.append(answer)
    return found, refused


def _look(session: Session, file: FileStatus) -> Sharable | Problem:
    key = _key_of(session, file.name)
    thaws = aspect(session.store, Thaws)
    try:
        thaw = None if thaws is None else thaws.thaw_of(key)
    except NotFound:
        return Problem(file.name, "was deleted on the remote meanwhile", "see `s3sync status`")
    if thaw is not None and thaw.state in (ThawState.COLD, ThawState.THAWING):
        being = "is being thawed" if thaw.state is ThawState.THAWING else "lies"
        error = f"{being} in cold storage ({thaw.storage_class}), and cannot be read"
        return Problem(file.name, error, "have it thawed first, in the store's console")
    return Sharable(file, key, None if thaw is None else thaw.until)


def _key_of(session: Session, name: str) -> str:
    """Key of a file. Where another tool may have used another normal form of its name, the store is asked."""
    key, other = session.project.prefix + name, session.project.prefix + normalize("NFD", name)
    if key == other:
        return key
    try:
        return session.store.head(key).info.key
    except NotFound:
        return other
