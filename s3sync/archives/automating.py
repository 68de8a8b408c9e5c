"""The verb that does by itself what the ages of units say: from the computer to an SSD, into a bucket, into the cold.

It plans, and has every step done by the verbs that people type: `run` sends, verifies, and only then empties the place
before; `transition` moves in the bucket. Killed at any point, the next run goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from s3sync.archive.auto_state import Kept, digest_of, kept
from s3sync.archives.auto_looks import AutoRules
from s3sync.archives.auto_survey import Survey
from s3sync.archives.leaving import Leaving
from s3sync.archives.verifying import Verifying
from s3sync.config.locate import user_file
from s3sync.core.archive.automation import Budget, Candidate, Choice, Plan, Tier, added, clock_problem, decide, too_dear
from s3sync.core.archive.costs import Money
from s3sync.core.archive.values import Unit
from s3sync.core.outcome import Problem
from s3sync.core.quantities import counted, size_text
from s3sync.core.times import format_time, moment, parse_time
from s3sync.errors import ENDS_THE_RUN, Halt, Interrupted, LockHeld, S3syncError
from s3sync.store.aspects import Versions, aspect


class StepState(StrEnum):
    """State of a step at the end of a run."""

    PLANNED = "planned"
    """A dry run: it would be done."""
    DONE = "done"
    FAILED = "failed"
    CUT = "cut short"
    """The window ended while it was at work: it resumes the next time."""
    LATER = "later"
    """The window ended, or another step ended the run, before it was begun."""


class Step(Struct, frozen=True):
    """One unit that goes a tier further, and how that ended. `removed`: files that left the place before."""

    candidate: Candidate
    state: StepState
    removed: int = 0
    error: str | None = None
    hint: str | None = None


class AutoOptions(Struct, frozen=True):
    """Bounds of a run. `until`: end of its window; `budget`: most that a month may cost, None for that of the settings;
    `sure`: the clock is right.

    `agree`: the user agrees to the repository's sets as they are now.
    """

    rules: AutoRules = AutoRules()
    until: datetime | None = None
    budget: float | None = None
    sure: bool = False
    agree: bool = False
    dry_run: bool = False


class AutoReport(Struct):
    """Result of a run. `month`: what this month costs after the steps, None where that is not known."""

    began: str
    dry_run: bool
    steps: list[Step] = field(default_factory=list)
    left: tuple[Choice, ...] = ()
    problems: list[Problem] = field(default_factory=list)
    not_due: int = 0
    by_rule: int = 0
    budget: float | None = None
    month: float | None = None
    no_price: str | None = None
    currency: str = "USD"
    until: str | None = None
    ended: str | None = None

    def of(self, *states: StepState) -> list[Step]:
        return [one for one in self.steps if one.state in states]

    @property
    def exit_code(self) -> int:
        """3 where a step failed, or a set could not be looked at."""
        return 3 if self.problems or self.of(StepState.FAILED) else 0

    @property
    def summary(self) -> str:
        """`moved 2 units (2.1 GB), 1 failed`."""
        done, verb = self.of(StepState.DONE), "moved"
        if self.dry_run:
            done, verb = self.of(StepState.PLANNED), "would move"
        size = sum(one.candidate.size for one in done)
        parts = [f"{verb} {counted(len(done), 'unit')}" + (f" ({size_text(size)})" if done else "")]
        counts = (
            (self.of(StepState.FAILED), "failed"), (self.of(StepState.CUT, StepState.LATER), "left for the next run"),
            (self.left, "left alone"),
        )  # fmt: skip
        parts += [f"{len(some)} {what}" for some, what in counts if some]
        if self.problems:
            parts.append(f"{len(self.problems)} not looked at")
        return ", ".join(parts)


class Automating(Verifying, Leaving, frozen=True):
    """The verb `auto`."""

    def auto(
        self,
        options: AutoOptions | None = None,
        *,
        told: Callable[[Step], None] = lambda step: None,
        begins: Callable[[Candidate], None] = lambda candidate: None,
    ) -> AutoReport:
        """Move every unit one tier further that nobody worked on for as long as its set, or the defaults, say.

        Raises `Halt` where the clock of this computer cannot be right: then nothing is moved. Raises `LockHeld` for
        another one at work on the same sets.
        """
        options = options or AutoOptions()
        if options.budget is None:
            options = replace(options, budget=self.settings.costs.budget)
        with kept(self.environ, self.settings.root, self.now(), self.lock_wait_s) as memory:
            report = AutoReport(
                self.now_text(), options.dry_run, budget=options.budget, currency=self.prices.currency,
                until=format_time(options.until) if options.until is not None else None,
            )  # fmt: skip
            try:
                plan = self._plan(options, memory, report)
            except S3syncError as error:
                if not options.dry_run:  # without a time: that of a wrong clock would stay
                    memory.refuse(str(error))
                raise
            if options.dry_run:
                report.steps = [Step(one.candidate, StepState.PLANNED) for one in plan.steps]
                return report
            memory.begin(report.began)
            try:
                self._carry(plan, options, memory, report, told, begins)
            except (S3syncError, KeyboardInterrupt) as error:
                code, said = (error.exit_code, str(error)) if isinstance(error, S3syncError) else (130, "")
                memory.end(self.now_text(), "interrupted" if code == 130 else "failed", code, said)
                raise
            report.ended = self.now_text()
            outcome = "done" if report.exit_code == 0 else "failed in part"
            memory.end(report.ended, outcome, report.exit_code, report.summary)
            return report

    def agree_to_sets(self, *, dry_run: bool = False) -> list[str]:
        """Agree to the sets of the repository as they are now, so that `auto` goes by them; return their names."""
        sets = [one for one in self.sets().values() if one.confined]
        if sets and not dry_run:
            with kept(self.environ, self.settings.root, self.now(), self.lock_wait_s) as memory:
                memory.agree(sets)
        return [one.name for one in sets]

    def _plan(self, options: AutoOptions, memory: Kept, report: AutoReport) -> Plan:
        now, last = self.now(), memory.memory.last
        sets = self.sets().values()
        if options.agree and not options.dry_run:
            memory.agree(sets)
        agreed = memory.memory.agreed
        if options.agree:
            agreed = {one.name: digest_of(one) for one in sets if one.confined}
        survey = Survey(self, options.rules, agreed)
        candidates = survey.candidates()
        before = parse_time(last.ended or last.began) if last is not None else None
        known = [*survey.newest, *self._files_of_settings()]
        problem = None if options.sure else clock_problem(now, before, known)
        if problem is not None:
            raise Halt(
                "nothing was moved: the clock of this computer cannot be right",
                why=problem,
                hint="correct the clock; if it is right, say so once: s3sync archive auto --clock-is-right",
            )
        spent = memory.memory.spent.get(f"{now:%Y-%m}", 0.0)
        storage = survey.storage or Money()
        unknown = survey.no_price or (", ".join(sorted(storage.unknown)) or None)
        plan = decide(candidates, Budget(options.budget, storage.amount, spent, unknown, report.currency), now)
        report.left, report.problems = plan.left, survey.problems
        report.not_due, report.by_rule, report.no_price = survey.not_due, survey.by_rule, unknown
        report.month = plan.month if unknown is None and survey.storage is not None else None
        return plan

    def _files_of_settings(self) -> list[datetime]:
        """Times at which the settings were written: nobody archives by settings that are not there yet."""
        root = self.settings.root
        found = []
        for path in (user_file(self.environ), *([root / ".s3sync.yaml", root / ".git"] if root is not None else [])):
            try:
                found.append(moment(Path(path).stat().st_mtime_ns))
            except OSError:
                continue
        return found

    def _carry(
        self,
        plan: Plan,
        options: AutoOptions,
        memory: Kept,
        report: AutoReport,
        told: Callable[[Step], None],
        begins: Callable[[Candidate], None],
    ) -> None:
        """Do the steps one after the other. What ends one for all of its set ends the set, and not the others."""
        began, over = time.monotonic(), dict[str, str]()
        month = plan.budget.storage + plan.budget.spent
        lasts_s = (options.until - self.now()).total_seconds() if options.until is not None else None
        for choice in plan.steps:
            one = choice.candidate
            left_s = None if lasts_s is None else lasts_s - (time.monotonic() - began)
            reason = over.get(one.set) or ("the window is over" if left_s is not None and left_s <= 0 else None)
            reason = reason or too_dear(one, plan.budget, month)  # where a step that makes room in it has failed
            if reason is not None:
                report.steps.append(Step(one, StepState.LATER, error=reason))
                continue
            begins(one)
            cost = _cost(one)
            memory.spend(self.now(), cost)
            try:
                step = self._step(one, options, left_s)
            except Interrupted as error:
                if left_s is None or time.monotonic() - began < (lasts_s or 0):
                    raise
                step = Step(one, StepState.CUT, error="the window is over; it resumes the next time", hint=error.hint)
            except (*ENDS_THE_RUN, LockHeld) as error:
                over[one.set] = str(error)
                step = Step(one, StepState.FAILED, error=str(error), hint=error.hint)
            except S3syncError as error:
                step = Step(one, StepState.FAILED, error=str(error), hint=error.hint)
            if step.state is StepState.FAILED:
                memory.spend(self.now(), -cost)
            elif step.state is StepState.DONE:
                month += added(one)
            report.steps.append(step)
            told(step)
        report.month = month if report.month is not None else None

    def _step(self, one: Candidate, options: AutoOptions, left_s: float | None) -> Step:
        if one.tier is Tier.GLACIER:
            return self._cool(one, options)
        from s3sync.archive.run_report import Options, UnitState

        report = self.run(
            one.unit,
            set=one.set,
            options=Options(delete_local=True, force=one.again),
            max_cost=0.0 if options.budget is not None else None,
            confirm=lambda price: False,
            only=partial(_is_same, one),
            ends_in_s=left_s,
        )
        found = next((unit for unit in report.units if unit.unit == one.unit), None)
        if found is None:
            return Step(one, StepState.FAILED, error="it was worked on while this ran; it stays where it is")
        if found.state is UnitState.CHANGED:
            hint = f"compare them; `s3sync archive run --set {one.set} --force` with its name replaces what is archived"
            return Step(one, StepState.FAILED, error="another version of it is archived", hint=hint)
        if found.error is not None:
            return Step(one, StepState.FAILED, error=found.error, hint=found.hint)
        removed = found.removed
        if removed is not None and removed.problems:
            return Step(one, StepState.FAILED, removed.files, f"not deleted: {removed.problems[0]}")
        return Step(one, StepState.DONE, removed.files if removed is not None else 0)

    def _cool(self, one: Candidate, options: AutoOptions) -> Step:
        """Move the archives of a unit in the bucket, and compare them with their index where they are then.

        In a bucket that keeps versions a copy would leave the old one, which is billed on: there a rule moves them.
        """
        assert one.target is not None
        for place, archive in self.archives_of([one.unit], set=one.set):
            if archive.key not in one.archives or archive.unit != one.unit:
                continue
            versions = aspect(place.store(), Versions)
            by_tag = versions is not None and versions.keeps_versions()
            plan = self._move_plan(place, [archive], one.target, options.rules.region, by_tag)
            done = self._carry_out(place, plan, lambda plan: True, dry_run=False)
            if done.failed:
                return Step(one, StepState.FAILED, error=done.failed[0].error, hint=done.failed[0].hint)
        wrong = [found for found in self.verify(one.unit, set=one.set).failed if found.key in one.archives]
        if wrong:
            return Step(one, StepState.FAILED, error=f"after the move: {wrong[0].error}")
        return Step(one, StepState.DONE)


def _is_same(one: Candidate, unit: Unit) -> bool:
    """True for the unit as it was when the plan was made, and no other that the same word means."""
    return unit.id == one.unit and unit.newest_ns == one.newest_ns and unit.size == one.size


def _cost(one: Candidate) -> float:
    return (one.once or Money()).amount if one.tier is not Tier.SSD else 0.0
