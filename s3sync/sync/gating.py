"""The gate of a run: what it is told besides the plan, and what it let through in the rounds so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

from msgspec import Struct, field

from s3sync.core.entries import Snapshot
from s3sync.core.names import short_text
from s3sync.core.plan import Do, Plan
from s3sync.core.reconcile import State
from s3sync.core.safety import Earlier, gate
from s3sync.spill.table import SpilledDict
from s3sync.sync.report import RunReport
from s3sync.sync.view import View


class Gatekeeper(Struct):
    """Asks the gate in each round of a run, whose limits are limits of the run."""

    max_delete: int | None
    base: int | None = None
    """Size of the base when the run began."""
    passed: Counter[Do] = field(default_factory=Counter)

    def ask(self, plan: Plan, seen: View, report: RunReport) -> None:
        """Raises `Halt`."""
        cleaned = seen.there.stored.manifest.cleaned
        self.passed += gate(
            plan,
            seen.base,
            seen.local,
            seen.remote,
            max_delete=self.max_delete,
            complete=seen.complete,
            lost=losses(plan, seen.local, seen.remote),
            earlier=self._earlier(seen, report),
            agreed=partial(_agreed, seen),
            cleaned=None if cleaned is None else f"{short_text(cleaned.by)} cleaned up on {cleaned.at[:10]}",
        )

    def _earlier(self, seen: View, report: RunReport) -> Earlier:
        if self.base is None:
            self.base = len(seen.base)
            return Earlier(self.base)
        kinds = {"local": Do.DELETE_LOCAL, "remote": Do.DELETE_REMOTE}
        deleted = Counter(kinds[gone.side] for gone in report.deleted)
        return Earlier(self.base, deleted, deleted & self.passed, is_later_round=True)


def losses(plan: Plan, local: Snapshot, remote: Snapshot) -> Callable[[Do], int]:
    """Counts deletions of content that the side which lacks the name has under no other name."""

    def md5s(do: Do) -> Iterator[str]:
        for action in plan.actions:
            entry = action.local if do is Do.DELETE_LOCAL else action.remote
            if action.do is do:
                yield (entry and entry.md5) or ""

    def lost(do: Do) -> int:
        is_kept, there = SpilledDict(bool), remote if do is Do.DELETE_LOCAL else local
        for md5 in md5s(do):
            is_kept[md5] = False
        for entry in there.values():
            if entry.md5 and entry.md5 in is_kept:
                is_kept[entry.md5] = True
        return sum(not is_kept[md5] for md5 in md5s(do))

    return lost


def _agreed(seen: View) -> int:
    """Files that are the same on both sides and not in the base: new in this place, or ignored for a while."""
    return sum(found.state is State.IN_SYNC and found.base is None and not found.gone for found in seen.decisions())
