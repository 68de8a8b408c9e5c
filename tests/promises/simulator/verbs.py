"""How each verb is called: as the command line does it, through the Python API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from s3sync.api import Project
from s3sync.errors import UsageError
from tests.promises.simulator.actions import Run

Answer: TypeAlias = Callable[[Any], bool]


class Asked:
    """What only tells something ends with 0; or what did it within another command."""

    def __init__(self, report: Any, code: int | None = None) -> None:
        self.report = report
        self.exit_code = code if code is not None else 3 if getattr(report, "failed", None) else 0


def _up(project: Project, run: Run, answer: Answer) -> Any:
    again, unlock = run.verb == "up --again", run.verb == "up --unlock"
    return project.up(*run.files, on_conflict=run.policy, dry_run=run.dry_run, again=again, unlock=unlock)


def _down(project: Project, run: Run, answer: Answer) -> Any:
    acknowledge = run.verb == "down --ack"
    return project.down(*run.files, on_conflict=run.policy, dry_run=run.dry_run, acknowledge=acknowledge)


def _cleanup(project: Project, run: Run, answer: Answer) -> Any:
    options = {option: option in run.verb.split(" --")[1:] for option in ("unseen", "local", "trash", "permanently")}
    return project.cleanup(*run.files, **options, force=not run.careful, dry_run=run.dry_run, confirm=answer)


def _restore(project: Project, run: Run, answer: Answer) -> Any:
    return Asked(project.restore_from_trash(*run.files, to=run.to or None, side=run.side or None, dry_run=run.dry_run))


def _resolve(project: Project, run: Run, answer: Answer) -> Any:
    return project.resolve(run.files[0], run.verb.removeprefix("resolve --"), dry_run=run.dry_run)


def _bring_back(project: Project, run: Run, answer: Answer) -> Any:
    """The version with that number of those that there are, in the order of where they lie."""
    found = sorted(project.versions(run.files[0]).versions, key=lambda one: (one.where, one.key))
    if not found:
        raise UsageError("there is no version")
    return project.bring_back(run.files[0], version=found[run.number % len(found)].id, dry_run=run.dry_run)


def _sent(report: Any) -> Any:
    """What the run of a queue did, with the exit code of the queue."""
    return report if report.run is None else Asked(report.run, report.exit_code)


VERBS: dict[str, Callable[[Project, Run, Answer], Any]] = {
    **dict.fromkeys(("up", "up --again", "up --unlock"), _up),
    **dict.fromkeys(("down", "down --ack"), _down),
    "sync": lambda project, run, answer: project.sync(
        on_conflict=run.policy, max_delete=run.max_delete, dry_run=run.dry_run
    ),
    "status": lambda project, run, answer: Asked(project.status()),
    **dict.fromkeys(
        ("cleanup", "cleanup --unseen", "cleanup --trash", "cleanup --permanently", "cleanup --unseen --permanently",
         "cleanup --local", "cleanup --local --trash"),
        _cleanup,
    ),
    "transfers --abort-all": lambda project, run, answer: Asked(project.abort_transfers(everything=True)),
    "trash list": lambda project, run, answer: Asked(project.trash(run.side or None)),
    "trash restore": _restore,
    "trash empty": lambda project, run, answer: Asked(
        project.empty_trash(side=run.side or None, confirm=answer, dry_run=run.dry_run)
    ),
    "undo": lambda project, run, answer: project.undo(dry_run=run.dry_run, confirm=answer),
    "queue": lambda project, run, answer: project.queued(),
    "queue add": lambda project, run, answer: project.queue(*run.files),
    "queue run": lambda project, run, answer: _sent(project.run_queue(dry_run=run.dry_run)),
    "queue clear": lambda project, run, answer: project.clear_queue(*run.files, dry_run=run.dry_run),
    "select": lambda project, run, answer: Asked(project.select(lambda found: run.files, dry_run=run.dry_run)),
    "lock": lambda project, run, answer: project.lock(
        *run.files, lasts=(run.number or 240) * 60, dry_run=run.dry_run
    ),
    "unlock": lambda project, run, answer: project.unlock(*run.files, dry_run=run.dry_run),
    "unlock --force": lambda project, run, answer: project.unlock(*run.files, force=True, dry_run=run.dry_run),
    "locks": lambda project, run, answer: project.locks(),
    **dict.fromkeys(("resolve --mine", "resolve --theirs", "resolve --both"), _resolve),
    "conflicts": lambda project, run, answer: project.conflicts(),
    "pin": lambda project, run, answer: project.pin(*run.files, dry_run=run.dry_run),
    "down --pinned": lambda project, run, answer: project.down_pinned(*run.files, dry_run=run.dry_run),
    "versions": lambda project, run, answer: project.versions(*run.files),
    "down --version": _bring_back,
    "who": lambda project, run, answer: project.who(*run.files),
    "members": lambda project, run, answer: project.members(),
    "members remove": lambda project, run, answer: project.remove_member(*run.files, dry_run=run.dry_run),
}  # fmt: skip
