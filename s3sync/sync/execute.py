"""The execute phase: carry out actions, each only if its precondition still holds, and say what really happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from s3sync.core.entries import Entry
from s3sync.core.manifest import FileRecord
from s3sync.core.names import STATE_DIR
from s3sync.core.outcome import Outcome, Problem, Raced
from s3sync.core.plan import Action, Do
from s3sync.core.times import format_ns, format_time
from s3sync.errors import (
    AccessDenied,
    Archived,
    BucketMissing,
    ClockSkewed,
    CredentialsError,
    Interrupted,
    NotFound,
    PreconditionFailed,
    S3syncError,
    TargetChanged,
    Unreachable,
)
from s3sync.local.digests import Digests
from s3sync.local.place import move_to_trash, new_partial, place, rename_aside, state_folder
from s3sync.local.scan import LocalFile
from s3sync.store.port import Create, Overwrite, Update, WriteMode
from s3sync.sync.remote import RemoteFile
from s3sync.sync.scan import Seen
from s3sync.sync.session import Session
from s3sync.transfer.download import Wanted, download
from s3sync.transfer.pool import Pool
from s3sync.transfer.progress import Work
from s3sync.transfer.upload import Source, Uploaded, upload

Result: TypeAlias = Outcome | Raced | Problem

FATAL = (CredentialsError, ClockSkewed, BucketMissing, Unreachable, Interrupted)
"""What will be no better for the next file: the run ends, and what was done so far is saved."""


@dataclass(slots=True)
class Executor:
    """Carries out the actions of one plan. `placed` collects what now stands on the disk, with its digests."""

    session: Session
    seen: Seen
    pool: Pool
    stamp: str
    placed: dict[str, tuple[LocalFile, Digests]]
    wrote: bool = False
    """Whether the store took anything from us: a refusal before that is a matter of rights, not of one file."""

    def run(self, actions: list[Action]) -> Iterator[Result]:
        """Results as they come, in any order. Deletions come last, when everything else has had its turn."""
        deletions = [action for action in actions if action.do in (Do.DELETE_LOCAL, Do.DELETE_REMOTE)]
        others = [action for action in actions if action not in deletions] if deletions else actions
        self._announce(others)
        for batch in (others, deletions):
            for action, future in self.pool.map(self._carry_out, batch):
                yield self._result(action, future)

    def _result(self, action: Action, future: Future[Outcome]) -> Result:
        try:
            outcome = future.result()
            self.wrote |= outcome.record is not None
            return outcome
        except (PreconditionFailed, TargetChanged) as error:
            return Raced(action, str(error))
        except NotFound as error:
            return Raced(action, str(error)) if action.remote else Problem(action.path, str(error), error.hint)
        except FATAL:
            raise
        except S3syncError as error:
            if isinstance(error, AccessDenied) and action.do is not Do.DOWNLOAD and not self.wrote:
                raise
            return Problem(action.path, str(error), error.hint)

    def _announce(self, actions: list[Action]) -> None:
        for work, do, side in (
            (Work.UPLOAD, Do.UPLOAD, "local"),
            (Work.DOWNLOAD, Do.DOWNLOAD, "remote"),
            (Work.UPLOAD, Do.KEEP_BOTH, "local"),
            (Work.DOWNLOAD, Do.KEEP_BOTH, "remote"),
        ):
            entries = [getattr(action, side) for action in actions if action.do is do]
            if entries:
                self.session.progress.expect(work, len(entries), sum(entry.size for entry in entries))

    def _carry_out(self, action: Action) -> Outcome:
        return STEPS[action.do](self, action)

    def upload(self, action: Action) -> Outcome:
        file = self.seen.here.files[action.path]
        key, mode = self._target(action)
        if action.trash_remote:
            self._trash_remote(action)
        sent = self._send(action.path, file, key, mode, self.seen.digests.get(action.path))
        return self._uploaded(action, action.path, file, sent)

    def download(self, action: Action) -> Outcome:
        remote = self.seen.there.files[action.path]
        expected = self.seen.here.files.get(action.path)
        entry, received = self._fetch(action.path, remote, expected)
        return Outcome(action, entry, None, bytes_received=received)

    def keep_both(self, action: Action) -> Outcome:
        """Fetch theirs first, then move mine aside, place theirs, publish mine: after any crash both exist."""
        assert action.kept_as is not None
        remote, mine = self.seen.there.files[action.path], self.seen.here.files[action.path]
        staging = self.session.project.staging
        temp = new_partial(staging)
        got = download(self.session.store, _wanted(action.path, remote), temp, self.pool, self.session.progress)
        try:
            aside = rename_aside(mine, staging, action.kept_as)
            theirs = place(
                temp, staging, action.path, expected=None, mtime_ns=remote.entry.mtime_ns, trash=self._trash()
            )
        finally:
            temp.unlink(missing_ok=True)
        self.session.progress.finish(Work.DOWNLOAD, action.path)
        self.placed[action.path] = (theirs, got.digests)
        known = self.seen.digests.get(action.path)
        key = self.session.project.prefix + action.kept_as
        sent = self._send(action.kept_as, aside, key, Create(), known)
        copy = self._uploaded(replace(action, path=action.kept_as), action.kept_as, aside, sent)
        entry = replace(remote.entry, md5=got.digests.md5, mtime_ns=theirs.mtime_ns)
        return Outcome(action, entry, None, bytes_received=got.bytes_received, also=(copy,))

    def delete_local(self, action: Action) -> Outcome:
        file = self.seen.here.files[action.path]
        move_to_trash(file, self.session.project.staging, action.path, self._trash())
        return Outcome(action, None)

    def delete_remote(self, action: Action) -> Outcome:
        key, mode = self._target(action)
        assert isinstance(mode, Update)
        if action.trash_remote:
            self._trash_remote(action)
        self.session.store.delete(key, if_match=mode.etag)
        return Outcome(action, None)

    def _target(self, action: Action) -> tuple[str, WriteMode]:
        """The key to write, and the only state of it that may be written over: the one that was planned against."""
        remote = self.seen.there.files.get(action.path)
        if remote is None:
            return self.session.project.prefix + action.path, Create()
        assert remote.entry.etag is not None
        return remote.key, Update(remote.entry.etag)

    def _trash_remote(self, action: Action) -> None:
        remote = self.seen.there.files[action.path]
        assert remote.entry.etag is not None
        target = f"{self.session.project.prefix}{STATE_DIR}/trash/{self.stamp}/{action.path}"
        self.session.store.copy(remote.key, target, source_etag=remote.entry.etag, mode=Overwrite(), headers=None)

    def _send(self, path: str, file: LocalFile, key: str, mode: WriteMode, known: Digests | None) -> Uploaded:
        source = Source(path, file, known, self.session.settings.require_user(), self.session.project.name)
        try:
            return upload(self.session.store, key, source, mode, self.pool, self.session.progress)
        finally:
            self.session.progress.finish(Work.UPLOAD, path)

    def _uploaded(self, action: Action, path: str, file: LocalFile, sent: Uploaded) -> Outcome:
        self.placed[path] = (file, sent.digests)
        record = FileRecord(
            name=path,
            size_bytes=file.size,
            uploaded_by=self.session.settings.require_user(),
            uploaded_at=format_time(self.session.clock()),
            md5=sent.digests.md5,
            etag=sent.etag,
            part_size=sent.part_size,
            modified_at=format_ns(file.mtime_ns),
        )
        entry = Entry(file.size, sent.digests.md5, sent.etag, file.mtime_ns)
        return Outcome(action, entry, record, bytes_sent=sent.bytes_sent)

    def _fetch(self, path: str, remote: RemoteFile, expected: LocalFile | None) -> tuple[Entry, int]:
        staging = self.session.project.staging
        if remote.archived:
            raise Archived(
                f"{path} is in cold storage", why="an archived object cannot be read", hint="have it restored first"
            )
        try:
            temp = new_partial(staging)
            got = download(self.session.store, _wanted(path, remote), temp, self.pool, self.session.progress)
            try:
                file = place(
                    temp, staging, path, expected=expected, mtime_ns=remote.entry.mtime_ns, trash=self._trash()
                )
            finally:
                temp.unlink(missing_ok=True)
        finally:
            self.session.progress.finish(Work.DOWNLOAD, path)
        self.placed[path] = (file, got.digests)
        return replace(remote.entry, md5=got.digests.md5, mtime_ns=file.mtime_ns), got.bytes_received

    def _trash(self) -> Path:
        return state_folder(self.session.project.staging, "trash") / self.stamp


def _wanted(path: str, remote: RemoteFile) -> Wanted:
    assert remote.entry.etag is not None
    return Wanted(path, remote.key, remote.entry.size, remote.entry.etag, remote.entry.md5, remote.record.part_size)


STEPS: dict[Do, Callable[[Executor, Action], Outcome]] = {
    Do.UPLOAD: Executor.upload,
    Do.DOWNLOAD: Executor.download,
    Do.KEEP_BOTH: Executor.keep_both,
    Do.DELETE_LOCAL: Executor.delete_local,
    Do.DELETE_REMOTE: Executor.delete_remote,
}
