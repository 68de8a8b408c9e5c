"""s3sync log"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from s3sync.cli import completed
from s3sync.cli.call import Call
from s3sync.cli.declare import OPENS, TEAM, command
from s3sync.cli.options import ProjectName
from s3sync.errors import UsageError

File: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="[FILE]", help="Name of a file or folder.", show_default=False, autocompletion=completed.names
    ),
]


@command(
    TEAM,
    "s3sync log\ns3sync log cut/color.mp4 --since 2w\ns3sync log --by jan",
    0,
    1,
    2,
    5,
    130,
    takes=OPENS,
    verbose="Name each file.",
)
def log(
    call: Call,
    file: File = None,
    project: ProjectName = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Only what was done since then: 2d, 6months ago.")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Only what this person did.")] = None,
    most: Annotated[int, typer.Option("--most", metavar="N", min=0, help="At most so many entries; 0 for all.")] = 50,
) -> int:
    """Tell who did what in the project, the newest first."""
    from s3sync.api import Project
    from s3sync.cli.output import print_json
    from s3sync.cli.show.history import history_json, print_log

    seconds = None if since is None else _seconds(since)
    report = Project.open(project, flags=call.flags).log(file, since=seconds, by=by, most=most)
    if call.json:
        print_json(history_json(report))
    else:
        is_limited = (file, since, by) != (None, None, None)
        print_log(report, is_limited=is_limited, quiet=call.quiet, verbose=call.verbose)
    return report.exit_code


def _seconds(text: str) -> int:
    from s3sync.core.durations import USAGE, parse_duration

    seconds = parse_duration(text)
    if seconds is None:
        raise UsageError(f"--since cannot be {text!r}", why="it is no time", hint=USAGE)
    return seconds
