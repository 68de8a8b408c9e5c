"""From decisions to a plan: what a verb will do, what it reports, and what it leaves alone. A plan is data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from functools import cache
from typing import TypeAlias

from msgspec import Struct, structs

from s3sync.core.entries import Entry
from s3sync.core.etag import names_one_write, part_count, plain_md5
from s3sync.core.manifest.record import ConflictRecord, FileRecord
from s3sync.core.obstacles import Blocked, Obstacle, Obstacles, Side, aside_of, in_the_way, nothing_in_the_way
from s3sync.core.reconcile import ConflictKind, Decision, State


class Verb(StrEnum):
    UP = "up"
    DOWN = "down"
    SYNC = "sync"
    CLEANUP = "cleanup"
    UNDO = "undo"


class Policy(StrEnum):
    """Treatment of a path that was edited on both sides. The bytes that lose go to the trash."""

    WARN = "warn"
    KEEP_BOTH = "keep-both"
    MINE = "mine"
    THEIRS = "theirs"


DEFAULT_POLICY = {Verb.UP: Policy.WARN, Verb.DOWN: Policy.WARN, Verb.SYNC: Policy.KEEP_BOTH}


class Do(StrEnum):
    UPLOAD = "upload"
    DOWNLOAD = "download"
    DELETE_LOCAL = "delete_local"
    DELETE_REMOTE = "delete_remote"
    FREE_LOCAL = "free_local"
    """Delete here what the remote keeps: no wish to delete it there."""
    PUT_BACK_LOCAL = "put_back_local"
    PUT_BACK_REMOTE = "put_back_remote"
    """Bring back an older version from where it lies (`Action.source`)."""
    KEEP_BOTH = "keep_both"
    MOVE_ASIDE = "move_aside"
    """Publish a local edit under another name: its own is taken by a folder on the remote, or its folder by a file."""


LOCAL_ONLY = frozenset({Do.DOWNLOAD, Do.DELETE_LOCAL, Do.FREE_LOCAL, Do.PUT_BACK_LOCAL})
"""Actions that write nothing to the store."""


class Undoes(Struct, frozen=True):
    """For a step that takes back an earlier one: what the base said before that, and the remote version's record."""

    base: Entry | None = None
    record: FileRecord | None = None


class Action(Struct, frozen=True, gc=False):
    """One intended step. `local` and `remote` are its precondition: what each side must still hold when it is done.

    `trash_remote`: the remote version that is replaced or deleted is first copied to the remote trash.
    `kept_as`: the name that the local version gets (KEEP_BOTH, MOVE_ASIDE). `source`: the path on this disk, or the
    key, of what is brought back. `undoes`: only of an undo.
    """

    do: Do
    path: str
    local: Entry | None
    remote: Entry | None
    trash_remote: bool = False
    kept_as: str | None = None
    waits: bool = False
    """For a deletion: a folder of the name, or a file in place of a folder, leaves first. In an undo also for another
    step that brings back what stands here now."""
    source: str | None = None
    source_etag: str | None = None
    """Version that is brought back, where the key is that of another file."""
    undoes: Undoes | None = None

    @property
    def size(self) -> int:
        """The bytes that this step moves when nothing can be spared."""
        sent = self.local.size if self.local and self.do in (Do.UPLOAD, Do.KEEP_BOTH, Do.MOVE_ASIDE) else 0
        received = self.remote.size if self.remote and self.do in (Do.DOWNLOAD, Do.KEEP_BOTH) else 0
        return sent + received


class Conflict(Struct, frozen=True):
    """Incompatible changes on both sides, holding both. `do` is what is done about it, None for just a warning.

    `kept_as` names the copy when both are kept.
    """

    path: str
    kind: ConflictKind
    local: Entry | None
    remote: Entry | None
    policy: Policy
    do: Do | None = None
    kept_as: str | None = None


class Notice(Struct, frozen=True):
    """A difference that this verb leaves alone, so that the user hears of it. `size` is the remote's, if it has one."""

    path: str
    state: State
    size: int


class InSync(Struct, frozen=True, gc=False):
    """A path that both sides agree on; `size` is None when it is gone from both."""

    path: str
    size: int | None


class Agreed(Struct, frozen=True, gc=False):
    """The base entry of such a path, where it is not what the base has; None when it is gone."""

    path: str
    entry: Entry | None


Step: TypeAlias = Action | Conflict | Notice | InSync | Agreed | Blocked
"""One line of a plan. Each has a `path`."""

Rule: TypeAlias = Callable[[Iterator[Step]], Iterator[Step]]
"""Changes a plan before the gate sees it: adds, drops or replaces steps as they pass by. It keeps their order."""


class Plan(Struct, frozen=True):
    """Each sequence in the order of the paths; a path has at most one action."""

    verb: Verb
    actions: Sequence[Action] = ()
    conflicts: Sequence[Conflict] = ()
    notices: Sequence[Notice] = ()
    in_sync: Sequence[InSync] = ()
    agreed: Sequence[Agreed] = ()
    blocked: Sequence[Blocked] = ()
    decided: Sequence[ConflictRecord] = ()
    """Conflicts that this plan resolves, as they are recorded: once the plan has deleted the copy, if it does."""
    reopened: Sequence[ConflictRecord] = ()
    """Conflicts whose decision this plan takes back: once it has brought the copy back, if it does."""
    is_whole: bool = False
    """Made from every file of the project: what it leaves on the remote, or has yet to fetch, this user lacks."""
    acknowledges: bool = False
    """Have metadata.json say what this user has, also where nothing else is to be written."""

    def counts(self) -> Counter[Do]:
        """Number of actions of each kind."""
        return Counter(action.do for action in self.actions)


PUSHES = {State.LOCAL_NEW, State.LOCAL_MODIFIED}
PULLS = {State.REMOTE_NEW, State.REMOTE_MODIFIED}


def steps_of(
    decisions: Iterable[Decision],
    verb: Verb,
    policy: Policy | None,
    keep_name: Callable[[str], str],
    obstacles: Obstacles = nothing_in_the_way,
) -> Iterator[Step]:
    """Plan a verb, step by step in the order of the decisions.

    `keep_name` gives the conflict copy's name for a path; None as policy is the verb's own. `obstacles` are a path's:
    what cannot stand beside it.
    """
    policy = policy or DEFAULT_POLICY.get(verb, Policy.WARN)
    keep_name = cache(keep_name)  # the files of one folder that are moved aside stay together
    for decision in decisions:
        if decision.state is State.IN_SYNC:
            yield InSync(decision.path, decision.remote.size if decision.remote else None)
            entry = agreed(decision.remote, decision.local)
            if decision.base not in (entry, told := by_word(entry)):
                yield Agreed(decision.path, told)
        elif decision.state is State.CONFLICT:
            yield from _for_conflict(verb, decision, policy, keep_name, obstacles(decision.path))
        else:
            yield _for_change(verb, decision, policy, obstacles(decision.path))


def agreed(remote: Entry | None, local: Entry | None) -> Entry | None:
    """The base entry: content and the version of the object that holds it. Times are not agreed on."""
    if remote is None:
        return None
    return Entry(remote.size, remote.md5 or (local.md5 if local else None), remote.etag)


def by_word(entry: Entry | None) -> Entry | None:
    """The base entry of two sides that are the same as far as a peer says so.

    The ETag of a small object under KMS says nothing of its content, nor does any on Azure, and the one of an object in
    parts does so only to who has the parts: without it, the base does not look like one of a version that was sent or
    fetched here.
    """
    if entry is None or entry.md5 is None or entry.etag is None:
        return entry
    is_of_parts = part_count(entry.etag) is not None
    says_nothing = is_of_parts or names_one_write(entry.etag) or plain_md5(entry.etag) not in (None, entry.md5)
    return structs.replace(entry, etag=None) if says_nothing else entry


def keep_replaced(steps: Iterator[Step]) -> Iterator[Step]:
    """Rule of `sync`: copy each version that it replaces or deletes on the remote to the remote trash first."""
    for step in steps:
        replaces = isinstance(step, Action) and step.do in (Do.UPLOAD, Do.DELETE_REMOTE) and step.remote is not None
        yield structs.replace(step, trash_remote=True) if replaces else step


def keep_unknown(is_known: Callable[[str], bool]) -> Rule:
    """Rule of `up`: copy a version that it replaces to the remote trash, if only a peer says that it was had here."""

    def rule(steps: Iterator[Step]) -> Iterator[Step]:
        for step in steps:
            replaces = isinstance(step, Action) and step.do is Do.UPLOAD and step.remote is not None
            unknown = replaces and not is_known(step.path)
            yield structs.replace(step, trash_remote=True) if unknown else step

    return rule


def keep_last_copies(is_elsewhere: Callable[[str], bool]) -> Rule:
    """Rule of `cleanup`: what is deleted on the remote and is nowhere else goes to the remote trash."""

    def rule(steps: Iterator[Step]) -> Iterator[Step]:
        for step in steps:
            is_last = isinstance(step, Action) and step.do is Do.DELETE_REMOTE and not is_elsewhere(step.path)
            yield structs.replace(step, trash_remote=True) if is_last else step

    return rule


def _for_change(verb: Verb, decision: Decision, policy: Policy, obstacles: Sequence[Obstacle]) -> Step:
    do = _step(verb, decision.state)
    if do is None:
        entry = decision.remote or decision.local
        return Notice(decision.path, decision.state, entry.size if entry else 0)
    if (other := _in_the_way(verb, policy, do, decision, obstacles)) is not None:
        return Blocked(decision.path, other.path, _TO[do], other.state)
    return Action(do, decision.path, decision.local, decision.remote, waits=do in _TO and bool(obstacles))


_TO = {Do.UPLOAD: Side.THERE, Do.DOWNLOAD: Side.HERE}


def _in_the_way(
    verb: Verb, policy: Policy, do: Do, decision: Decision, obstacles: Sequence[Obstacle]
) -> Decision | None:
    if not obstacles or do not in _TO:
        return None
    deletes, moves_aside = verb is Verb.SYNC, policy is not Policy.WARN
    return in_the_way(decision, _TO[do], obstacles, deletes=deletes, moves_aside=moves_aside)


def _step(verb: Verb, state: State) -> Do | None:
    """What a verb does about a one-sided change. Only `sync` deletes; `down` fetches again what was deleted here."""
    if state in PUSHES:
        return None if verb is Verb.DOWN else Do.UPLOAD
    if state in PULLS:
        return None if verb is Verb.UP else Do.DOWNLOAD
    if state is State.CLEANED_UP:
        return None
    if verb is Verb.SYNC:
        return Do.DELETE_LOCAL if state is State.REMOTE_DELETED else Do.DELETE_REMOTE
    if verb is Verb.DOWN and state is State.LOCAL_DELETED:
        return Do.DOWNLOAD
    return None


def _for_conflict(
    verb: Verb, decision: Decision, policy: Policy, keep_name: Callable[[str], str], obstacles: Sequence[Obstacle]
) -> Iterator[Step]:
    kind = decision.conflict_kind
    assert kind is not None
    kept_as: str | None = None
    do: Do | None = None
    if kind is ConflictKind.EDITED_HERE_DELETED_THERE:
        do = None if verb is Verb.DOWN else Do.UPLOAD
    elif kind is ConflictKind.DELETED_HERE_EDITED_THERE:
        do = None if verb is Verb.UP else Do.DOWNLOAD
    elif policy is Policy.KEEP_BOTH:
        do, kept_as = Do.KEEP_BOTH, keep_name(decision.path)
    elif policy is not Policy.WARN:
        do = Do.UPLOAD if policy is Policy.MINE else Do.DOWNLOAD
    other = _in_the_way(verb, policy, do, decision, obstacles) if do is not None else None
    if other is not None and do is not None:
        if kind is ConflictKind.EDITED_HERE_DELETED_THERE and policy is not Policy.WARN:
            do, kept_as = Do.MOVE_ASIDE, aside_of(decision.path, other.path, keep_name)
        else:
            yield Blocked(decision.path, other.path, _TO[do], other.state)
            do = None
    yield Conflict(decision.path, kind, decision.local, decision.remote, policy, do, kept_as)
    if do is not None:
        replaces, waits = do is Do.UPLOAD and decision.remote is not None, do in _TO and bool(obstacles)
        yield Action(do, decision.path, decision.local, decision.remote, replaces, kept_as, waits)
