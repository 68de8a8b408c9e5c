"""Output of `archive auto`: each step, what is left alone and why, and what came of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from msgspec import to_builtins

from s3sync.archive.auto_state import Memory
from s3sync.archives.auto_report import AutoReport, Step, StepState
from s3sync.cli.output import SCHEMA, printable, say, symbols, warn
from s3sync.cli.progress import Lines
from s3sync.cli.show.archive_moves import OLD_IS_BILLED
from s3sync.cli.show.words import Json, failed_json
from s3sync.config import Settings, mask_url
from s3sync.core.archive.automation import Candidate, Choice, Tier
from s3sync.core.archive.costs import amount_text
from s3sync.core.notices import Notice, notice
from s3sync.core.quantities import counted, files_text, size_text
from s3sync.core.typed import quoted
from s3sync.services.timers import PlacedReport, Task, When

MOST_LEFT = 20
"""Units that are left alone, and are named without --verbose."""
_SAID = {
    StepState.CUT: "begun, and not done",
    StepState.LATER: "not begun",
    StepState.FAILED: "stays",
}


def print_step(lines: Lines, quiet: bool) -> Callable[[Step], None]:
    """A function that shows a step when it is done with; what went wrong is shown even when all else is quiet."""

    def told(step: Step) -> None:
        if step.state is StepState.DONE and not quiet:
            lines.show(_step_line(step))
        elif step.state is not StepState.DONE:
            lines.note(_step_line(step))
            if step.hint:
                lines.note(f"hint: {printable(step.hint)}")

    return told


def _step_line(step: Step) -> str:
    one = step.candidate
    name = f"{printable(one.unit)} - {_where(one)}"
    if step.state is StepState.PLANNED:
        return f"  - {name}: would go ({files_text(one.files)}, {size_text(one.size)}){_price(one)}"
    if step.state is StepState.DONE:
        gone = f", verified, and removed {files_text(step.removed)} where it was" if step.removed else ""
        return f"  {symbols().done} {name}: moved ({size_text(one.size)}){gone}"
    sign = symbols().failed if step.state is StepState.FAILED else "-"
    return f"  {sign} {name}: {_SAID[step.state]}: {printable(step.error or '')}"


def _where(one: Candidate) -> str:
    if one.tier is Tier.GLACIER:
        return f"to {one.target} (archives.{printable(one.set)})"
    return f"to {'the SSD' if one.tier is Tier.SSD else 'the bucket'} (archives.{printable(one.set)})"


def _price(one: Candidate) -> str:
    if one.tier is Tier.SSD or one.month is None or one.once is None:
        return ""
    less = one.month.amount < 0
    month = amount_text(abs(one.month.amount))
    return f"; {month} {'less' if less else 'more'} a month, {amount_text(one.once.amount)} once"


def print_auto(report: AutoReport, *, quiet: bool, verbose: bool) -> None:
    for problem in report.problems:
        warn(f"{printable(problem.path)} was not looked at: {printable(problem.error)}")
        if problem.hint:
            warn(f"hint: {printable(problem.hint)}")
    if quiet:
        return
    for step in report.of(StepState.PLANNED, StepState.LATER):
        say(_step_line(step))
    for line in _left_lines(report.left, verbose):
        say(line)
    if report.not_due:
        say(f"{counted(report.not_due, 'unit')} not old enough yet")
    if report.by_rule:
        say(f"{counted(report.by_rule, 'archive')} moved by rules of the bucket")
    for store in report.keeps_versions:
        say(f"{printable(mask_url(store))} keeps versions: {OLD_IS_BILLED}")
    if report.month is not None:
        of = f" of {amount_text(report.budget, report.currency)}" if report.budget is not None else ""
        say(f"This month: {amount_text(report.month, report.currency)}{of}")
    say(f"Summary: {report.summary}")


def _left_lines(left: tuple[Choice, ...], verbose: bool) -> Iterator[str]:
    shown = left if verbose else left[:MOST_LEFT]
    for choice in shown:
        one = choice.candidate
        yield f"  {printable(one.unit)} - left alone: {printable(choice.reason or '')}"
    if len(left) > len(shown):
        yield f"  and {len(left) - len(shown)} more left alone (-v names them)"


def of_auto(report: AutoReport, settings: Settings) -> Iterator[Notice]:
    """Notice of a run that did something, or failed to; of a night without anything to do there is none."""
    done, failed = report.of(StepState.DONE), report.of(StepState.FAILED)
    if not (done or failed or report.problems):
        return
    names = [*(one.candidate.unit for one in (*failed, *done)), *(problem.path for problem in report.problems)]
    size = sum(one.candidate.size for one in done)
    yield notice("archive", settings.user or "", (settings.repo, "archives"), report.summary, names, size)


def auto_json(report: AutoReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "archive",
        "action": "auto",
        "dry_run": report.dry_run,
        "began": report.began,
        "ended": report.ended,
        "until": report.until,
        "steps": [_step_json(step) for step in report.steps],
        "left": [{**_candidate_json(choice.candidate), "reason": choice.reason} for choice in report.left],
        "problems": list(map(failed_json, report.problems)),
        "not_due": report.not_due,
        "by_rule": report.by_rule,
        "keeps_versions": list(map(mask_url, report.keeps_versions)),
        "budget": report.budget,
        "month": report.month,
        "no_price": report.no_price,
        "currency": report.currency,
        "summary": report.summary,
        "exit_code": report.exit_code,
    }


def _step_json(step: Step) -> Json:
    return {
        **_candidate_json(step.candidate),
        "state": str(step.state),
        "removed": step.removed,
        "error": step.error,
        "hint": step.hint,
    }


def _candidate_json(one: Candidate) -> Json:
    return {
        "unit": one.unit,
        "set": one.set,
        "to": str(one.tier),
        "class": one.target,
        "files": one.files,
        "size_bytes": one.size,
        "month": one.month.amount if one.month is not None and not one.month.unknown else None,
        "once": one.once.amount if one.once is not None and not one.once.unknown else None,
        "replaces": one.again,
    }


def print_installed(deed: str, reports: Sequence[PlacedReport], tasks: Sequence[Task], agreed: Sequence[str]) -> None:
    would = "would be " if any(one.dry_run for one in reports) else ""
    for one in reports:
        for path in one.changed:
            say(f"{printable(path)}: {would}{'removed' if one.removes else 'written'}")
    if not any(one.changed for one in reports):
        say("Everything is there already" if deed == "install" else "Nothing is installed")
    if agreed:
        say(f"Files leave this disk by these sets of the repository, as they are now: {printable(', '.join(agreed))}")
    for task in tasks:
        *words, _, log = task.words  # the last option is --log-file
        words = words[3:] if words[0] == "-P" else words  # Python's own, where s3sync has no script
        say(f"  {_when_text(task.when)}: s3sync {printable(' '.join(map(quoted, words)))}; log in {printable(log)}")
    for one in reports:
        for line in one.placed.lines if deed == "install" and one.dry_run else ():
            say(printable(line))
        if not one.removes and one.placed.start:
            say(f"start it: {printable(one.placed.start)}")
            if one.placed.scheduler == "systemd":
                say("Timers of yours run while you are logged in; always, after: loginctl enable-linger")
        elif one.removes and one.changed and one.placed.stop:
            say(f"end it: {printable(one.placed.stop)}")


def _when_text(when: When) -> str:
    if when.hour is None:
        return f"each hour at :{when.minute:02}"
    return f"{'each day' if when.day is None else 'each month'} at {when.hour:02}:{when.minute:02}"


def print_status(memory: Memory, running: str | None, reports: Sequence[PlacedReport], when: When | None) -> None:
    last = memory.last
    if running:
        say(f"at work now: {printable(running)}")
    if last is None:
        say("last run: none yet")
    elif last.ended is None and not running:
        say(f"last run: began {_time(last.began)}, and did not end: it was killed, or the computer was")
    elif last.ended is not None:
        say(f"last run: {_time(last.began)}, {last.outcome} (exit code {last.exit_code}): {printable(last.summary)}")
    if memory.refused:
        say(f"since then it did not begin: {printable(memory.refused)}")
    installed = [one for one in reports if one.installed]
    for one in installed:
        say(f"installed with {one.placed.scheduler}{'' if one.started is not False else ', and not started'}")
        if one.started is False:
            say(f"start it: {printable(one.placed.start)}")
    if not installed:
        say("not installed: `s3sync archive auto install` has the system run it each night")
    if when is not None:
        say(f"next run: {when.next(datetime.now().astimezone()):%Y-%m-%d %H:%M}")


def _time(text: str) -> str:
    return printable(text.replace("T", " ").replace("Z", " UTC"))


def installed_json(deed: str, reports: Sequence[PlacedReport], tasks: Sequence[Task], agreed: Sequence[str]) -> Json:
    return {
        "schema": SCHEMA,
        "command": "archive",
        "action": f"auto {deed}",
        "dry_run": any(one.dry_run for one in reports),
        "agreed": list(agreed),
        "places": list(map(_placed_json, reports)),
        "tasks": [
            {"name": task.name, "when": _when_text(task.when), "command": [task.program, *task.words]} for task in tasks
        ],
        "exit_code": 0,
    }


def _placed_json(report: PlacedReport) -> Json:
    found = report.placed
    return {
        "scheduler": str(found.scheduler),
        "installed": report.installed,
        "started": report.started,
        "changed": list(report.changed),
        "removes": report.removes,
        "files": list(map(str, found.files)),
        "lines": list(found.lines),
        "start": found.start,
        "stop": found.stop,
    }


def status_json(memory: Memory, running: str | None, reports: Sequence[PlacedReport], when: When | None) -> Json:
    return {
        "schema": SCHEMA,
        "command": "archive",
        "action": "auto status",
        "running": running,
        "last": to_builtins(memory.last),
        "refused": memory.refused,
        "spent": dict(memory.spent),
        "places": [_placed_json(one) for one in reports],
        "next": when.next(datetime.now().astimezone()).isoformat(timespec="minutes") if when is not None else None,
        "exit_code": 0,
    }
