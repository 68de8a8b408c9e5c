"""s3sync locks"""

from __future__ import annotations

from s3sync.cli.call import Call
from s3sync.cli.declare import OPENS, TEAM, command
from s3sync.cli.options import OneName, ProjectName


@command(
    TEAM,
    "s3sync locks\ns3sync locks --json",
    0,
    1,
    2,
    5,
    130,
    takes=OPENS,
    verbose="Also say since when, and on which computer.",
)
def locks(call: Call, name: OneName = None, project: ProjectName = None) -> int:
    """Say who works on which file, and until when."""
    from s3sync.api import Project
    from s3sync.cli.output import print_json
    from s3sync.cli.show.locks import locks_json, print_locks

    report = Project.open(project or name, flags=call.flags).locks()
    if call.json:
        print_json(locks_json(report))
    else:
        print_locks(report, quiet=call.quiet, verbose=call.verbose)
    return report.exit_code
