"""Values of `auto`: bounds of a run, its steps, and its report."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from s3sync.archives.auto_looks import AutoRules
from s3sync.core.archive.automation import Candidate, Choice
from s3sync.core.outcome import Problem
from s3sync.core.quantities import counted, size_text


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
    keeps_versions: tuple[str, ...] = ()
    """Stores that keep, and bill, what a step there leaves behind: it copies, as no rule can move by a tag."""
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
