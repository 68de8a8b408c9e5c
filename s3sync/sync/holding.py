"""Files that this user has and lacks, as far as a run knows it: for the receipt in metadata.json."""

from __future__ import annotations

from itertools import islice

from s3sync.core.effects import Effect, Kind
from s3sync.core.manifest.record import Manifest
from s3sync.core.obstacles import Side
from s3sync.core.plan import PULLS, Action, Do, Plan
from s3sync.core.receipts import MOST_NAMES, Receipt, Seen
from s3sync.spill.table import SpilledDict


class Holding:
    """Collects what is fetched, from a plan that says what is not here."""

    def __init__(self, plan: Plan, seen: Manifest, user: str | None) -> None:
        self._lacks = _lacking(plan) if plan.is_whole else None
        self._knew = frozenset(seen.receipts.get(user or "", Receipt()).lacks)
        self._fetched: dict[str, str] = {}

    def happened(self, action: Action, effect: Effect) -> None:
        """An earlier version that was brought back is no newest one that was fetched, whichever it is."""
        if effect.kind not in (Kind.FETCHED, Kind.SENT) or action.do is Do.PUT_BACK_LOCAL:
            return
        if self._lacks is not None:
            self._lacks.pop(effect.path, None)
        if effect.path in self._knew and effect.kind is Kind.FETCHED and effect.entry is not None:
            self._fetched[effect.path] = effect.entry.etag or ""

    def now(self) -> Seen:
        """Knowledge for the next write of metadata.json."""
        if self._lacks is None:
            return Seen(knew=self._knew, fetched=self._fetched)
        names = tuple(islice(self._lacks, MOST_NAMES))
        return Seen(names, len(self._lacks) - len(names), self._knew, self._fetched)

    def told(self, seen: Seen) -> None:
        """Go on after a write that said this."""
        self._knew |= frozenset(seen.lacks or ())
        self._fetched = {}


def _lacking(plan: Plan) -> SpilledDict[bool]:
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
    return lacks
