"""The steps of a plan: each is carried out only if its precondition still holds, and says what really happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from msgspec.structs import replace

from s3sync.core.effects import Effect, Kind, Left, Outcome
from s3sync.core.entries import Entry
from s3sync.core.etag import PART_SIZE
from s3sync.core.executable import HEADER, as_metadata, is_executable
from s3sync.core.keep_both import Fingerprint, Intent
from s3sync.core.manifest.record import FileRecord
from s3sync.core.plan import Action, Do
from s3sync.core.records import is_hashed, old_part_file_key, trash_key
from s3sync.core.times import format_ns, format_time
from s3sync.core.unfinished import Direction
from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import (
    ENDS_THE_RUN,
    Archived,
    LocalError,
    NotFound,
    PreconditionFailed,
    S3syncError,
    SourceChanged,
    StoreError,
    Unsupported,
)
from s3sync.local.digests import Digests
from s3sync.local.modes import may_be_run
from s3sync.local.place import delete_for_good, expect, move_to_trash, place, prune_empty_folders, rename_aside
from s3sync.local.room import state_room
from s3sync.local.scan import LocalFile
from s3sync.shared.scan import COPY_FROM, RemoteFile
from s3sync.spill.table import SpilledDict
from s3sync.state.intents import Intents
from s3sync.store.port import Create, Headers, Overwrite, Update, WriteMode
from s3sync.sync.session import Session
from s3sync.sync.view import View
from s3sync.transfer.context import Transport
from s3sync.transfer.fetch.download import Downloaded, Wanted, copy_local, download
from s3sync.transfer.fetch.small import download_together
from s3sync.transfer.pool import Result
from s3sync.transfer.progress import Work
from s3sync.transfer.send.server_copy import HOPELESS, copy_on_server, copy_or_fail
from s3sync.transfer.send.upload import Source, Uploaded, upload

LOCAL_ONLY = (Do.DOWNLOAD, Do.DELETE_LOCAL, Do.FREE_LOCAL, Do.PUT_BACK_LOCAL)
"""Steps that write nothing to the store."""
TRASH_VERSION = "1"
"""Of what the metadata of an object in the trash says. `key-id` is reserved for the key that it is encrypted with."""
USER_LENGTH = 64
"""No user's name is longer; a longer one, from elsewhere, would not fit into an object's headers."""


@dataclass
class Steps:
    """The steps of one plan. `placed` collects what now stands on the disk, with its digests."""

    session: Session
    seen: View
    transport: Transport
    stamp: str
    placed: dict[str, tuple[LocalFile, Digests]]
    intents: Intents

    def carry_out(self, actions: Sequence[Action]) -> list[Result[Outcome]]:
        """What became of each action of a group: one of any kind, or downloads of small files.

        `PreconditionFailed`, `TargetChanged` or `NotFound` where somebody else was there first.
        """
        if len(actions) > 1:
            with suppress(Archived):  # rare, and then each is told by itself
                return self._download_together(actions)
        return [Result.of(self._step, action) for action in actions]

    def _step(self, action: Action) -> Outcome:
        """What an undo leaves behind is the base as it was."""
        outcome = _STEPS[action.do](self, action)
        if action.undoes is None:
            return outcome
        base = action.undoes.base
        return replace(outcome, effects=tuple(replace(effect, entry=base) for effect in outcome.effects))

    def upload(self, action: Action) -> Outcome:
        file = self.seen.here.files[action.path]
        key, mode = self._target(action)
        if action.trash_remote:
            self._trash_remote(action)
        return self._uploaded(action, action.path, file, self._send(action.path, file, key, mode))

    def download(self, action: Action) -> Outcome:
        remote = self._readable(action.path)
        got = self._bring(action.path, remote, self.seen.here.files.get(action.path))
        return self._place(action, got, remote, self.seen.here.files.get(action.path))

    def _download_together(self, actions: Sequence[Action]) -> list[Result[Outcome]]:
        progress, here = self.session.progress, self.seen.here.files
        remotes = [self._readable(action.path) for action in actions]
        wanted = [
            _wanted(action.path, remote, replaces=action.path in here)
            for action, remote in zip(actions, remotes, strict=True)
        ]
        for one in wanted:
            progress.begin(Work.DOWNLOAD, one.path, one.size)
        try:
            got = download_together(self.transport, wanted, self._partial)
        finally:
            for one in wanted:
                progress.finish(Work.DOWNLOAD, one.path)

        def finish(number: int) -> Outcome:
            action = actions[number]
            return self._place(action, got[number].result(), remotes[number], here.get(action.path))

        return [Result.of(finish, number) for number in range(len(actions))]

    def _readable(self, path: str) -> RemoteFile:
        remote = self.seen.there.files[path]
        if remote.archived:
            raise Archived(f"{path} is in cold storage", why="an archived object cannot be read", hint="thaw it first")
        return remote

    def keep_both(self, action: Action) -> Outcome:
        """Fetch theirs first, then move mine aside, place theirs, publish mine: after any crash both exist.

        Each step is one of `core/keep_both.py`, which says what the next run does when this one is killed.
        """
        assert action.kept_as is not None
        remote, mine = self.seen.there.files[action.path], self.seen.here.files[action.path]
        got = self._bring(action.path, remote, mine)
        by, at = self.session.settings.require_user(), format_time(self.session.clock())
        staging = self.session.project.staging
        was = Fingerprint(mine.size, mine.mtime_ns, mine.inode)
        intent = Intent(action.path, action.kept_as, by, at, mine.disk_path.relative_to(staging).as_posix(), was)
        self.intents.keep_both(intent)
        try:
            aside = rename_aside(mine, staging, action.kept_as)
        except BaseException:
            self._drop(action.path, got)
            raise
        theirs = self._place(action, got, remote, None).effects
        self.intents.arrived(intent)
        key = self.session.project.prefix + action.kept_as
        try:
            sent = self._send(action.kept_as, aside, key, Create(), action.path)
        except S3syncError as error:
            return Outcome(action, theirs, Left(Action(Do.UPLOAD, action.kept_as, action.local, None), error))
        copy = self._uploaded(action, action.kept_as, aside, sent)
        return Outcome(action, (*theirs, *copy.effects), copy.left)

    def move_aside(self, action: Action) -> Outcome:
        """Give a local edit another name, because its own is taken on the remote, and publish it under that."""
        assert action.kept_as is not None
        mine, staging = self.seen.here.files[action.path], self.session.project.staging
        by, at = self.session.settings.require_user(), format_time(self.session.clock())
        was = Fingerprint(mine.size, mine.mtime_ns, mine.inode)
        intent = Intent(action.path, action.kept_as, by, at, mine.disk_path.relative_to(staging).as_posix(), was)
        self.intents.keep_both(intent)
        aside = rename_aside(mine, staging, action.kept_as)
        self.intents.arrived(intent)
        prune_empty_folders(mine.disk_path.parent, staging)
        moved = Effect(Kind.MOVED, action.path, mine.size, None)
        try:
            sent = self._send(
                action.kept_as, aside, self.session.project.prefix + action.kept_as, Create(), action.path
            )
        except S3syncError as error:
            return Outcome(action, (moved,), Left(Action(Do.UPLOAD, action.kept_as, action.local, None), error))
        copy = self._uploaded(action, action.kept_as, aside, sent)
        return Outcome(action, (moved, *copy.effects), copy.left)

    def delete_local(self, action: Action) -> Outcome:
        file = self.seen.here.files[action.path]
        move_to_trash(file, self.session.project.staging, action.path, self._trash)
        return Outcome(action, (Effect(Kind.DELETED_HERE, action.path, file.size, None),))

    def put_back_local(self, action: Action) -> Outcome:
        """The version that stood here before; what stands here now goes to the trash."""
        assert action.source is not None
        source, expected = Path(action.source), self.seen.here.files.get(action.path)
        staging = self.session.project.staging
        file = place(source, staging, action.path, expected=expected, mtime_ns=None, trash=self._trash, own_mode=True)
        return Outcome(action, (Effect(Kind.FETCHED, action.path, file.size, None),))

    def put_back_remote(self, action: Action) -> Outcome:
        """The version that stood there before, from the trash; what stands there now goes to the trash."""
        assert action.source is not None and action.undoes is not None
        key, mode = self._target(action)
        head = self.session.store.head(action.source)
        if action.trash_remote:
            self._trash_remote(action)
        record, info = action.undoes.record, head.info
        by = record.uploaded_by if record else head.metadata.get("uploaded-by", "")
        said = {name: head.metadata.get(name, "") for name in ("md5", "mtime", HEADER)}
        said |= {"uploaded-by": by[:USER_LENGTH], "project-id": self.session.project.name}
        headers = Headers({name: value for name, value in said.items() if value})
        etag = copy_or_fail(self.transport, action.source, info.etag, info.size, key, mode, headers)
        new = FileRecord(
            name=action.path,
            size_bytes=info.size,
            uploaded_by=by or self.session.settings.require_user(),
            uploaded_at=record.uploaded_at if record else format_time(self.session.clock()),
            md5=record.md5 if record else said["md5"] or None,
            etag=etag,
            modified_at=record.modified_at if record else None,
            executable=is_executable(head.metadata),
        )
        return Outcome(action, (Effect(Kind.SENT, action.path, info.size, None, new),))

    def free_local(self, action: Action) -> Outcome:
        """Delete for good what the remote holds, verified; what is not known to be that goes to the trash."""
        file, digests = self.seen.here.files[action.path], self.seen.digests_of(action.path)
        if digests is None or action.remote is None or digests.md5 != action.remote.md5:
            return self.delete_local(action)
        delete_for_good(file, self.session.project.staging, digests)
        return Outcome(action, (Effect(Kind.DELETED_HERE, action.path, file.size, None),))

    def delete_remote(self, action: Action) -> Outcome:
        """The base keeps what is still here, so that it is known as deleted there.

        Where this disk is to hold the bytes from now on, it must still be the file that was hashed.
        """
        key, mode = self._target(action)
        if action.local is not None and not action.trash_remote:
            expect(self.seen.here.files[action.path], self.session.project.staging)
        assert isinstance(mode, Update)
        if action.trash_remote:
            self._trash_remote(action)
        size = action.remote.size if action.remote else 0
        if size > PART_SIZE:
            self._delete_part_file(action.path)
        self.session.store.delete(key, if_match=mode.etag)
        entry = self.seen.base.get(action.path) if action.local is not None else None
        return Outcome(action, (Effect(Kind.DELETED_THERE, action.path, size, entry),))

    def _delete_part_file(self, path: str) -> None:
        """Before its file, because nobody looks for it once the file is gone."""
        old = old_part_file_key(self.session.project.prefix, path)
        for key in (self.transport.part_file(path), *([old] if old in self.seen.there.old_parts else [])):
            try:
                self.session.store.delete(key)
            except ENDS_THE_RUN:
                raise
            except StoreError:
                continue

    def _target(self, action: Action) -> tuple[str, WriteMode]:
        """The key to write, and the only state of it that may be written over: the one that was planned against."""
        remote = self.seen.there.files.get(action.path)
        if remote is None:
            return self.session.project.prefix + action.path, Create()
        return remote.key, Update(remote.etag)

    def _trash_remote(self, action: Action) -> None:
        remote = self.seen.there.files[action.path]
        target = trash_key(self.session.project.prefix, self.stamp, action.path)
        record = {
            "uploaded-by": remote.record.uploaded_by[:USER_LENGTH],
            "md5": remote.entry.md5 or "",
            "mtime": remote.record.modified_at or "",
            "trash": TRASH_VERSION,
            **as_metadata(remote.record.executable),
            "name": action.path if is_hashed(target.rpartition("/")[2]) else "",
        }
        headers = Headers({name: value for name, value in record.items() if value})
        try:
            copy_or_fail(self.transport, remote.key, remote.etag, remote.entry.size, target, Overwrite(), headers)
        except (PreconditionFailed, NotFound, *HOPELESS):
            raise
        except StoreError as error:
            raise Unsupported(
                f"{action.path} cannot be put into the remote trash",
                why=error.why or error.message,
                hint="nothing was replaced; `s3sync up` replaces it without keeping the old version",
            ) from error

    def _send(self, path: str, file: LocalFile, key: str, mode: WriteMode, scanned_as: str | None = None) -> Uploaded:
        """Publish a file. `scanned_as` is the path under which the scan saw it, if that is another."""
        known = self.seen.digests_of(scanned_as or path)
        user, runs = self.session.settings.require_user(), self._may_be_run(scanned_as or path, file)
        source = Source(path, file, known, user, self.session.project.name, runs)
        self.session.progress.begin(Work.UPLOAD, path, file.size)
        try:
            sent = self._copy_on_server(source, key, mode)
            if sent is None:
                sent = upload(self.transport, key, source, mode, mode.etag if isinstance(mode, Update) else None)
            return replace(sent, executable=runs) if runs else sent
        finally:
            self.session.progress.finish(Work.UPLOAD, path)

    def _may_be_run(self, path: str, file: LocalFile) -> bool:
        """Where this disk does not tell, what is said of the version on the remote."""
        there = self.seen.there.files.get(path)
        return may_be_run(file, self.session.project.staging, there is not None and there.record.executable)

    def _copy_on_server(self, source: Source, key: str, mode: WriteMode) -> Uploaded | None:
        known, size = source.known, source.file.size
        path = self._there_by_content.get(_content(size, known.md5)) if known and size >= COPY_FROM else None
        if known is None or path is None:
            return None
        twin = self.seen.there.files[path]
        if twin.key == key:
            return None
        headers, progress = source.headers(known), self.session.progress
        progress.expect(Work.COPY, 1, size)
        progress.begin(Work.COPY, source.path, size)
        try:
            etag = copy_on_server(self.transport, twin.key, twin.etag, size, key, mode, headers)
        except (PreconditionFailed, NotFound):
            etag = None  # the twin was replaced, perhaps by this very run; if it was the target, sending finds that out
        finally:
            progress.finish(Work.COPY, source.path)
        if etag is None:
            return None
        for work in (Work.COPY, Work.UPLOAD):
            progress.advance(work, source.path, size)
        parts = self.transport.ledger.parts_of(twin.record.name, twin.etag)
        return Uploaded(etag, known, None, 0, parts)

    @cached_property
    def _there_by_content(self) -> Mapping[str, str]:
        """The paths of what is worth copying."""
        entries = ((path, file.entry) for path, file in self.seen.there.files.items())
        found = SpilledDict(str)
        found.update((_content(e.size, e.md5), path) for path, e in entries if e.md5 and e.size >= COPY_FROM)
        return found

    @cached_property
    def _here_by_content(self) -> Mapping[str, str]:
        found = SpilledDict(str)
        for path, file in self.seen.here.files.items():
            digests = self.seen.digests_of(path) if file.size >= COPY_FROM else None
            if digests is not None:
                found[_content(file.size, digests.md5)] = path
        return found

    def _uploaded(self, action: Action, path: str, file: LocalFile, sent: Uploaded) -> Outcome:
        self.placed[path] = (file, sent.digests)
        if sent.parts is not None:
            self.transport.publish_parts(path, sent.etag, file.size, sent.parts)
        record = FileRecord(
            name=path,
            size_bytes=file.size,
            uploaded_by=self.session.settings.require_user(),
            uploaded_at=format_time(self.session.clock()),
            md5=sent.digests.md5,
            etag=sent.etag,
            part_size=sent.part_size,
            modified_at=format_ns(file.mtime_ns),
            executable=sent.executable,
        )
        entry = Entry(file.size, sent.digests.md5, sent.etag, file.mtime_ns)
        effect = Effect(Kind.SENT, path, file.size, entry, record, sent.bytes_sent)
        return Outcome(action, (effect,), _edited(action, path) if sent.outdated else None)

    def _bring(self, path: str, remote: RemoteFile, old: LocalFile | None) -> Downloaded:
        """The bytes, from another file of this disk that holds them already, else from the store."""
        entry = remote.entry
        wanted = _wanted(path, remote, replaces=old is not None)
        folder = self._partial
        same = self._here_by_content.get(_content(entry.size, entry.md5)) if entry.size >= COPY_FROM else None
        twin = self.seen.here.files.get(same) if same is not None else None
        self.session.progress.begin(Work.DOWNLOAD, path, entry.size)
        try:
            if twin is not None:
                with suppress(LocalError):
                    found = copy_local(self.transport, wanted, folder, twin)
                    if found is not None:
                        return found
            return download(self.transport, wanted, folder, old)
        finally:
            self.session.progress.finish(Work.DOWNLOAD, path)

    def _place(self, action: Action, got: Downloaded, remote: RemoteFile, expected: LocalFile | None) -> Outcome:
        path, mtime_ns, runs = action.path, remote.mtime_ns, remote.record.executable
        if got.parts is not None:
            self.transport.ledger.remember_parts(path, remote.etag, got.parts)
        try:
            staging = self.session.project.staging
            trash = self._trash
            file = place(got.temp, staging, path, expected=expected, mtime_ns=mtime_ns, trash=trash, executable=runs)
        except BaseException:
            self._drop(path, got)
            raise
        self._end(path, got)
        self.placed[path] = (file, got.digests)
        entry = replace(remote.entry, md5=got.digests.md5, mtime_ns=file.mtime_ns)
        return Outcome(action, (Effect(Kind.FETCHED, path, file.size, entry, None, got.bytes_received),))

    def _drop(self, path: str, got: Downloaded) -> None:
        self._partial.unlink(got.temp.name, missing_ok=True)
        self._end(path, got)

    def _end(self, path: str, got: Downloaded) -> None:
        """A large download is unfinished until its file has its name: until then a killed run can go on with it."""
        if got.parts is not None:
            self.transport.ledger.end(path, Direction.DOWN)

    @cached_property
    def _partial(self) -> GuardedFolder:
        return state_room(self.session.project.staging, "partial")

    @cached_property
    def _trash(self) -> Path:
        return self.session.project.state_dir / "trash" / self.stamp


def _content(size: int, md5: str | None) -> str:
    return f"{size} {md5}"


def _wanted(path: str, remote: RemoteFile, *, replaces: bool) -> Wanted:
    """`replaces`: a file that may be private; until the new one has its mode, nobody else reads that either."""
    entry, part_size = remote.entry, remote.record.part_size
    return Wanted(path, remote.key, entry.size, remote.etag, entry.md5, part_size, private=replaces)


def _edited(action: Action, path: str) -> Left:
    error = SourceChanged(
        "changed while it was being uploaded: what is on the remote is what it was before",
        hint="run the command again when the file is finished",
    )
    return Left(replace(action, path=path), error)


_STEPS: dict[Do, Callable[[Steps, Action], Outcome]] = {
    Do.UPLOAD: Steps.upload,
    Do.DOWNLOAD: Steps.download,
    Do.KEEP_BOTH: Steps.keep_both,
    Do.MOVE_ASIDE: Steps.move_aside,
    Do.DELETE_LOCAL: Steps.delete_local,
    Do.DELETE_REMOTE: Steps.delete_remote,
    Do.FREE_LOCAL: Steps.free_local,
    Do.PUT_BACK_LOCAL: Steps.put_back_local,
    Do.PUT_BACK_REMOTE: Steps.put_back_remote,
}
