"""The execute phase of a pair: each step only if both places still hold what was planned with.

What is replaced or deleted goes to the trash of its place first, `.s3sync/trash/<when>/` there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from msgspec import Struct

from s3sync.core.etag import plain_md5
from s3sync.core.executable import is_executable
from s3sync.core.names import STATE_DIR
from s3sync.core.pairs import Do, End, Step
from s3sync.core.records import is_hashed
from s3sync.core.times import parse_ns
from s3sync.core.unfinished import Direction
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.tree import parent_of
from s3sync.errors import (
    ChecksumMismatch,
    NotFound,
    PreconditionFailed,
    SourceChanged,
    StoreError,
    Unsupported,
)
from s3sync.local.digests import Digests, digest
from s3sync.local.modes import POSIX, copy_file
from s3sync.local.place import delete_for_good, expect, move_to_trash, new_partial, place
from s3sync.local.room import state_room
from s3sync.local.scan import LocalFile, look_at
from s3sync.pairs.apart import refuse_gone, refuse_one_file
from s3sync.pairs.bodies import Bounded
from s3sync.pairs.digests import Knowledge
from s3sync.pairs.streaming import Streamer
from s3sync.pairs.values import Bucket, Folder, Found, Place, Seen
from s3sync.store.port import Create, Headers, Overwrite, Update, WriteMode
from s3sync.transfer.context import Transport
from s3sync.transfer.fetch.download import download
from s3sync.transfer.fetch.wanted import FreeSpace, Wanted
from s3sync.transfer.progress import Progress, Work
from s3sync.transfer.send.server_copy import HOPELESS, copy_or_fail
from s3sync.transfer.send.source import Source
from s3sync.transfer.send.upload import upload


class Done(Struct, frozen=True):
    """One verified change: what the place `at` holds now (None: nothing), and what that cost.

    `md5` None: nobody computed it. `replaced`: what was there before is in its trash. `outdated`: why it is not what
    the other place holds by now.
    """

    path: str
    at: End
    now: Found | None
    size: int
    md5: str | None = None
    moved: int = 0
    replaced: bool = False
    in_trash: bool = True
    outdated: SourceChanged | None = None


class Mover(Struct, frozen=True):
    """Carries out steps. `transports` has one for each place that is a store; `stamp` names the run's trash."""

    places: Mapping[End, Place]
    seen: Mapping[End, Seen]
    knows: Mapping[End, Knowledge]
    transports: Mapping[End, Transport]
    bounded: Bounded
    progress: Progress
    in_one_store: bool
    stamp: str
    user: str

    def carry_out(self, step: Step) -> list[Done]:
        """Carry out one step; returns its changes in order. Raises `S3syncError`."""
        if step.do is Do.DELETE:
            return [self._delete(step)]
        if step.do is Do.KEEP_BOTH:
            return self._keep_both(step)
        return [self._copy(step.path, step.to)]

    def copy_as(self, path: str, name: str) -> Done:
        """Copy one of A's files to B under another name, where nothing stands yet. Raises `S3syncError`."""
        return self._copy(path, End.B, name)

    def _keep_both(self, step: Step) -> list[Done]:
        """A's version gets its new name in both places before B's takes the path: each step leaves both versions."""
        assert step.kept_as is not None
        there = self._copy(step.path, End.B, step.kept_as)
        here = self._copy_back(step.kept_as, there)
        return [there, here, self._copy(step.path, End.A)]

    def _copy_back(self, name: str, there: Done) -> Done:
        assert there.now is not None
        self.seen[End.B].files[name] = there.now
        return self._copy(name, End.A)

    def _copy(self, path: str, to: End, name: str | None = None) -> Done:
        """Bring a file of one place to the other, under its path or another name."""
        source, target = self.places[to.other], self.places[to]
        found, name = self.seen[to.other].files[path], name or path
        old = self.seen[to].files.get(name)
        self.progress.begin(Work.UPLOAD, name, found.size)
        try:
            if isinstance(source, Bucket) and isinstance(target, Bucket):
                done = self._stream(path, name, to, target, found, old)
            elif isinstance(target, Bucket):
                done = self._send(path, name, to, target, found, old)
            elif isinstance(source, Bucket):
                done = self._fetch(path, name, to, target, found, old)
            else:
                done = self._duplicate(path, name, to, target, found, old)
        finally:
            self.progress.finish(Work.UPLOAD, name)
        self._note(done, to, found, path)
        return done

    def _note(self, done: Done, to: End, found: Found, path: str) -> None:
        now = done.now
        assert now is not None
        if now.file is None:
            self.knows[to].note_object(done.path, now.size, now.etag, done.md5)
        if found.file is None:
            self.knows[to.other].note_object(path, found.size, found.etag, done.md5)

    # -- into a store

    def _send(self, path: str, name: str, to: End, target: Bucket, found: Found, old: Found | None) -> Done:
        file, transport = found.file, self.transports[to]
        assert file is not None
        mode = self._make_room(to, target, name, old)
        known = self.knows[to.other].known_file(path, file)
        source = Source(name, file, known, self.user, "", POSIX and bool(file.runs))
        sent = upload(transport, target.key(name), source, mode, old.etag if old is not None else None)
        if sent.parts is not None:
            transport.ledger.remember_parts(name, sent.etag, sent.parts, sure=sent.sure)
            transport.ledger.end(name, Direction.UP)
        outdated = None
        if sent.outdated:
            outdated = SourceChanged(
                f"{path} changed while it was being copied: {target.shown} has what it was before",
                hint="run the command again when the file is finished",
            )
        else:
            self.knows[to.other].note_file(path, file, sent.digests)
        now = Found(file.size, target.key(name), sent.etag, file.mtime_ns)
        replaced = old is not None
        return Done(name, to, now, file.size, sent.digests.md5, sent.bytes_sent, replaced, outdated=outdated)

    def _stream(self, path: str, name: str, to: End, target: Bucket, found: Found, old: Found | None) -> Done:
        mode = self._make_room(to, target, name, old)
        got = Streamer(self.transports[to.other], self.transports[to], self.bounded).copy(
            name, found, target, mode, in_one_store=self.in_one_store, renamed=path != name
        )
        now = Found(found.size, target.key(name), got.etag, found.mtime_ns)
        known = got.md5 or self.knows[to.other].remembered(path, found)
        return Done(name, to, now, found.size, known, got.moved, old is not None)

    def _make_room(self, to: End, target: Bucket, name: str, old: Found | None) -> WriteMode:
        """Copy what is to be replaced to the trash; the condition under which its place may be taken."""
        if old is None:
            return Create()
        self._trash_object(self.transports[to], target, name, old)
        return Update(old.etag)

    def _trash_object(self, transport: Transport, place: Bucket, name: str, old: Found) -> None:
        head, key = place.store.head(old.key), place.trash_key(self.stamp, name)
        told = {**head.metadata, "name": name} if is_hashed(key.rpartition("/")[2]) else dict(head.metadata)
        headers = Headers(told, head.content_type)
        try:
            copy_or_fail(transport, old.key, old.etag, old.size, key, Overwrite(), headers)
        except (PreconditionFailed, NotFound, *HOPELESS):
            raise
        except StoreError as error:
            raise Unsupported(
                f"{name} cannot be put into the trash of {place.shown}",
                why=error.why or error.message,
                hint="nothing was replaced or deleted",
            ) from error

    # -- into a folder

    def _fetch(self, path: str, name: str, to: End, target: Folder, found: Found, old: Found | None) -> Done:
        transport, knows = self.transports[to.other], self.knows[to.other]
        source = self.places[to.other]
        assert isinstance(source, Bucket)
        head = source.store.head(found.key)
        if head.info.etag != found.etag:
            raise PreconditionFailed(f"{path} was replaced in {source.shown} meanwhile", hint="run the command again")
        known = knows.remembered(path, found) or plain_md5(head.metadata.get("md5", ""))
        wanted = Wanted(name, found.key, found.size, found.etag, known, private=old is not None)
        with state_room(target.root, "partial") as partial:
            got = download(transport, wanted, partial)
            times = parse_ns(head.metadata.get("mtime", ""))
            runs = is_executable(head.metadata)
            file = self._place(target, got.where, name, old, times, partial, runs=runs)
        if got.parts is not None:
            transport.ledger.end(name, Direction.DOWN)
        return self._placed(to, name, file, got.digests, got.bytes_received, old)

    def _duplicate(self, path: str, name: str, to: End, target: Folder, found: Found, old: Found | None) -> Done:
        source, file = self.places[to.other], found.file
        assert isinstance(source, Folder) and file is not None
        temp = new_partial(target.root)
        with state_room(target.root, "partial") as partial, local_errors("cannot copy", file.where):
            FreeSpace(partial).take(Wanted(name, "", found.size, "", None))
            known = self.knows[to.other].digests(path, file)
            expect(file, source.root)
            above, own_name = parent_of(file.where, file.depth)
            copy_file(above, own_name, partial, temp.name, arrives_as=name)
            try:
                if digest(look_at(temp)).md5 != known.md5:
                    raise SourceChanged(
                        f"{path} changed while it was being copied", hint="run the command again when it is finished"
                    )
                runs = POSIX and bool(file.runs)
                placed = self._place(target, os.fspath(temp), name, old, file.mtime_ns, partial, runs=runs)
            except BaseException:
                partial.unlink(temp.name, missing_ok=True)
                raise
        return self._placed(to, name, placed, known, found.size, old)

    def _place(
        self,
        target: Folder,
        temp: str,
        name: str,
        old: Found | None,
        mtime_ns: int | None,
        partial: GuardedFolder,
        *,
        runs: bool,
    ) -> LocalFile:
        return place(
            temp,
            target.root,
            name,
            expected=old.file if old is not None else None,
            mtime_ns=mtime_ns,
            trash=target.root / STATE_DIR / "trash" / self.stamp,
            executable=runs,
            partial=partial,
        )

    def _placed(self, to: End, name: str, file: LocalFile, digests: Digests, moved: int, old: Found | None) -> Done:
        self.knows[to].note_file(name, file, digests)
        now = Found(file.size, mtime_ns=file.mtime_ns, file=file)
        return Done(name, to, now, file.size, digests.md5, moved, old is not None)

    # -- away

    def _delete(self, step: Step) -> Done:
        place_, old = self.places[step.to], self.seen[step.to].files[step.path]
        if isinstance(place_, Bucket):
            self._trash_object(self.transports[step.to], place_, step.path, old)
            place_.store.delete(old.key, if_match=old.etag)
        else:
            assert old.file is not None
            move_to_trash(old.file, place_.root, step.path, place_.root / STATE_DIR / "trash" / self.stamp)
        return Done(step.path, step.to, None, old.size)

    def take_away(self, path: str, md5: str | None, held_as: str) -> Done:
        """Delete A's file for good, which B holds under that name with this MD5. Raises where it is no longer that
        file, or is B's itself, and where B is a folder that has its own no more.

        In a store it is the very version that was copied; its MD5 may be unknown.
        """
        place_, found = self.places[End.A], self.seen[End.A].files[path]
        held = self.seen[End.B].files.get(held_as)
        if isinstance(place_, Bucket):
            refuse_gone(path, held, self.places[End.B])
            place_.store.delete(found.key, if_match=found.etag)
        else:
            assert found.file is not None
            digests = self.knows[End.A].digests(path, found.file)
            if digests.md5 != md5:
                raise ChecksumMismatch(f"{path} is not what was copied", hint="run the command again")
            refuse_gone(path, held, self.places[End.B])
            if held is not None and held.file is not None:
                with local_errors("cannot look at", held.file.where):
                    refuse_one_file(path, found.file, held.file)
            delete_for_good(found.file, place_.root, digests)
        return Done(path, End.A, None, found.size, in_trash=False)
