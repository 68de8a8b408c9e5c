"""s3sync inbox"""

from __future__ import annotations

from typing import Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import OPENS, TEAM, command
from s3sync.cli.notices import telling
from s3sync.cli.options import OneName, ProjectName


@command(TEAM, "s3sync inbox\ns3sync inbox --json", 0, 1, 2, 5, 130, takes=OPENS, verbose="Name each file.")
def inbox(
    call: Call,
    name: OneName = None,
    project: ProjectName = None,
    keep: Annotated[bool, typer.Option("--keep", help="Tell it again the next time.")] = False,
) -> int:
    """Tell what others did since you last looked."""
    from s3sync.api import Project
    from s3sync.cli.output import print_json
    from s3sync.cli.show.history import history_json, print_inbox

    opened = Project.open(project or name, flags=call.flags)
    report = opened.inbox(keep=keep)
    settings = opened.session.settings
    with telling(call, settings, tuple):
        if call.json:
            print_json(history_json(report))
        else:
            print_inbox(report, settings.user, quiet=call.quiet, verbose=call.verbose)
    return report.exit_code
