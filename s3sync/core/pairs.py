"""Decisions about two places, A and B: what is copied, deleted, kept twice or left alone, and what is refused.

The states are those of `reconcile`, with A as the local and B as the remote side. One way, there is no base: what B
holds is replaced, and what only B has is left alone unless deletions were asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from s3sync.core.entries import Entry
from s3sync.core.reconcile import ConflictKind, Decision, State
from s3sync.errors import Halt


class End(StrEnum):
    """One of two places."""

    A = "a"
    B = "b"

    @property
    def other(self) -> End:
        return End.B if self is End.A else End.A


class Do(StrEnum):
    COPY = "copy"
    DELETE = "delete"
    KEEP_BOTH = "keep_both"


class Step(Struct, frozen=True, gc=False):
    """One intended step. `a` and `b` are its precondition: what each place must still hold under the path.

    `to` is the place that changes. KEEP_BOTH gives B's version the path, and A's the name `kept_as`, in both places.
    """

    do: Do
    path: str
    to: End
    a: Entry | None
    b: Entry | None
    kept_as: str | None = None

    @property
    def size(self) -> int:
        """Bytes that it moves."""
        source = self.a if self.to is End.B else self.b
        moved = source.size if source is not None and self.do is not Do.DELETE else 0
        return moved + (self.a.size if self.a is not None and self.do is Do.KEEP_BOTH else 0)

    @property
    def replaced(self) -> Entry | None:
        """Version at the place that changes, which goes to its trash."""
        return self.b if self.to is End.B else self.a


class Why(StrEnum):
    """Reason why a difference is left alone."""

    ONLY_B = "only_b"
    DELETED_A = "deleted_a"
    DELETED_B = "deleted_b"


class Left(Struct, frozen=True, gc=False):
    path: str
    why: Why
    size: int


class Clash(Struct, frozen=True, gc=False):
    """Incompatible changes in both places, holding both. `kept_as` None: the changed version is kept."""

    path: str
    kind: ConflictKind
    kept_as: str | None


class Alike(Struct, frozen=True, gc=False):
    """A path that both places hold alike; `entry` None where both lack it and only the base has it."""

    path: str
    entry: Entry | None


Line: TypeAlias = Step | Left | Clash | Alike


class Wish(Struct, frozen=True):
    """Wish of a run. `both`: changes go both ways, by the base. `delete`: deletions are carried out."""

    both: bool = False
    delete: bool = False


def plan(decisions: Iterable[Decision], wish: Wish, keep_name: Callable[[str], str]) -> Iterator[Line]:
    """Plan a run, line by line. One way, the decisions are made without a base."""
    for decision in decisions:
        if decision.state is State.IN_SYNC:
            yield Alike(decision.path, decision.remote or decision.local)
        elif not wish.both:
            yield _one_way(decision, wish)
        else:
            yield from _both_ways(decision, wish, keep_name)


def _one_way(decision: Decision, wish: Wish) -> Line:
    path, a, b = decision.path, decision.local, decision.remote
    if a is not None:
        return Step(Do.COPY, path, End.B, a, b)
    return Step(Do.DELETE, path, End.B, a, b) if wish.delete else Left(path, Why.ONLY_B, b.size if b else 0)


_COPIED_TO = {
    State.LOCAL_NEW: End.B,
    State.LOCAL_MODIFIED: End.B,
    State.REMOTE_NEW: End.A,
    State.REMOTE_MODIFIED: End.A,
}


def _both_ways(decision: Decision, wish: Wish, keep_name: Callable[[str], str]) -> Iterator[Line]:
    path, a, b, kind = decision.path, decision.local, decision.remote, decision.conflict_kind
    if kind in (ConflictKind.EDITED_HERE_DELETED_THERE, ConflictKind.DELETED_HERE_EDITED_THERE):
        yield Clash(path, kind, None)
        yield Step(Do.COPY, path, End.B if a is not None else End.A, a, b)
    elif kind is not None:
        kept_as = keep_name(path)
        yield Clash(path, kind, kept_as)
        yield Step(Do.KEEP_BOTH, path, End.A, a, b, kept_as)
    elif decision.state in _COPIED_TO:
        yield Step(Do.COPY, path, _COPIED_TO[decision.state], a, b)
    else:
        gone = End.A if decision.state is State.LOCAL_DELETED else End.B
        entry = a or b
        if wish.delete:
            yield Step(Do.DELETE, path, gone.other, a, b)
        else:
            yield Left(path, Why.DELETED_A if gone is End.A else Why.DELETED_B, entry.size if entry else 0)


class Weighed(Struct, frozen=True):
    """Figures that the gate goes by: deletions at a place, files there, and files at the other one."""

    deletions: int
    files: int
    other: int


def gate(
    weighed: Mapping[End, Weighed], shown: Mapping[End, str], *, command: str, complete: bool, max_delete: int | None
) -> None:
    """Raise `Halt` when a run deletes too much, or anything after an incomplete look.

    Without `max_delete`, too much is anything where the other place is empty, or more than half of a place's files.
    """
    total = sum(one.deletions for one in weighed.values())
    if not total:
        return
    if not complete:
        raise Halt(
            "nothing was done",
            why=f"{_files(total)} would be deleted, but not everything could be read, and what looks gone may be there",
            hint="fix what is reported above, or leave out --delete",
        )
    if max_delete is not None:
        if total > max_delete:
            why = f"{_files(total)} would be deleted, and --max-delete allows {max_delete}"
            raise Halt("nothing was done", why=why, hint=f"look at them with --dry-run; then --max-delete {total}")
        return
    for end, one in weighed.items():
        if one.deletions and (not one.other or one.deletions * 2 > one.files):
            found = f"{shown[end.other]} is empty, so " if not one.other else ""
            raise Halt(
                "nothing was done",
                why=f"{found}{one.deletions} of the {_files(one.files)} in {shown[end]} would be deleted",
                hint=f"is a disk unmounted, or a place misspelled? If it is right: {command} --max-delete {total}",
            )


def _files(number: int) -> str:
    return f"{number} file{'' if number == 1 else 's'}"


class Overlap(StrEnum):
    """Relation of two addresses whose files would be each other's."""

    SAME = "same"
    A_IN_B = "a_in_b"
    B_IN_A = "b_in_a"


def overlap(a: str, b: str) -> Overlap | None:
    """Relation of two places of one kind, given as paths with `/` between names; None where they are apart."""
    one, two = a.rstrip("/") + "/", b.rstrip("/") + "/"
    if one == two:
        return Overlap.SAME
    if one.startswith(two):
        return Overlap.A_IN_B
    return Overlap.B_IN_A if two.startswith(one) else None


def common_root(a: str, b: str) -> str:
    """Longest address that both begin with, whole names only: `s3://b/x/y` and `s3://b/x/z` have `s3://b/x`."""
    kept = []
    for one, two in zip(a.split("/"), b.split("/"), strict=False):
        if one != two:
            break
        kept.append(one)
    return "/".join(kept)
