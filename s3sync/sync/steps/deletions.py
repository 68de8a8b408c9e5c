"""Deletions, here and on the remote."""

from __future__ import annotations

from hashlib import md5

from s3sync.core.effects import Effect, Kind, Outcome
from s3sync.core.etag import PART_SIZE
from s3sync.core.plan import Action
from s3sync.core.records import old_part_file_key
from s3sync.errors import (
    ENDS_THE_RUN,
    ChecksumMismatch,
    StoreError,
)
from s3sync.local.place import delete_for_good, expect, move_to_trash
from s3sync.shared.scan import RemoteFile
from s3sync.store.own_word import has_to_be_read
from s3sync.store.port import Update
from s3sync.sync.same_content import is_surely_same
from s3sync.sync.steps.tools import Tools


class Deletions(Tools):
    """Steps that take a file away from one side."""

    def delete_local(self, action: Action) -> Outcome:
        file = self.seen.here.files[action.path]
        move_to_trash(file, self.session.project.staging, action.path, self._trash)
        return Outcome(action, (Effect(Kind.DELETED_HERE, action.path, file.size, None),))

    def free_local(self, action: Action) -> Outcome:
        """Delete for good what the remote holds, verified; what is not known to be that goes to the trash.

        Where the remote's word is a writer's, its bytes are read. Raises `ChecksumMismatch` for others than these.
        """
        file, digests = self.seen.here.files[action.path], self.seen.digests_of(action.path)
        if digests is None or action.remote is None or digests.md5 != action.remote.md5:
            return self.delete_local(action)
        there = self.seen.there.files[action.path]
        base = self.seen.base.get(action.path)
        if not is_surely_same(self.session.store, self.transport.ledger, action.path, there, file, base):
            return self.delete_local(action)
        if has_to_be_read(self.session.store, file.size) and self._md5_there(there) != digests.md5:
            self.transport.ledger.forget_parts(action.path)
            raise ChecksumMismatch(
                "stays here: the remote holds other bytes under its name",
                why="it says to hold these: somebody replaced them so that nothing but reading tells",
                hint="nothing was deleted; `s3sync verify --deep` reads all of the remote's files",
            )
        delete_for_good(file, self.session.project.staging, digests)
        return Outcome(action, (Effect(Kind.DELETED_HERE, action.path, file.size, None),))

    def _md5_there(self, there: RemoteFile) -> str:
        """MD5 of an object's bytes, which are read. Raises `StoreError`."""
        running = md5(usedforsecurity=False)
        with self.session.store.get(there.key, if_match=there.etag) as reader:
            for chunk in reader:
                self.session.pace.receive(len(chunk))
                running.update(chunk)
        return running.hexdigest()

    def delete_remote(self, action: Action) -> Outcome:
        """The base keeps what is still here, so that it is known as deleted there.

        Where this disk is to hold the bytes from now on, it must still be the file that was hashed.
        """
        key, mode = self._target(action)
        if action.local is not None and not action.trash_remote:
            expect(self.seen.here.files[action.path], self.session.project.staging)
        assert isinstance(mode, Update)
        lives_on = self.elsewhere.of(self.session.store, action) if action.trash_remote else None
        if action.trash_remote and lives_on is None:
            self._trash_remote(action)
        size = action.remote.size if action.remote else 0
        if size > PART_SIZE:
            self._delete_part_file(action.path)
        self.session.store.delete(key, if_match=mode.etag)
        entry = self.seen.base.get(action.path) if action.local is not None else None
        return Outcome(action, (Effect(Kind.DELETED_THERE, action.path, size, entry, lives_on=lives_on),))

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
