"""Steps of a plan, done by the verbs that people type: in batches, as long as the window and the budget allow."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping

from s3sync.archive.auto_state import Kept
from s3sync.archive.run_report import Options, UnitReport, UnitState
from s3sync.archive.verify_all import Verified, verify_each
from s3sync.archive.work import carrying
from s3sync.archives.auto_report import AutoOptions, AutoReport, Step, StepState
from s3sync.archives.leaving import Leaving
from s3sync.archives.opened import Place
from s3sync.archives.targets import has_rules
from s3sync.core.archive.automation import Candidate, Plan, Tier, added, too_dear
from s3sync.core.archive.costs import Money
from s3sync.core.archive.records import Archived
from s3sync.core.archive.values import Unit, UnitKind
from s3sync.errors import ENDS_THE_RUN, Interrupted, LockHeld, S3syncError, UsageError
from s3sync.store.aspects import Versions, aspect

BATCH = 200
"""Units that one run of a set is asked for: each looks at the whole source of the set."""
OVER = "the window is over"


class Steps:
    """The steps of one plan. What ends one for all of its set ends the set, and not the others."""

    def __init__(
        self,
        archives: Leaving,
        plan: Plan,
        options: AutoOptions,
        memory: Kept,
        report: AutoReport,
        told: Callable[[Step], None],
        begins: Callable[[Candidate], None],
    ) -> None:
        self._archives, self._plan, self._options, self._memory = archives, plan, options, memory
        self._report, self._told, self._begins = report, told, begins
        self._month = plan.budget.storage + plan.budget.spent
        self._over: dict[str, str] = {}
        self._cold: dict[str, dict[str, tuple[Place, Archived]]] = {}
        now, until = archives.now(), options.until
        self._ends = None if until is None else time.monotonic() + (until - now).total_seconds()

    def all(self) -> None:
        """Do them, and say in the report what became of each. Raises `Interrupted` after Ctrl-C."""
        queue = deque(choice.candidate for choice in self._plan.steps)
        while queue:
            one = queue.popleft()
            reason = self._over.get(one.set) or (OVER if self._is_over else None)
            reason = reason or too_dear(one, self._plan.budget, self._month)  # where one that makes room has failed
            if reason is not None:
                self._done(Step(one, StepState.LATER, error=reason), quiet=True)
                continue
            batch, month = [one], self._month + added(one)
            while queue and self._joins(one, queue[0], month) and len(batch) < BATCH:
                batch.append(queue.popleft())
                month += added(batch[-1])
            self._do(batch)
        self._report.month = self._month if self._report.month is not None else None

    def _joins(self, first: Candidate, one: Candidate, month: float) -> bool:
        alike = (one.set, one.tier, one.again) == (first.set, first.tier, first.again)
        return alike and one.tier is not Tier.GLACIER and too_dear(one, self._plan.budget, month) is None

    @property
    def _is_over(self) -> bool:
        return self._ends is not None and time.monotonic() >= self._ends

    def _do(self, batch: list[Candidate]) -> None:
        for one in batch:
            self._begins(one)
        self._memory.spend(self._archives.now(), sum(map(_cost, batch)))
        left = {one.unit: one for one in batch}
        error: S3syncError | None = None
        try:
            if batch[0].tier is Tier.GLACIER:
                self._done(self._cooled(left.pop(batch[0].unit)))
            else:
                self._run(batch, left)
        except UsageError as found:
            if len(batch) > 1:  # one of them is gone: the others are named one by one
                self._memory.spend(self._archives.now(), -sum(map(_cost, left.values())))
                for one in left.values():
                    self._do([one])
                return
            error = found
        except S3syncError as found:
            error = found
        self._missed(list(left.values()), error)
        if isinstance(error, Interrupted) and not self._is_over:
            raise error

    def _missed(self, left: list[Candidate], error: S3syncError | None) -> None:
        """Say of each unit that nothing was said of why that is."""
        ends = isinstance(error, (*ENDS_THE_RUN, LockHeld))
        for number, one in enumerate(left):
            state, why = StepState.FAILED, str(error) if error is not None else ""
            if error is None:
                why = "it was worked on while this ran; it stays where it is"
            elif isinstance(error, Interrupted):
                state, why = (StepState.LATER if number else StepState.CUT), f"{OVER}; it resumes the next time"
            elif isinstance(error, LockHeld) or (ends and number):
                state = StepState.LATER
            if ends:
                self._over[one.set] = why
            self._done(Step(one, state, error=why, hint=error.hint if error is not None and not number else None))

    def _done(self, step: Step, *, quiet: bool = False) -> None:
        if step.state is StepState.DONE:
            self._month += added(step.candidate)
        elif not quiet and step.state is not StepState.CUT:
            self._memory.spend(self._archives.now(), -_cost(step.candidate))
        self._report.steps.append(step)
        if not quiet:
            self._told(step)

    def _run(self, batch: list[Candidate], left: dict[str, Candidate]) -> None:
        """Send units, verify them, and empty the place before. Takes those out of `left` that it hears of."""

        def told(unit: UnitReport) -> None:
            one = left.pop(unit.unit, None)
            if one is not None:
                self._done(_step_of(one, unit))

        first, left_s = batch[0], None if self._ends is None else self._ends - time.monotonic()
        every = self._archives.chosen(first.set).unit is UnitKind.FILE  # its files are looked at anyway
        wanted = dict(left)
        self._archives.run(
            *(() if every else [one.unit for one in batch]),
            set=first.set,
            older_than=0 if every else None,
            options=Options(delete_local=True, force=first.again),
            max_cost=0.0 if self._options.budget is not None else None,
            confirm=lambda price: False,
            only=lambda unit: _is_same(wanted.get(unit.id), unit),
            ends_in_s=left_s,
            told=told,
        )

    def _cooled(self, one: Candidate) -> Step:
        """Move the archives of a unit in the bucket, and compare them with their index where they are then.

        In a bucket that keeps versions a copy would leave the old one, which is billed on: there a rule moves them, if
        the store has rules for tags.
        """
        assert one.target is not None
        for place, archive in (self._archives_of(one.set)[key] for key in one.archives):
            versions = aspect(place.store(), Versions)
            by_tag = has_rules(place.store()) and versions is not None and versions.keeps_versions()
            plan = self._archives.move_plan(place, [archive], one.target, self._options.rules.region, by_tag)
            done = self._archives.carry_out(place, plan, lambda plan: True, dry_run=False)
            if done.failed:
                return Step(one, StepState.FAILED, error=done.failed[0].error, hint=done.failed[0].hint)
            wrong = self._wrong_after(place, archive)
            if wrong is not None:
                return Step(one, StepState.FAILED, error=f"after the move: {wrong.error}", hint=wrong.hint)
        return Step(one, StepState.DONE)

    def _wrong_after(self, place: Place, archive: Archived) -> Verified | None:
        chosen = next(one for one in place.sets if one.name == archive.set)
        found: list[Verified] = []
        channel = self._archives.channel(chosen).on(place.store())
        with carrying(channel) as carrier, place.catalogue(make=True) as catalogue:
            moved = catalogue.archive(archive.key)
            if moved is not None:
                verify_each(carrier, catalogue, [moved], deep=False, told=found.append)
        return next((one for one in found if one.proof is None), None)

    def _archives_of(self, name: str) -> Mapping[str, tuple[Place, Archived]]:
        """Archives of a set by their keys."""
        if name not in self._cold:
            (place,) = self._archives.places(name)
            with place.catalogue() as catalogue:
                self._cold[name] = {one.key: (place, one) for one in catalogue.archives(set=name)}
        return self._cold[name]


def _step_of(one: Candidate, found: UnitReport) -> Step:
    """A step from what the run said of its unit."""
    removed = found.removed
    if found.state is UnitState.CHANGED:
        hint = f"compare them; `s3sync archive run --set {one.set} --force` with its name replaces what is archived"
        return Step(one, StepState.FAILED, error="another version of it is archived", hint=hint)
    if found.error is not None:
        return Step(one, StepState.FAILED, error=found.error, hint=found.hint)
    if removed is not None and removed.problems:
        return Step(one, StepState.FAILED, removed.files, f"not deleted: {removed.problems[0]}")
    return Step(one, StepState.DONE, removed.files if removed is not None else 0)


def _is_same(one: Candidate | None, unit: Unit) -> bool:
    """True for the unit as it was when the plan was made, and no other that the same word means."""
    return one is not None and unit.newest_ns == one.newest_ns and unit.size == one.size


def _cost(one: Candidate) -> float:
    return (one.once or Money()).amount if one.tier is not Tier.SSD else 0.0
