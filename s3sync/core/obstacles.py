"""A file and a folder of one name, where only one of the two is alive: which action waits for which, and what cannot be
done by a verb that never deletes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from msgspec import Struct

from s3sync.core.reconcile import ConflictKind, Decision, State

GOING = (State.LOCAL_DELETED, State.REMOTE_DELETED)
ARRIVING = (State.REMOTE_NEW, State.REMOTE_MODIFIED)


class Side(StrEnum):
    HERE = "here"
    THERE = "there"


class Blocked(Struct, frozen=True):
    """A path that cannot be brought to a side, because `by` stands there, and this verb does not take it away."""

    path: str
    by: str
    to: Side
    state: State
    """The obstacle's."""


class Obstacle(Struct, frozen=True):
    """A path that cannot stand beside another one. `may_leave` says that this run decides about it, too."""

    decision: Decision
    may_leave: bool


Obstacles = Callable[[str], Sequence[Obstacle]]


def nothing_in_the_way(path: str) -> Sequence[Obstacle]:
    return ()


def can_both_go_on(one: Decision, two: Decision) -> bool:
    """True if a file and what is in a folder of its name can be decided apart: one of them is no longer alive, or was
    edited on this side only and can be moved aside."""
    if one.state in GOING or two.state in GOING:
        return True
    return (is_edit_of_deleted(one) and two.remote is not None) or (is_edit_of_deleted(two) and one.remote is not None)


def is_edit_of_deleted(decision: Decision) -> bool:
    return decision.conflict_kind is ConflictKind.EDITED_HERE_DELETED_THERE


def in_the_way(
    decision: Decision, to: Side, obstacles: Sequence[Obstacle], *, deletes: bool, moves_aside: bool
) -> Decision | None:
    """Decision that keeps a path from being brought to a side; None when nothing does, or all leaves before.

    `deletes`: the verb carries deletions. `moves_aside`: an edit of what was deleted there gets another name.
    """
    for obstacle in obstacles:
        other, leaves = obstacle.decision, obstacle.may_leave
        if to is Side.THERE:
            if other.remote is not None and not (leaves and deletes and other.state is State.LOCAL_DELETED):
                return other
            continue
        if other.local is not None:
            is_deleted = deletes and other.state is State.REMOTE_DELETED
            if not (leaves and (is_deleted or (moves_aside and is_edit_of_deleted(other)))):
                return other
        elif decision.state is State.LOCAL_DELETED and other.state in ARRIVING:
            return other  # `down` brings back what was deleted here, but not over what replaced it there
    return None


def aside_of(path: str, obstacle: str, keep_name: Callable[[str], str]) -> str:
    """The name under which an edited file is kept whose name is taken by now: by a folder, or by a file in place of one
    of its folders."""
    depth = obstacle.count("/") + 1
    if path.count("/") < depth:
        return keep_name(path)
    names = path.split("/")
    return "/".join([keep_name("/".join(names[:depth])), *names[depth:]])
