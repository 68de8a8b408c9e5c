"""The execute phase: all actions of a plan through the pool, and what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TypeAlias

from s3sync.core.effects import Effect, Kind, Outcome
from s3sync.core.names import without_case
from s3sync.core.outcome import Problem, Raced
from s3sync.core.plan import LOCAL_ONLY, Action, Do
from s3sync.errors import ENDS_THE_RUN, AccessDenied, NotFound, PreconditionFailed, S3syncError, TargetChanged
from s3sync.sync.steps import Steps
from s3sync.transfer.pool import LARGE, Result
from s3sync.transfer.progress import Progress, Work

StepResult: TypeAlias = Outcome | Raced | Problem

ENOUGH_DENIALS = 8
"""Small writes, or all if there are fewer, that must fail before a denial is taken for a lack of rights."""
DELETIONS = (Do.DELETE_LOCAL, Do.DELETE_REMOTE, Do.FREE_LOCAL)


def execute(steps: Steps, actions: Sequence[Action]) -> Iterator[StepResult]:
    """Results as they come, in any order. Deletions come last, when everything else has had its turn.

    Raises what ends the run: the errors in `ENDS_THE_RUN`, and `AccessDenied` to the first writes, which is a matter of
    rights and not of one file. The smallest upload goes first, and large files wait until a write was taken, so that
    who may not write is told before many bytes travel in vain.
    """
    _announce(steps.session.progress, actions)
    first, pool, wrote = _smallest_upload(actions), steps.transport.pool, False
    undone: list[str] = []

    def stuck(action: Action) -> bool:
        return any(_share_a_name(action.path, path) for path in undone)

    turns: tuple[Callable[[Action], bool], ...] = (
        lambda action: action.do not in DELETIONS and not action.waits,
        lambda action: action.do in DELETIONS,
        lambda action: action.waits and not stuck(action),
    )
    for turn in turns:
        ahead = (action for action in actions if action.path == first and turn(action))
        others = (action for action in actions if action.path != first and turn(action))
        small = sum(turn(action) and action.do not in LOCAL_ONLY and _size(action) <= LARGE for action in actions)
        rights = _Rights(small, wrote=wrote)
        pool.hold_large(first is not None and not wrote)
        for action, settled in pool.each(steps.carry_out, chain(ahead, others), _size, last=ENDS_THE_RUN):
            for result in rights.judge(action, settled):
                yield result
                if action.do in DELETIONS and not isinstance(result, Outcome):
                    undone.append(action.path)
            if first is not None and not wrote:
                wrote = rights.wrote
                pool.hold_large(not wrote)
        wrote = wrote or rights.wrote
    for action in actions if undone else ():
        if action.waits and stuck(action):
            hint = "look at what is reported above, and run the command again"
            yield Problem(action.path, "was not done: what stands in its place could not be deleted", hint)


class _Rights:
    """Tells a lack of rights, which ends the run, from a denial of one file, by what becomes of the first writes.

    They are under way together, so a denial is held back until another write was taken, or enough have failed.
    `small`: so many writes of little are planned.
    """

    def __init__(self, small: int, *, wrote: bool) -> None:
        self.wrote = wrote
        self._enough, self._settled = min(small, ENOUGH_DENIALS), 0
        self._held: list[tuple[Action, AccessDenied]] = []

    def judge(self, action: Action, settled: Result[Outcome]) -> Iterator[StepResult]:
        """What can be told now. Raises what ends the run."""
        self._settled += action.do not in LOCAL_ONLY
        result: StepResult | None
        try:
            result = settled.result()
        except S3syncError as error:
            result = self._failure(action, error)
        if isinstance(result, Outcome):
            self.wrote = self.wrote or any(map(_is_write, result.effects))
        if result is not None:
            yield result
        if isinstance(result, Outcome) and result.left is not None:
            left = self._failure(result.left.action, result.left.error)
            if left is not None:
                yield left
        if self._held and self.wrote:
            held, self._held = self._held, []
            yield from (Problem(denied.path, str(error), error.hint) for denied, error in held)
        elif self._held and self._settled >= self._enough:
            raise self._held[0][1]

    def _failure(self, action: Action, error: S3syncError) -> Raced | Problem | None:
        """None while it is held back."""
        if isinstance(error, AccessDenied) and action.do is not Do.DOWNLOAD and not self.wrote:
            self._held.append((action, error))
            return None
        if isinstance(error, (PreconditionFailed, TargetChanged)) or (isinstance(error, NotFound) and action.remote):
            return Raced(action, str(error))
        if isinstance(error, ENDS_THE_RUN):
            raise error
        return Problem(action.path, str(error), error.hint)


def _share_a_name(one: str, other: str) -> bool:
    """True if one is a file and the other is in a folder of its name."""
    one, other = sorted((without_case(one), without_case(other)), key=len)
    return other.startswith(f"{one}/")


def _size(action: Action) -> int:
    """About how many bytes an action moves."""
    entry = action.remote if action.do is Do.DOWNLOAD else action.local or action.remote
    return 0 if entry is None or action.do in DELETIONS else entry.size


def _is_write(effect: Effect) -> bool:
    return effect.kind in (Kind.SENT, Kind.DELETED_THERE)


def _is_upload(action: Action) -> bool:
    return action.do is Do.UPLOAD and not action.waits


def _smallest_upload(actions: Sequence[Action]) -> str | None:
    """Path of the smallest upload, or None."""
    sizes = ((action.local.size, action.path) for action in actions if action.local and _is_upload(action))
    return min(sizes, default=(0, None))[1]


def _announce(progress: Progress, actions: Sequence[Action]) -> None:
    files, size = Counter[Work](), Counter[Work]()
    for action in actions:
        for work, entry, kinds in (
            (Work.UPLOAD, action.local, (Do.UPLOAD, Do.KEEP_BOTH, Do.MOVE_ASIDE)),
            (Work.DOWNLOAD, action.remote, (Do.DOWNLOAD, Do.KEEP_BOTH)),
        ):
            if entry is not None and action.do in kinds:
                files[work] += 1
                size[work] += entry.size
    for work in files:
        progress.expect(work, files[work], size[work])
