"""The part of the Python API in which people work together: what a project has beside the exchange of its files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from s3sync.errors import UsageError
from s3sync.sync.select import Selector, make_selector
from s3sync.sync.session import Session

if TYPE_CHECKING:
    from s3sync.core.outcome import Problem
    from s3sync.sync.queueing import QueueReport
    from s3sync.team.bring_back import BringReport
    from s3sync.team.conflicts import ConflictsReport, OpenConflict
    from s3sync.team.history import HistoryReport
    from s3sync.team.locking import LocksReport
    from s3sync.team.members import WhoReport
    from s3sync.team.page_sharing import PageReport, PagesReport
    from s3sync.team.pinning import PinReport
    from s3sync.team.receiving import ReceiveReport
    from s3sync.team.resolution import Choose, ResolveReport
    from s3sync.team.sharing import ShareReport
    from s3sync.team.versions import VersionsReport

FileName: TypeAlias = str | os.PathLike[str]
"""Name of a file: relative to the staging folder or to where the project was opened from, or absolute."""


class Together(Struct, frozen=True):
    """Base of `s3sync.api.Project`: its session and where it was opened from, and the verbs of the team."""

    session: Session
    cwd: Path

    @property
    def staging(self) -> Path:
        """The folder whose files are synced."""
        return self.session.project.staging

    def lock(
        self, *files: FileName, lasts: int = 4 * 3600, why: str | None = None, dry_run: bool = False
    ) -> LocksReport:
        """Tell the team that you work on these files: `up`, `sync` and `cleanup` of others leave them alone.

        `lasts` is in seconds. Repeating it renews the locks. Those of others are in the report as `refused`.
        """
        from s3sync.team.locking import lock

        return lock(self.session, self._names(files), self.cwd, lasts_s=lasts, why=why, dry_run=dry_run)

    def queue(self, *files: FileName) -> QueueReport:
        """Have these files, or all that is new or changed, go up by the next `run_queue`. Asks no network."""
        from s3sync.sync.queueing import enqueue

        return enqueue(self.session, self._names(files), self.cwd)

    def queued(self) -> QueueReport:
        """List what waits to go up."""
        from s3sync.sync.queueing import list_queue

        return list_queue(self.session)

    def run_queue(self, *, dry_run: bool = False) -> QueueReport:
        """Send what waits, as `up` would now. What could not be sent waits on."""
        from s3sync.sync.queueing import run_queue

        return run_queue(self.session, dry_run=dry_run)

    def clear_queue(self, *names: str, dry_run: bool = False) -> QueueReport:
        """Have these, as `queued` names them, or all, wait no more. Touches no file."""
        from s3sync.sync.queueing import clear_queue

        return clear_queue(self.session, names, dry_run=dry_run)

    def unlock(self, *files: FileName, force: bool = False, dry_run: bool = False) -> LocksReport:
        """Release your locks on these files, or with `force` anybody's."""
        from s3sync.team.locking import unlock

        return unlock(self.session, self._names(files), self.cwd, force=force, dry_run=dry_run)

    def locks(self) -> LocksReport:
        """List the locks of the project."""
        from s3sync.team.locking import locks

        return locks(self.session)

    def share(self, *files: FileName, lasts: timedelta = timedelta(days=7), download: bool = False) -> ShareReport:
        """Make links by which anybody can fetch these files; those that cannot be shared are `refused` in the report.

        `download`: browsers save the file instead of showing it. Raises `Unsupported` for a store that makes no links.
        """
        from s3sync.team.sharing import share

        return share(self.session, self._names(files), self.cwd, lasts=lasts, download=download)

    def receive(self, *, lasts: timedelta = timedelta(days=2), dry_run: bool = False) -> ReceiveReport:
        """Open an inbox, and make the link to a page by which a client sends files to it.

        Raises `Unsupported` for a store that makes no forms, or was seen not to keep to them.
        """
        from s3sync.team.receiving import receive

        return receive(self.session, lasts=lasts, dry_run=dry_run)

    def inboxes(self) -> ReceiveReport:
        """List the inboxes that are looked at, and what waits in them."""
        from s3sync.team.receiving import list_open

        return list_open(self.session)

    def end_inbox(
        self,
        inbox: str,
        *,
        discard: bool = False,
        confirm: Callable[[ReceiveReport], bool] = lambda report: True,
        dry_run: bool = False,
    ) -> ReceiveReport:
        """End an inbox, named by its id or the beginning of it: what arrives afterwards is not taken in.

        `discard` also deletes for good what lies in it.
        """
        from s3sync.team.receiving import end

        return end(self.session, inbox, discard=discard, confirm=confirm, dry_run=dry_run)

    def share_page(
        self,
        *files: FileName,
        lasts: timedelta = timedelta(days=7),
        title: str | None = None,
        dry_run: bool = False,
    ) -> PageReport:
        """Make a page on which anybody who has its link can play, see and download these files, until it ends.

        What it shows in vain, as a codec that no browser plays, is in `warnings`. Raises `Unsupported` as `share` does.
        """
        from s3sync.team.page_sharing import share_page

        return share_page(self.session, self._names(files), self.cwd, lasts=lasts, title=title, dry_run=dry_run)

    def shared_pages(self) -> PagesReport:
        """List the pages of the project that are in the store."""
        from s3sync.team.page_sharing import shared_pages

        return shared_pages(self.session)

    def end_page(self, page: str, *, dry_run: bool = False) -> PagesReport:
        """End a page before its time, by its id or its link. Links to files that were taken from it work on."""
        from s3sync.team.page_sharing import end_page

        return end_page(self.session, page, dry_run=dry_run)

    def who(self, file: FileName | None = None) -> WhoReport:
        """Say who has everything, or the newest version of a file."""
        from s3sync.team.members import who

        return who(self.session, None if file is None else self._names([file])[0], self.cwd)

    def members(self) -> WhoReport:
        """List who is in the team of the project."""
        from s3sync.team.members import members

        return members(self.session)

    def remove_member(self, name: str, *, dry_run: bool = False) -> WhoReport:
        """Drop a member who has left, so that nobody waits for him."""
        from s3sync.team.members import remove_member

        return remove_member(self.session, name, dry_run=dry_run)

    def log(
        self, file: FileName | None = None, *, since: int | None = None, by: str | None = None, most: int = 50
    ) -> HistoryReport:
        """Tell what was done, the newest first: to a file or folder, by a person, since some seconds ago.

        `most` 0 are all.
        """
        from s3sync.team.history import log

        word = None if file is None else self._names([file])[0]
        return log(self.session, word, self.cwd, since_s=since, by=by, most=most)

    def inbox(self, *, keep: bool = False) -> HistoryReport:
        """Tell what others did since the last look. With `keep` this look does not count as one."""
        from s3sync.team.history import inbox

        return inbox(self.session, keep=keep)

    def conflicts(self, *files: FileName) -> ConflictsReport:
        """List the open conflicts with both versions, and those that were decided; changes nothing."""
        from s3sync.team.conflicts import conflicts

        return conflicts(self.session, self._selector(files))

    def resolve(
        self, file: FileName, keep: str | None = None, *, choose: Choose | None = None, dry_run: bool = False
    ) -> ResolveReport:
        """Decide a conflict: `keep` is `mine`, `theirs` or `both`; None asks `choose`, which gives an index or None."""
        from s3sync.team.resolving import resolve

        (name,) = self._names([file])
        return resolve(self.session, name, self.cwd, keep=keep, choose=choose, dry_run=dry_run)

    @contextmanager
    def showing(self, conflict: OpenConflict) -> Iterator[list[Problem]]:
        """Show both versions of a conflict in the system's viewer, as a context: what was fetched goes at its end.

        Yields the versions that are not shown. Raises `S3syncError` where there is no viewer.
        """
        from s3sync.team.side_by_side import shown
        from s3sync.team.viewing import Viewer

        with shown(self.session, conflict, Viewer(os.environ)) as problems:
            yield problems

    def versions(self, file: FileName) -> VersionsReport:
        """List the versions of a file that still exist: on the remote, kept by its bucket, in the trashes."""
        from s3sync.team.versions import versions

        (name,) = self._names([file])
        return versions(self.session, name, self.cwd)

    def bring_back(
        self, file: FileName, *, version: str | None = None, at: str | None = None, dry_run: bool = False
    ) -> BringReport:
        """Bring a version back into the staging folder: one by its id, or the one `at` a time. What stands there goes
        to the trash, and nothing is written to the store."""
        from s3sync.team.bring_back import bring_back

        if (version is None) == (at is None):
            raise UsageError("name one version: by its id, or by a time", hint="give either `version` or `at`")
        (name,) = self._names([file])
        return bring_back(self.session, name, self.cwd, version=version, at=at, dry_run=dry_run)

    def pin(self, *files: FileName, dry_run: bool = False) -> PinReport:
        """Write the size and MD5 of all files here, or of some, into the pin file, which belongs into git."""
        from s3sync.team.pinning import pin

        return pin(self.session, self._selector(files), dry_run=dry_run)

    def down_pinned(self, *files: FileName, dry_run: bool = False) -> BringReport:
        """Bring back what the pin file names, or some of it, where it still exists."""
        from s3sync.team.pinning import down_pinned

        return down_pinned(self.session, self._selector(files), dry_run=dry_run)

    def _selector(self, files: Sequence[FileName]) -> Selector | None:
        return make_selector(self._names(files), self.staging, self.cwd)

    def _names(self, files: Sequence[FileName]) -> list[str]:
        given: Sequence[object] = files
        for file in given:
            if not isinstance(file, (str, os.PathLike)) or isinstance(os.fspath(file), bytes):
                why, hint = "it is no text and no path", "give each name by itself: up('a.mov', 'b.mov')"
                raise UsageError(f"a file cannot be {file!r:.80}", why=why, hint=hint)
        return [os.fspath(file) for file in files]
