"""trash."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s3sync.cli.call import BACK, WRITES, Call, command
from s3sync.cli.options import ProjectName
from s3sync.errors import UsageError

if TYPE_CHECKING:
    from s3sync.sync.restore import TrashReport
    from s3sync.sync.trash import Trashed

NAMED = 20
_AGE = re.compile(r"(\d{1,5})\s*([dhw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def register(app: typer.Typer) -> None:
    example = "s3sync trash list\ns3sync trash restore draft.mp4\ns3sync trash empty --older-than 30d"
    command(app, trash, example, 0, 1, 2, 5, 6, 130, takes=WRITES, group=BACK, words=("list", "restore", "empty"))


def trash(
    call: Call,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[list|restore NAME|empty]", help="What to do; list if nothing is said.", show_default=False
        ),
    ] = None,
    project: ProjectName = None,
    remote: Annotated[bool, typer.Option("--remote", help="Only the trash on the remote.")] = False,
    local: Annotated[bool, typer.Option("--local", help="Only the trash on this computer.")] = False,
    to: Annotated[str | None, typer.Option("--to", metavar="PATH", help="Restore under this name.")] = None,
    when: Annotated[
        str | None, typer.Option("--when", metavar="TIME", help="Restore the version of then: 2025-11-03T14.")
    ] = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="AGE", help="Empty only what is older: 30d, 12h, 4w.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Answer the question with yes.")] = False,
) -> int:
    """List what was replaced or deleted and is still in the trash, bring a file back, or empty the trash."""
    from s3sync.api import Project
    from s3sync.cli.output import print_json

    action, *names = words or ["list"]
    if action not in ("list", "restore", "empty") or len(names) != (action == "restore"):
        raise UsageError(
            f"cannot understand `trash {' '.join(words or [])}`",
            hint="s3sync trash list, s3sync trash restore NAME, or s3sync trash empty",
        )
    if remote and local:
        raise UsageError("--remote and --local exclude each other", hint="without both, either trash is meant")
    age = _age(older_than)
    side = "remote" if remote else "local" if local else None
    opened = Project.open(project, flags=call.flags, lock_wait_s=call.wait)
    if action == "restore":
        report = opened.restore_from_trash(names[0], to=to, when=when, side=side, dry_run=call.dry_run)
    elif action == "empty":
        confirm = (lambda found: True) if yes else _ask
        report = opened.empty_trash(side=side or "local", older_than=age, confirm=confirm, dry_run=call.dry_run)
    else:
        report = opened.trash(side=side)
    if call.json:
        print_json(_as_json(action, report))
    elif not call.quiet:
        _print(action, report, verbose=call.verbose)
    return 0


def _age(text: str | None) -> timedelta | None:
    if text is None:
        return None
    found = _AGE.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} is no age", hint="write a number and its unit: 30d, 12h or 4w")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _ask(report: TrashReport) -> bool:
    from s3sync.cli.output import answered_yes, printable, warn
    from s3sync.core.quantities import files_text, size_text

    if report.last_copies:
        warn(f"{files_text(len(report.last_copies))} of these exist nowhere else and cannot be had back:")
        for found in report.last_copies[:NAMED]:
            warn(f"  {printable(found.name)} ({size_text(found.size)})")
        if len(report.last_copies) > NAMED:
            warn(f"  ... and {len(report.last_copies) - NAMED} more")
    total = size_text(sum(found.size for found in report.emptied))
    return answered_yes(f"Delete permanently {files_text(len(report.emptied))} ({total}) from the trash?")


def _as_json(action: str, report: TrashReport) -> dict[str, Any]:
    return {
        "schema": 1,
        "command": "trash",
        "action": action,
        "project": report.place.project,
        "repo": report.place.repo,
        "store": report.place.store,
        "dry_run": report.dry_run,
        "files": map(_file, report.files),
        "restored": {**_file(report.restored), "to": report.restored_to} if report.restored else None,
        "emptied": map(_file, report.emptied),
        "last_copies": map(_file, report.last_copies),
        "exit_code": 0,
    }


def _file(found: Trashed) -> dict[str, Any]:
    return {
        "name": found.name,
        "side": found.side,
        "size_bytes": found.size,
        "trashed_at": found.at,
        "trashed_by": found.by,
        "where": found.where,
    }


def _print(action: str, report: TrashReport, *, verbose: bool) -> None:
    from s3sync.cli.output import printable, say
    from s3sync.core.quantities import files_text, size_text

    would = "would be " if report.dry_run else ""
    if action == "restore" and report.restored is not None:
        say(f"  {_line(report.restored)}: {would}restored to {printable(report.restored_to or '')}")
        if not report.dry_run:
            say("It is new here: `s3sync up` sends it.")
    elif action == "empty":
        for found in report.emptied if verbose or len(report.emptied) <= NAMED else ():
            say(f"  {_line(found)}: {would}deleted permanently")
        total = size_text(sum(found.size for found in report.emptied))
        say(f"Summary: {would}deleted {files_text(len(report.emptied))} ({total}) from the trash")
    else:
        for found in report.files:
            say(f"  {_line(found)}")
        total = size_text(sum(found.size for found in report.files))
        say(f"The trash holds {files_text(len(report.files))} ({total})" if report.files else "The trash is empty.")
        if report.files:
            say("To bring one back: s3sync trash restore NAME")


def _line(found: Trashed) -> str:
    from s3sync.cli.output import ago_text, printable
    from s3sync.core.quantities import size_text

    where = "here" if found.side == "local" else "on the remote"
    by = f" by {printable(found.by)}" if found.by else ""
    return f"{printable(found.name)} ({size_text(found.size)}) - in the trash {where}, {ago_text(found.at)}{by}"
