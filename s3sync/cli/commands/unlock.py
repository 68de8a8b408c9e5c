"""s3sync unlock"""

from __future__ import annotations

from typing import Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.commands.lock import TAKES, Files
from s3sync.cli.declare import TEAM, command
from s3sync.cli.notices import telling
from s3sync.cli.options import ProjectName


@command(TEAM, "s3sync unlock color.mp4\ns3sync unlock color.mp4 --force", 0, 1, 2, 5, 6, 130, takes=TAKES)
def unlock(
    call: Call,
    names: Files,
    project: ProjectName = None,
    force: Annotated[bool, typer.Option("--force", help="Also break the lock of somebody else.")] = False,
) -> int:
    """Release your lock on a file, also where the file is not on this computer."""
    from s3sync.api import Project
    from s3sync.cli.output import print_json
    from s3sync.cli.show.locks import locks_json, print_locks
    from s3sync.cli.show.notices import of_locks

    opened = Project.open(project, flags=call.flags)
    report = opened.unlock(*names, force=force, dry_run=call.dry_run)
    settings = opened.session.settings
    with telling(call, settings, lambda: of_locks(report, settings.user or "")):
        if call.json:
            print_json(locks_json(report))
        else:
            print_locks(report, quiet=call.quiet, verbose=call.verbose)
    return report.exit_code
