"""s3sync projects"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import EXCHANGE, OPENS, command


@command(
    EXCHANGE,
    "s3sync projects\ns3sync projects 'b6*' --json",
    0, 1, 2, 3, 5, 130,
    takes=OPENS,
    verbose="Also name those of which nothing is left but records in the store.",
)  # fmt: skip
def projects(
    call: Call,
    pattern: Annotated[
        str | None, typer.Argument(metavar="[PATTERN]", help="A beginning of names, or a glob.", show_default=False)
    ] = None,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Say where each lives instead: here, on an SSD, in cold storage.")
    ] = False,
) -> int:
    """List the repository's projects, here and in the store, and what waits in which direction."""
    if everywhere:
        return _everywhere(call, pattern)
    from s3sync.cli.output import print_json
    from s3sync.cli.show.projects import print_projects, projects_json
    from s3sync.config import load_settings
    from s3sync.connect import connect
    from s3sync.setup.overview import overview

    cwd = Path.cwd()
    settings = load_settings(cwd, flags=call.flags, environ=os.environ)
    report = overview(settings, cwd, connect(settings), pattern)
    if call.json:
        print_json(projects_json(report))
    else:
        print_projects(report, quiet=call.quiet, every=call.verbose or pattern is not None)
    return report.exit_code


def _everywhere(call: Call, pattern: str | None) -> int:
    from s3sync.archives import Archives
    from s3sync.cli.output import print_json
    from s3sync.cli.show.everywhere import everywhere_json, print_everywhere

    found, unseen = Archives.open(flags=call.flags).everywhere(pattern)
    if call.json:
        print_json(everywhere_json(found, unseen))
    else:
        print_everywhere(found, unseen, quiet=call.quiet)
    return 0
