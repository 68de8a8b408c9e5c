"""s3sync verify"""

from __future__ import annotations

from typing import Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import CHECK, OPENS, command
from s3sync.cli.options import OneName, ProjectName


@command(CHECK, "s3sync verify\ns3sync verify --deep --json", 0, 1, 2, 3, 5, 130, takes=OPENS)
def verify(
    call: Call,
    name: OneName = None,
    project: ProjectName = None,
    deep: Annotated[bool, typer.Option("--deep", help="Read every object and every local file.")] = False,
) -> int:
    """Compare every object with metadata.json and the local files. Changes nothing."""
    from s3sync.api import Project
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.verify import print_verify, verify_json
    from s3sync.sync.report import EXIT_SOME_FAILED

    with watching(call) as progress:
        report = Project.open(project or name, flags=call.flags, progress=progress).verify(deep=deep)
    if call.json:
        print_json(verify_json(report))
    else:
        print_verify(report, verbose=call.verbose, quiet=call.quiet)
    return EXIT_SOME_FAILED if report.failed else 0
