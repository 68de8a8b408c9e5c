"""The gate between a plan and its execution: refuse what looks like an accident before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from msgspec import Struct, field

from s3sync.core.entries import Snapshot
from s3sync.core.plan import Do, Plan
from s3sync.errors import Halt

BACK = {
    Do.DELETE_LOCAL: "`s3sync trash list --remote` shows what can be brought back",
    Do.DELETE_REMOTE: "`s3sync down` brings them back",
}
SIDES = {Do.DELETE_LOCAL: ("this computer", "the remote"), Do.DELETE_REMOTE: ("the remote", "this computer")}


class Earlier(Struct, frozen=True):
    """Deletions of the same run in the rounds before this one: the limits are limits of the run.

    `base` is the size of the base that it began with. `deleted` counts all deletions of a kind, `lost` those of content
    that had no other name.
    """

    base: int
    deleted: Counter[Do] = field(default_factory=Counter)
    lost: Counter[Do] = field(default_factory=Counter)
    is_later_round: bool = False

    @property
    def what_was_done(self) -> str:
        return "the rest was not done" if self.is_later_round else "nothing was done"


def gate(
    plan: Plan,
    base: Snapshot,
    local: Snapshot,
    remote: Snapshot,
    *,
    max_delete: int | None,
    complete: bool,
    lost: Callable[[Do], int],
    earlier: Earlier | None = None,
    agreed: Callable[[], int] = int,
    cleaned: str | None = None,
) -> Counter[Do]:
    """Raise `Halt` when the plan deletes too much, or anything after an incomplete scan.

    Returns how many deletions of each kind were let through as losses, which may be too many but not too few.

    Without `max_delete`, too much is everything, or more than half of what the base knew, on either side; what the
    other side has under another name was renamed, and is not lost. With it, too much is more than that many deletions
    in all. `earlier` is what counts too, in a later round. `lost` counts the deletions of a kind whose content has no
    other name; `agreed` the files that both sides hold alike though the base does not know them yet. Both are asked
    only where they decide. `cleaned` tells of a cleanup of the remote.
    """
    earlier = earlier or Earlier(len(base))
    counts, passed = plan.counts(), Counter[Do]()
    deletes = {do: counts[do] for do in SIDES}
    total = sum(deletes.values())
    if not total:
        return passed
    if not complete:
        raise _incomplete(total, earlier)
    if max_delete is not None:
        _refuse_more_than(max_delete, total, earlier)
        return passed
    for do in SIDES:
        there = remote if do is Do.DELETE_LOCAL else local
        passed[do] = deletes[do]
        if there and (earlier.lost[do] + deletes[do]) * 2 <= earlier.base:
            continue
        passed[do], had = lost(do), earlier.base
        gone = passed[do] + earlier.lost[do]
        if passed[do] and there and gone * 2 > had:
            had += agreed()
        if passed[do] and (not there or gone * 2 > had):
            found = f"lost {gone} of the {_files(had)} that both had" if there else "is suddenly empty"
            if not there and do is Do.DELETE_LOCAL and cleaned:
                found = f"holds no file since {cleaned}"
            raise _too_many(do, found, deletes[do], total, earlier)
    return passed


def _incomplete(total: int, earlier: Earlier) -> Halt:
    return Halt(
        earlier.what_was_done,
        why=f"{_files(total)} would be deleted, but not everything could be read, and what looks gone may be there",
        hint="fix what is reported above, or use `up` and `down`, which never delete",
    )


def _refuse_more_than(max_delete: int, total: int, earlier: Earlier) -> None:
    if (before := earlier.deleted.total()) + total > max_delete:
        raise Halt(
            earlier.what_was_done,
            why=f"{_files(total)} would be deleted{f' after {before}' if before else ''}, "
            f"and --max-delete allows {max_delete}",
            hint=f"look at `s3sync status`; if that is right, run `s3sync sync --max-delete {total}`",
        )


def _too_many(do: Do, found: str, deletes: int, total: int, earlier: Earlier) -> Halt:
    side, other = SIDES[do]
    return Halt(
        earlier.what_was_done,
        why=f"{other} {found}, so {_files(deletes)} would be deleted on {side}",
        hint=f"deleted by mistake? {BACK[do]}. Is a disk unmounted, or the wrong bucket set? "
        f"If it is right, run `s3sync sync --max-delete {total}`",
    )


def _files(number: int) -> str:
    return f"{number} file{'' if number == 1 else 's'}"
