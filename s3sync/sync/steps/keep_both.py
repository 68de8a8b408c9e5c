"""Conflicts: the local version gets another name, so that both are kept."""

from __future__ import annotations

from s3sync.core.effects import Effect, Kind, Left, Outcome
from s3sync.core.keep_both import Fingerprint, Intent
from s3sync.core.plan import Action, Do
from s3sync.core.times import format_time
from s3sync.errors import (
    S3syncError,
)
from s3sync.local.place import prune_empty_folders, rename_aside
from s3sync.local.scan import LocalFile
from s3sync.store.port import Create
from s3sync.sync.steps.downloads import Downloads
from s3sync.sync.steps.uploads import Uploads


class KeepBoth(Uploads, Downloads):
    """Steps that give the local version another name, and publish it under that."""

    def keep_both(self, action: Action) -> Outcome:
        """Fetch theirs first, then move mine aside, place theirs, publish mine: after any crash both exist.

        Each step is one of `core/keep_both.py`, which says what the next run does when this one is killed.
        """
        assert action.kept_as is not None
        remote, mine = self.seen.there.files[action.path], self.seen.here.files[action.path]
        got = self._bring(action.path, remote, mine)
        intent = self._intend(action.path, action.kept_as, mine)
        try:
            aside = rename_aside(mine, self.session.project.staging, action.kept_as)
        except BaseException:
            self._drop(action.path, got)
            raise
        theirs = self._place(action, got, remote, None).effects
        self.intents.arrived(intent)
        return self._publish(action, action.kept_as, aside, theirs)

    def move_aside(self, action: Action) -> Outcome:
        """Give a local edit another name, because its own is taken on the remote, and publish it under that."""
        assert action.kept_as is not None
        mine, staging = self.seen.here.files[action.path], self.session.project.staging
        intent = self._intend(action.path, action.kept_as, mine)
        aside = rename_aside(mine, staging, action.kept_as)
        self.intents.arrived(intent)
        prune_empty_folders(mine.disk_path.parent, staging)
        return self._publish(action, action.kept_as, aside, (Effect(Kind.MOVED, action.path, mine.size, None),))

    def _intend(self, path: str, kept_as: str, mine: LocalFile) -> Intent:
        """Note what is about to be done, for the run after a killed one."""
        by, at = self.session.settings.require_user(), format_time(self.session.clock())
        stood_as = mine.disk_path.relative_to(self.session.project.staging).as_posix()
        intent = Intent(path, kept_as, by, at, stood_as, Fingerprint(mine.size, mine.mtime_ns, mine.inode))
        self.intents.keep_both(intent)
        return intent

    def _publish(self, action: Action, kept_as: str, aside: LocalFile, done: tuple[Effect, ...]) -> Outcome:
        """Send the copy; `done` is what happened before."""
        key = self.session.project.prefix + kept_as
        try:
            sent = self._send(kept_as, aside, key, Create(), action.path)
        except S3syncError as error:
            return Outcome(action, done, Left(Action(Do.UPLOAD, kept_as, action.local, None), error))
        copy = self._uploaded(action, kept_as, aside, sent)
        return Outcome(action, (*done, *copy.effects), copy.left)
