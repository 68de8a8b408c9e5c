"""The steps of a plan: each is carried out only if its precondition still holds, and says what really happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec.structs import replace

from s3sync.core.effects import Outcome
from s3sync.core.plan import Action, Do
from s3sync.errors import Archived
from s3sync.sync.steps.deletions import Deletions
from s3sync.sync.steps.keep_both import KeepBoth
from s3sync.sync.steps.put_back import PutBack
from s3sync.transfer.pool import Result

LOCAL_ONLY = (Do.DOWNLOAD, Do.DELETE_LOCAL, Do.FREE_LOCAL, Do.PUT_BACK_LOCAL)
"""Steps that write nothing to the store."""


class Steps(KeepBoth, Deletions, PutBack):
    """The steps of one plan."""

    def carry_out(self, actions: Sequence[Action]) -> list[Result[Outcome]]:
        """Carry out a group of actions: one of any kind, or downloads of small files.

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
