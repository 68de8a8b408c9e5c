"""s3sync versions"""

from __future__ import annotations

from typing import Annotated

import typer

from s3sync.cli import completed
from s3sync.cli.call import Call
from s3sync.cli.declare import BACK, OPENS, command
from s3sync.cli.options import ProjectName


@command(
    BACK,
    "s3sync versions draft.mp4\ns3sync versions draft.mp4 --json",
    0,
    1,
    2,
    5,
    130,
    takes=OPENS,
    verbose="Also say the MD5 or ETag, and the store's own id, of each.",
)
def versions(
    call: Call,
    name: Annotated[
        str, typer.Argument(metavar="FILE", help="The file, also one that is deleted.", autocompletion=completed.names)
    ],
    project: ProjectName = None,
) -> int:
    """List the versions of a file that still exist: what the bucket keeps, and what lies in the trashes."""
    from s3sync.api import Project
    from s3sync.cli.output import print_json
    from s3sync.cli.show.versions import print_versions, versions_json

    report = Project.open(project, flags=call.flags).versions(name)
    if call.json:
        print_json(versions_json(report))
    elif not call.quiet:
        print_versions(report, verbose=call.verbose)
    return report.exit_code
