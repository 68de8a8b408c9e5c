"""s3sync who"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from s3sync.cli import completed
from s3sync.cli.call import Call
from s3sync.cli.declare import OPENS, TEAM, command
from s3sync.cli.options import ProjectName

File: TypeAlias = Annotated[
    str | None,
    typer.Argument(metavar="[FILE]", help="Name of a file.", show_default=False, autocompletion=completed.names),
]


@command(
    TEAM,
    "s3sync who\ns3sync who cut/color.mp4",
    0,
    1,
    2,
    5,
    130,
    takes=OPENS,
    verbose="Name each file that is lacking.",
)
def who(call: Call, file: File = None, project: ProjectName = None) -> int:
    """Say who has everything, or the newest version of a file, and who has not fetched it yet."""
    from s3sync.api import Project
    from s3sync.cli.output import print_json
    from s3sync.cli.show.members import print_who, who_json

    report = Project.open(project, flags=call.flags).who(file)
    if call.json:
        print_json(who_json(report))
    else:
        print_who(report, quiet=call.quiet, verbose=call.verbose)
    return report.exit_code
