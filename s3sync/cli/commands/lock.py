"""s3sync lock"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from s3sync.cli import completed
from s3sync.cli.call import Call
from s3sync.cli.declare import OPENS, TEAM, command
from s3sync.cli.notices import telling
from s3sync.cli.options import ProjectName
from s3sync.errors import UsageError

Files: TypeAlias = Annotated[
    list[str],
    typer.Argument(metavar="FILE...", help="Names of files.", show_default=False, autocompletion=completed.names),
]
TAKES = OPENS | {"dry_run"}


@command(TEAM, "s3sync lock color.mp4\ns3sync lock color.mp4 --for 8h --why grading", 0, 1, 2, 5, 6, 130, takes=TAKES)
def lock(
    call: Call,
    names: Files,
    project: ProjectName = None,
    lasts: Annotated[
        str, typer.Option("--for", metavar="TIME", help="How long: 30m, 4h, 2d; up to 30 days.", show_default=False)
    ] = "4h",
    why: Annotated[str | None, typer.Option("--why", metavar="TEXT", help="What you are doing with it.")] = None,
) -> int:
    """Tell the others that you work on a file: their `up`, `sync` and `cleanup` leave it alone until it is unlocked.

    Repeat it to renew your lock. Without --for it lasts 4 hours.
    """
    from s3sync.api import Project
    from s3sync.cli.output import print_json
    from s3sync.cli.show.locks import locks_json, print_locks
    from s3sync.cli.show.notices import of_locks

    seconds = _seconds(lasts)
    opened = Project.open(project, flags=call.flags)
    report = opened.lock(*names, lasts=seconds, why=why, dry_run=call.dry_run)
    settings = opened.session.settings
    with telling(call, settings, lambda: of_locks(report, settings.user or "")):
        if call.json:
            print_json(locks_json(report))
        else:
            print_locks(report, quiet=call.quiet, verbose=call.verbose)
    return report.exit_code


def _seconds(text: str) -> int:
    from s3sync.core.durations import USAGE, parse_duration

    seconds = parse_duration(text)
    if seconds is None:
        raise UsageError(f"--for cannot be {text!r}", why="it is no time", hint=USAGE)
    return seconds
