"""The steps of a plan: each is carried out only if its precondition still holds, and says what really happened."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from msgspec.structs import replace

from s3sync.core.effects import Outcome
from s3sync.core.plan import Action, Do
from s3sync.shared.scan import RemoteFile
from s3sync.sync.steps.deletions import Deletions
from s3sync.sync.steps.keep_both import KeepBoth
from s3sync.sync.steps.put_back import PutBack
from s3sync.sync.steps.small_downloads import Done, SmallDownloads, is_small_download
from s3sync.transfer.fetch.wanted import Downloaded
from s3sync.transfer.pool import Result


class Steps(KeepBoth, Deletions, PutBack):
    """The steps of one plan."""

    def carry_out(self, action: Action, done: Done) -> None:
        """Carry out an action, and tell what became of it; a small download is finished together with others.

        `PreconditionFailed`, `TargetChanged` or `NotFound` where somebody else was there first.
        """
        if is_small_download(action):
            self._small.receive(action, self.seen.there.files[action.path], done)
        else:
            done(Result.of(self._step, action))

    def _step(self, action: Action) -> Outcome:
        return _as_undone(action, _STEPS[action.do](self, action))

    @cached_property
    def _small(self) -> SmallDownloads:
        def finish(action: Action, got: Downloaded, remote: RemoteFile) -> Outcome:
            return _as_undone(action, self._place(action, got, remote, self.seen.here.files.get(action.path)))

        return SmallDownloads(self.transport, self._partial, self.seen, finish)


def _as_undone(action: Action, outcome: Outcome) -> Outcome:
    """What an undo leaves behind is the base as it was."""
    if action.undoes is None:
        return outcome
    base = action.undoes.base
    return replace(outcome, effects=tuple(replace(effect, entry=base) for effect in outcome.effects))


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
