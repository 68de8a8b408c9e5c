"""The reports of `up`, `down` and `sync --all`: of each project that had something to say, and of all together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from s3sync.cli.output import SCHEMA, duration_text, error_body, error_lines, printable, say, symbols, warn
from s3sync.cli.show.run import print_run, run_body, run_headline
from s3sync.cli.show.words import NO_PROJECT, Json
from s3sync.core.plan import Verb
from s3sync.core.quantities import counted, files_text, size_text
from s3sync.core.reconcile import State
from s3sync.core.typed import typed
from s3sync.sync.report import RunReport

if TYPE_CHECKING:
    from s3sync.all_projects import Told
    from s3sync.api import Project
    from s3sync.cli.call import Call
    from s3sync.cli.progress import Lines


class AllLines:
    """Text for people: the report of each project that had something to do, as soon as it is done."""

    def __init__(self, verb: Verb, call: Call, progress: Lines) -> None:
        self._verb, self._call, self._progress = verb, call, progress
        self._began = time.monotonic()

    def turn(self, project: Project | None) -> None:
        """Begin a project's turn: files that arrive from now on stand below its headline.

        None: several begin, and what arrived is told with their reports.
        """
        if self._call.shows_progress:
            self._progress.headline = "" if project is None else run_headline(self._verb, project.session.place, False)
            self._progress.begun = False

    def show(self, one: Told[RunReport]) -> None:
        if self._call.json:
            return
        self._progress.rest()
        if one.report is not None and (self._call.verbose or says_something(one.report)):
            begun, verbose, quiet = self._progress.begun, self._call.verbose, self._call.quiet
            print_run(one.report, verbose=verbose, quiet=quiet, begun=begun, few=0)
        if one.begun and one.error is not None:
            warn(f"{symbols().failed} {printable(one.project)}")
            for line in error_lines(one.error):
                warn(line)

    def summarize(self, told: Sequence[Told[RunReport]], *, hints: bool = True) -> None:
        """Say what all came to, and which projects had no turn. `hints` are commands for the repository around."""
        waiting = [one.project for one in told if not one.begun]
        if waiting:
            named = ", ".join(map(printable, waiting[:5])) + (", ..." if len(waiting) > 5 else "")
            warn(f"not begun: {counted(len(waiting), 'project')} ({named}), as the error above concerns all of them")
        ended = [one.project for one in told if one.begun and one.error is not None]
        if ended and not waiting and hints:
            command = printable(f"s3sync {self._verb.value} {typed(ended[0])}")
            warn(f"hint: to continue with one project alone: `{command}`")
        if self._call.quiet:
            return
        if not told:
            say(NO_PROJECT)
            return
        took = duration_text(time.monotonic() - self._began)
        say(f"All {counted(len(told), 'project')}: {_together(told, self._call.dry_run)}, {took}")


def says_something(report: RunReport) -> bool:
    """Tell whether a report holds more than files that are in sync."""
    listed = (report.uploaded, report.downloaded, report.deleted, report.conflicts, report.failed, report.warnings)
    return (
        any(listed)
        or bool(report.locked or report.unlocked)
        or any(item.state is not State.IN_SYNC for item in report.skipped)
    )


def _together(told: Sequence[Told[RunReport]], dry_run: bool) -> str:
    reports = [one.report for one in told if one.report is not None]
    would = "would have " if dry_run else ""
    parts = []
    for verb in ("uploaded", "downloaded", "deleted"):
        count = sum(len(getattr(report, verb)) for report in reports)
        if count:
            size = sum(item.size_bytes for report in reports for item in getattr(report, verb))
            parts.append(f"{would}{verb} {files_text(count)} ({size_text(size)})")
    done = (one.report for one in told if one.error is None and one.report is not None)
    idle = sum(not says_something(report) for report in done)
    if idle:
        parts.append(f"{counted(idle, 'project')} with nothing to do")
    conflicts = sum(len(report.conflicts) for report in reports)
    if conflicts:
        parts.append(f"{conflicts} in conflict")
    failed = sum(len(report.failed) for report in reports)
    if failed:
        parts.append(f"{failed} failed")
    broken = sum(one.begun and one.error is not None for one in told)
    if broken:
        parts.append(f"{counted(broken, 'project')} failed")
    return ", ".join(parts or ["nothing to do"])


def run_all_json(verb: Verb, told: Sequence[Told[RunReport]], exit_code: int, *, dry_run: bool) -> Json:
    reports = [one.report for one in told if one.report is not None]
    return {
        "schema": SCHEMA,
        "command": verb.value,
        "dry_run": dry_run,
        "projects": [project_json(one) for one in told],
        "bytes_sent": sum(report.bytes_sent for report in reports),
        "bytes_received": sum(report.bytes_received for report in reports),
        "exit_code": exit_code,
    }


def project_json(one: Told[RunReport]) -> Json:
    done = {"project": one.project} if one.report is None else run_body(one.report)
    if one.error is None:
        return done
    return {**done, "begun": one.begun, "error": error_body(one.error), "exit_code": one.exit_code}
