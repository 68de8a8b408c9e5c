"""The verb that does by itself what the ages of units say: from the computer to an SSD, into a bucket, into the cold.

It plans, and has every step done by the verbs that people type: `run` sends, verifies, and only then empties the place
before; `transition` moves in the bucket. Killed at any point, the next run goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from s3sync.archives.leaving import Leaving
from s3sync.archives.verifying import Verifying
from s3sync.config.locate import user_file
from s3sync.core.archive.costs import Money
from s3sync.core.times import format_time, moment, parse_time
from s3sync.errors import Halt, S3syncError

if TYPE_CHECKING:
    from s3sync.archive.auto_state import Kept
    from s3sync.archives.auto_report import AutoOptions, AutoReport, Step
    from s3sync.core.archive.automation import Candidate, Plan


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
        from s3sync.archive.auto_state import kept
        from s3sync.archives.auto_report import AutoOptions, AutoReport, Step, StepState
        from s3sync.archives.auto_steps import Steps

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
                Steps(self, plan, options, memory, report, told, begins).all()
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
        from s3sync.archive.auto_state import kept

        sets = [one for one in self.sets().values() if one.confined]
        if sets and not dry_run:
            with kept(self.environ, self.settings.root, self.now(), self.lock_wait_s) as memory:
                memory.agree(sets)
        return [one.name for one in sets]

    def _plan(self, options: AutoOptions, memory: Kept, report: AutoReport) -> Plan:
        from s3sync.archive.auto_state import digest_of
        from s3sync.archives.auto_survey import Survey
        from s3sync.core.archive.automation import Budget, clock_problem, decide

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
        report.keeps_versions = tuple(survey.keeps_versions(one.candidate for one in plan.steps))
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
