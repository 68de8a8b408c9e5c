"""Files that this user has and lacks, as far as a run knows it: for the receipt in metadata.json."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from s3sync.core.effects import Effect, Kind
from s3sync.core.entries import same
from s3sync.core.obstacles import Side
from s3sync.core.plan import PULLS, Action, Do, Plan
from s3sync.core.receipts import MOST_NAMES, Receipt, Seen
from s3sync.core.reconcile import State
from s3sync.spill.table import SpilledDict
from s3sync.sync.view import View

THEIRS = {*PULLS, State.CONFLICT}


class Holding:
    """Collects what is fetched, from a plan that says what is not here.

    A plan for some files says nothing of the others. Of these counts what the receipt said before, and what this run is
    the first to record, as other tools put it there.
    """

    def __init__(self, plan: Plan, seen: View, user: str | None) -> None:
        self._lacks = _lacking(plan, seen) if plan.is_whole else None
        self._also = SpilledDict(bool)
        self._knew = frozenset(seen.there.stored.manifest.receipts.get(user or "", Receipt()).lacks)
        self._fetched: dict[str, str] = {}
        if not plan.is_whole:
            self._also.update((name, True) for name in _found(seen, user))

    def happened(self, action: Action, effect: Effect) -> None:
        """An earlier version that was brought back is no newest one that was fetched, whichever it is.

        Put back on the remote, it is lacking, unless it is the one that this computer last had.
        """
        if effect.kind not in (Kind.FETCHED, Kind.SENT) or action.do is Do.PUT_BACK_LOCAL:
            return
        if self._lacks is not None:
            self._lacks.pop(effect.path, None)
        self._also.pop(effect.path, None)
        if action.do is Do.PUT_BACK_REMOTE and not _had(action, effect):
            self._also[effect.path] = True
        if effect.path in self._knew and effect.kind is Kind.FETCHED and effect.entry is not None:
            self._fetched[effect.path] = effect.entry.etag or ""

    def now(self) -> Seen:
        """Knowledge for the next write of metadata.json."""
        also = tuple(islice(self._also, MOST_NAMES))
        more = len(self._also) - len(also)
        if self._lacks is None:
            return Seen(None, more, also, self._knew, self._fetched)
        names = tuple(islice(self._lacks, MOST_NAMES))
        return Seen(names, len(self._lacks) - len(names) + more, also, self._knew, self._fetched)

    def told(self, seen: Seen) -> None:
        """Go on after a write that said this."""
        self._knew |= frozenset(chain(seen.lacks or (), seen.also))
        self._fetched = {}
        if self._lacks is None:
            self._also = SpilledDict(bool)


def _lacking(plan: Plan, seen: View) -> SpilledDict[bool]:
    lacks = SpilledDict(bool)
    for notice in plan.notices:
        if notice.state in PULLS:
            lacks[notice.path] = True
    for conflict in plan.conflicts:
        if conflict.remote is not None and conflict.do is None:
            lacks[conflict.path] = True
    for blocked in plan.blocked:
        if blocked.to is Side.HERE:
            lacks[blocked.path] = True
    for action in plan.actions:
        if action.do in (Do.DOWNLOAD, Do.KEEP_BOTH):
            lacks[action.path] = True
    for name in chain(seen.there.unlisted, _undecided(seen)):
        lacks[name] = True
    return lacks


def _undecided(seen: View) -> Iterator[str]:
    """Files on the remote of which a plan says nothing, and that this computer never had as they are."""
    if seen.hidden:
        for name, file in seen.there.files.items():
            if seen.is_hidden(name) and not same(file.entry, seen.base.get(name)):
                yield name


def _found(seen: View, user: str | None) -> Iterator[str]:
    for name, record in seen.there.repaired.items():
        if record.uploaded_by != user and (seen.is_hidden(name) or seen.decision(name).state in THEIRS):
            yield name


def _had(action: Action, effect: Effect) -> bool:
    base, record = action.undoes.base if action.undoes else None, effect.record
    return base is not None and record is not None and base.md5 is not None and base.md5 == record.md5
