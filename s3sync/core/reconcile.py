"""The three-way reconcile table (docs/how-syncing-decides.md). No policy and no direction yet: `plan` adds those."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, structs

from s3sync.core.entries import Entry, Snapshot, same


class State(StrEnum):
    """State of one path, as `status --json` names it."""

    IN_SYNC = "in_sync"
    LOCAL_NEW = "local_new"
    LOCAL_MODIFIED = "local_modified"
    LOCAL_DELETED = "local_deleted"
    REMOTE_NEW = "remote_new"
    REMOTE_MODIFIED = "remote_modified"
    REMOTE_DELETED = "remote_deleted"
    CLEANED_UP = "cleaned_up"
    """Not on the remote since a cleanup: the copy here stays."""
    CONFLICT = "conflict"


class ConflictKind(StrEnum):
    """The two incompatible changes. In the last two the edit survives."""

    BOTH_EDITED = "both_edited"
    BOTH_ADDED = "both_added"
    EDITED_HERE_DELETED_THERE = "edited_here_deleted_there"
    DELETED_HERE_EDITED_THERE = "deleted_here_edited_there"


class Decision(Struct, frozen=True, gc=False):
    """One path, what base, local and remote hold, and what that means."""

    path: str
    state: State
    base: Entry | None
    local: Entry | None
    remote: Entry | None

    @property
    def gone(self) -> bool:
        """Deleted on both sides: in sync, and only the base still has it."""
        return self.local is None and self.remote is None

    @property
    def conflict_kind(self) -> ConflictKind | None:
        if self.state is not State.CONFLICT:
            return None
        if self.local is None:
            return ConflictKind.DELETED_HERE_EDITED_THERE
        if self.remote is None:
            return ConflictKind.EDITED_HERE_DELETED_THERE
        return ConflictKind.BOTH_ADDED if self.base is None else ConflictKind.BOTH_EDITED


def reconcile(base: Snapshot, local: Snapshot, remote: Snapshot) -> list[Decision]:
    """Decide every path that any of the three knows; sorted by path, whatever the order of the input."""
    paths = sorted(base.keys() | local.keys() | remote.keys())
    return [decide(path, base.get(path), local.get(path), remote.get(path)) for path in paths]


def decide(path: str, base: Entry | None, local: Entry | None, remote: Entry | None) -> Decision:
    return Decision(path, _state(base, local, remote), base, local, remote)


def after_cleanup(decision: Decision) -> Decision:
    """Change the decision about a path that a cleanup took from the remote: it is no deletion, and no conflict."""
    if decision.state is State.REMOTE_DELETED:
        return structs.replace(decision, state=State.CLEANED_UP)
    if decision.conflict_kind is ConflictKind.EDITED_HERE_DELETED_THERE:
        return structs.replace(decision, state=State.LOCAL_MODIFIED)
    return decision


def again(decision: Decision, *, deleted: bool = False) -> Decision:
    """For `up --again`: what was cleaned up, with `deleted` also what was deleted, counts as changed here."""
    if decision.state is State.CLEANED_UP or (deleted and decision.state is State.REMOTE_DELETED):
        return structs.replace(decision, state=State.LOCAL_MODIFIED)
    return decision


def _state(base: Entry | None, local: Entry | None, remote: Entry | None) -> State:
    """The sides may be known to be the same only by way of the base: here by the MD5, there by the ETag."""
    if same(local, remote) or (base is not None and same(local, base) and same(remote, base)):
        return State.IN_SYNC
    if same(local, base):
        if remote is None:
            return State.REMOTE_DELETED
        return State.REMOTE_NEW if base is None else State.REMOTE_MODIFIED
    if same(remote, base):
        if local is None:
            return State.LOCAL_DELETED
        return State.LOCAL_NEW if base is None else State.LOCAL_MODIFIED
    return State.CONFLICT
