"""The gate between a plan and its execution: refuse what looks like an accident before anything is written."""

from __future__ import annotations

from s3sync.core.entries import Snapshot
from s3sync.core.plan import Do, Plan
from s3sync.errors import Halt

SIDES = {Do.DELETE_LOCAL: ("this computer", "the remote"), Do.DELETE_REMOTE: ("the remote", "this computer")}


def gate(
    plan: Plan,
    base: Snapshot,
    local: Snapshot,
    remote: Snapshot,
    *,
    max_delete: int | None,
    complete: bool,
    base_of: str | None = None,
) -> None:
    """Raise `Halt` when the plan deletes too much, or anything after an incomplete scan.

    Without `max_delete`, too much is everything, or more than half of what the base knew, on either side. With it,
    too much is more than that many deletions in all. `base_of` names the store that the base was agreed on with, if
    it is another than the one that is looked at: what is not there was never there, so any deletion is too much.
    """
    deletes = {do: plan.count(do) for do in SIDES}
    total = sum(deletes.values())
    if not total:
        return
    if not complete:
        raise Halt(
            "nothing was done",
            why=f"{total} files would be deleted, but not everything could be read, and what looks gone may be there",
            hint="mend what is reported above, or use `up` and `down`, which never delete",
        )
    if max_delete is not None:
        if total > max_delete:
            raise Halt(
                "nothing was done",
                why=f"{total} files would be deleted, and --max-delete allows {max_delete}",
                hint=f"look at `s3sync status`; if that is right, run `s3sync sync --max-delete {total}`",
            )
        return
    if base_of is not None:
        raise Halt(
            "nothing was done",
            why=f"{total} files would be deleted, but what they are compared with was agreed on with {base_of}",
            hint="is the wrong bucket or prefix set? "
            f"if the files have moved here, run `s3sync sync --max-delete {total}`",
        )
    for do, (side, other) in SIDES.items():
        emptied = not (remote if do is Do.DELETE_LOCAL else local)
        if deletes[do] and (emptied or deletes[do] * 2 > len(base)):
            found = "is suddenly empty" if emptied else f"lost {deletes[do]} of the {len(base)} files that both had"
            raise Halt(
                "nothing was done",
                why=f"{other} {found}, so {deletes[do]} files would be deleted on {side}",
                hint="is a disk unmounted, or the wrong bucket set? "
                f"if it is right, run `s3sync sync --max-delete {total}`",
            )
