"""undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from s3sync.cli.call import BACK, WRITES, Call, command
from s3sync.cli.options import OneName, ProjectName

if TYPE_CHECKING:
    from s3sync.sync.undo import Undone, UndoReport

NAMED = 20
WHAT = {
    ("trashed", "local"): "to the trash here",
    ("trashed", "remote"): "from the remote to its trash",
    ("brought_back", "local"): "the version from before, here",
    ("brought_back", "remote"): "the version from before, on the remote",
}


def register(app: typer.Typer) -> None:
    command(app, undo, "s3sync undo --dry-run\ns3sync undo", 0, 1, 2, 3, 5, 6, 130, takes=WRITES, group=BACK)


def undo(
    call: Call,
    name: OneName = None,
    project: ProjectName = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Answer the question with yes.")] = False,
) -> int:
    """Take back this computer's last up, down or sync. Files that somebody changed since are left alone, and named."""
    from s3sync.api import Project
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching

    with watching(call) as progress:
        opened = Project.open(project or name, flags=call.flags, progress=progress, lock_wait_s=call.wait)
        report = opened.undo(dry_run=call.dry_run, confirm=(lambda found: True) if yes else _ask)
    if call.json:
        print_json(_as_json(report))
    else:
        _print(report, quiet=call.quiet, verbose=call.verbose)
    return report.exit_code


def _ask(report: UndoReport) -> bool:
    from s3sync.cli.output import ago_text, answered_yes, warn
    from s3sync.core.quantities import files_text

    for one in report.undone[:NAMED]:
        warn(f"  {_line(one)}")
    if len(report.undone) > NAMED:
        warn(f"  ... and {len(report.undone) - NAMED} more")
    _refusals(report)
    return answered_yes(f"Undo {report.verb} of {ago_text(report.at)} for {files_text(len(report.undone))}?")


def _line(one: Undone) -> str:
    from s3sync.cli.output import printable

    return f"{printable(one.name)} - {WHAT[one.what, one.side]}"


def _refusals(report: UndoReport) -> None:
    from s3sync.cli.as_text import warn_of_failures

    warn_of_failures(report.refused)


def _print(report: UndoReport, *, quiet: bool, verbose: bool) -> None:
    from s3sync.cli.output import ago_text, say, warn
    from s3sync.core.quantities import files_text

    if not quiet:
        would = "would undo" if report.dry_run else "undid"
        for one in report.undone if verbose or len(report.undone) <= 10 * NAMED else ():
            say(f"  {_line(one)}")
        if report.verb is None:
            say("Nothing to undo: the last run here did nothing, or was undone already.")
        else:
            said = f"Summary: {would} {report.verb} of {ago_text(report.at)} for {files_text(len(report.undone))}"
            say(said + (f", left {len(report.refused)} alone" if report.refused else ""))
    for warning in report.warnings:
        warn(f"warning: {warning}")
    _refusals(report)


def _as_json(report: UndoReport) -> dict[str, Any]:
    return {
        "schema": 1,
        "command": "undo",
        "project": report.place.project,
        "repo": report.place.repo,
        "store": report.place.store,
        "dry_run": report.dry_run,
        "verb": report.verb,
        "at": report.at,
        "undone": [{"name": one.name, "side": one.side, "what": one.what} for one in report.undone],
        "refused": [{"name": one.path, "error": one.error, "hint": one.hint} for one in report.refused],
        "exit_code": report.exit_code,
    }
