"""The execute phase: all actions of a plan through the pool, and what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from s3sync.core.effects import Effect, Kind, Outcome
from s3sync.core.names import without_case
from s3sync.core.outcome import Problem, Raced
from s3sync.core.plan import Action, Do
from s3sync.errors import ENDS_THE_RUN, AccessDenied, NotFound, PreconditionFailed, S3syncError, TargetChanged
from s3sync.sync.steps import Steps
from s3sync.transfer.fetch.small import SMALL, how_many
from s3sync.transfer.pool import Result
from s3sync.transfer.progress import Progress, Work

StepResult: TypeAlias = Outcome | Raced | Problem

DELETIONS = (Do.DELETE_LOCAL, Do.DELETE_REMOTE, Do.FREE_LOCAL)


def execute(steps: Steps, actions: Sequence[Action]) -> Iterator[StepResult]:
    """Results as they come, in any order. Deletions come last, when everything else has had its turn.

    Raises what ends the run: the errors in `ENDS_THE_RUN`, and `AccessDenied` to a write before any write was taken,
    which is a matter of rights and not of one file. The smallest upload goes first and alone, so that who may not
    write is told before many files travel in vain. Where nothing is uploaded, the first deletion on the remote does.
    """
    _announce(steps.session.progress, actions)
    first, pool, wrote = _smallest_upload(actions), steps.transport.pool, False
    last = _first_deletion(actions) if first is None else None
    most = how_many(sum(map(_is_small_download, actions)), pool.workers)
    undone: list[str] = []

    def stuck(action: Action) -> bool:
        return any(_share_a_name(action.path, path) for path in undone)

    for turn in (
        lambda action: action.path == first,
        lambda action: action.path != first and action.do not in DELETIONS and not action.waits,
        lambda action: action.path == last,
        lambda action: action.path != last and action.do in DELETIONS,
        lambda action: action.waits and not stuck(action),
    ):
        for group, settled in pool.map(steps.carry_out, _groups(filter(turn, actions), most)):
            for action, one in zip(group, settled.result(), strict=True):
                result = _result(action, one, wrote)
                wrote = wrote or (isinstance(result, Outcome) and any(map(_is_write, result.effects)))
                yield result
                if action.do in DELETIONS and not isinstance(result, Outcome):
                    undone.append(action.path)
                if isinstance(result, Outcome) and result.left is not None:
                    yield _failure(result.left.action, result.left.error, wrote)
    for action in actions if undone else ():
        if action.waits and stuck(action):
            hint = "look at what is reported above, and run the command again"
            yield Problem(action.path, "was not done: what stands in its place could not be deleted", hint)


def _share_a_name(one: str, other: str) -> bool:
    """True if one is a file and the other is in a folder of its name."""
    one, other = sorted((without_case(one), without_case(other)), key=len)
    return other.startswith(f"{one}/")


def _groups(actions: Iterator[Action], most: int) -> Iterator[list[Action]]:
    """What a worker carries out in one go: one action, or downloads of up to `most` small files."""
    group: list[Action] = []
    for action in actions:
        if not _is_small_download(action):
            yield [action]
            continue
        group.append(action)
        if len(group) == most:
            yield group
            group = []
    if group:
        yield group


def _is_small_download(action: Action) -> bool:
    return action.do is Do.DOWNLOAD and action.remote is not None and action.remote.size <= SMALL


def _result(action: Action, settled: Result[Outcome], wrote: bool) -> StepResult:
    try:
        return settled.result()
    except S3syncError as error:
        return _failure(action, error, wrote)


def _failure(action: Action, error: S3syncError, wrote: bool) -> Raced | Problem:
    if isinstance(error, (PreconditionFailed, TargetChanged)) or (isinstance(error, NotFound) and action.remote):
        return Raced(action, str(error))
    if isinstance(error, ENDS_THE_RUN) or (
        isinstance(error, AccessDenied) and action.do is not Do.DOWNLOAD and not wrote
    ):
        raise error
    return Problem(action.path, str(error), error.hint)


def _is_write(effect: Effect) -> bool:
    return effect.kind in (Kind.SENT, Kind.DELETED_THERE)


def _first_deletion(actions: Sequence[Action]) -> str | None:
    """Path of the first file that is deleted on the remote, or None."""
    return next((action.path for action in actions if action.do is Do.DELETE_REMOTE), None)


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
