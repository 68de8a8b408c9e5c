"""s3sync trash"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import BACK, OPENS, Group
from s3sync.cli.options import ProjectName, Yes
from s3sync.errors import UsageError

if TYPE_CHECKING:
    from s3sync.api import Project
    from s3sync.sync.restore import TrashReport

_AGE = re.compile(r"(\d{1,5})\s*([dhw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}

Remote: TypeAlias = Annotated[bool, typer.Option("--remote", help="Only the trash on the remote.")]
Local: TypeAlias = Annotated[bool, typer.Option("--local", help="Only the trash on this computer.")]

trash = Group(BACK, "List what was replaced or deleted and is still in the trash, bring a file back, or empty it.")


@trash.word(
    "list",
    "s3sync trash list\ns3sync trash list draft.mp4 --remote",
    0,
    1,
    2,
    5,
    130,
    takes=OPENS,
    verbose="Also say the exact time.",
)
def list_trash(
    call: Call,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE]...", help="Only these files, folders or globs.", show_default=False),
    ] = None,
    project: ProjectName = None,
    remote: Remote = False,
    local: Local = False,
) -> int:
    """Say what is in the trash, newest first: name, size, when it went, and who did it."""
    side = _side(remote, local)
    return _show(call, "list", _open(call, project).trash(side, *(names or [])))


@trash.word(
    "restore", "s3sync trash restore draft.mp4\ns3sync trash restore draft.mp4 --to old.mp4", 0, 1, 2, 5, 6, 130
)
def restore(
    call: Call,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The file, as `trash list` names it.")],
    project: ProjectName = None,
    remote: Remote = False,
    local: Local = False,
    to: Annotated[str | None, typer.Option("--to", metavar="PATH", help="Restore under this name.")] = None,
    when: Annotated[
        str | None,
        typer.Option(
            "--when",
            metavar="TIME",
            help="Restore the version of then, as `trash list -v` says it, or its beginning: 2025-11-03T14.",
        ),
    ] = None,
) -> int:
    """Bring the newest version of a file back into the staging folder. Nothing is overwritten."""
    side = _side(remote, local)
    opened = _open(call, project)
    report = opened.restore_from_trash(name, to=to, when=when, side=side, dry_run=call.dry_run)
    return _show(call, "restore", report)


@trash.word("empty", "s3sync trash empty --older-than 30d", 0, 1, 2, 5, 6, 130)
def empty(
    call: Call,
    project: ProjectName = None,
    remote: Remote = False,
    local: Local = False,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="AGE", help="Empty only what is older: 30d, 12h, 4w.")
    ] = None,
    yes: Yes = False,
) -> int:
    """Delete permanently what is in the trash of this computer, or with `--remote` in that of the remote."""
    side, age = _side(remote, local) or "local", _age(older_than)
    confirm = (lambda found: True) if yes else lambda found: _ask(found, side)
    report = _open(call, project).empty_trash(side=side, older_than=age, confirm=confirm, dry_run=call.dry_run)
    return _show(call, "empty", report, side)


def _open(call: Call, project: str | None) -> Project:
    from s3sync.api import Project

    return Project.open(project, flags=call.flags, lock_wait_s=call.wait)


def _side(remote: bool, local: bool) -> str | None:
    if remote and local:
        raise UsageError("--remote and --local exclude each other", hint="without both, either trash is meant")
    return "remote" if remote else "local" if local else None


def _age(text: str | None) -> timedelta | None:
    if text is None:
        return None
    found = _AGE.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} is no age", hint="write a number and its unit: 30d, 12h or 4w")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _ask(report: TrashReport, side: str) -> bool:
    from s3sync.cli.output import answered_yes, warn
    from s3sync.cli.show.trash import empty_question

    *lines, question = empty_question(report, side)
    for line in lines:
        warn(line)
    return answered_yes(question)


def _show(call: Call, action: str, report: TrashReport, side: str = "local") -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.trash import print_trash, trash_json

    if call.json:
        print_json(trash_json(action, report))
    elif not call.quiet:
        print_trash(action, report, verbose=call.verbose, side=side)
    return 0
