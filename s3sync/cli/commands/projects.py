"""s3sync projects"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import EXCHANGE, OPENS, command

EXIT_SOME_FAILED = 3


@command(
    EXCHANGE,
    "s3sync projects\ns3sync projects 'b6*' --json\ns3sync projects --everywhere",
    0, 1, 2, 3, 5, 130,
    takes=OPENS,
    verbose="Also name those of which nothing is left but records in the store.",
)  # fmt: skip
def projects(
    call: Call,
    pattern: Annotated[
        str | None,
        typer.Argument(
            metavar="[PATTERN]",
            help="A beginning of names, or a glob; or a repository that `s3sync repos` lists.",
            show_default=False,
        ),
    ] = None,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Say where each lives, of every repository: here, on an SSD, cold.")
    ] = False,
) -> int:
    """List the repository's projects, here and in the store, and what waits in which direction."""
    from s3sync.cli.elsewhere import in_repository

    if everywhere:
        return _everywhere(call, pattern)
    return in_repository(call, pattern, lambda root, rest: _projects(call, rest, root))


def _projects(call: Call, pattern: str | None, root: Path) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.projects import print_projects, projects_json
    from s3sync.repository import projects as list_projects

    report = list_projects(pattern, path=root, flags=call.flags)
    if call.json:
        print_json(projects_json(report))
    else:
        print_projects(report, quiet=call.quiet, every=call.verbose or pattern is not None)
    return report.exit_code


def _everywhere(call: Call, pattern: str | None) -> int:
    """Where each project lives: of the repository around, and of all that are remembered."""
    from s3sync.archives.everywhere import all_everywhere
    from s3sync.cli.output import print_json
    from s3sync.cli.show.everywhere import all_json, print_all

    around, every = all_everywhere(pattern, flags=call.flags)
    code = EXIT_SOME_FAILED if any(one.error is not None for one in every) else 0
    if call.json:
        print_json(all_json(around, every, code))
    else:
        print_all(around, every, quiet=call.quiet)
    return code
