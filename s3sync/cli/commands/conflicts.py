"""s3sync conflicts"""

from __future__ import annotations

from s3sync.cli.call import Call
from s3sync.cli.declare import OPENS, TEAM, command
from s3sync.cli.options import Names, ProjectName
from s3sync.cli.runs import naming, open_project


@command(
    TEAM,
    "s3sync conflicts\ns3sync conflicts draft.mp4 --json",
    0,
    1,
    2,
    3,
    5,
    130,
    takes=OPENS,
    verbose="Also say which conflicts were decided, by whom and how.",
)
def conflicts(call: Call, names: Names = None, project: ProjectName = None) -> int:
    """Show both versions of each file that is in conflict, or was kept in two versions. Changes nothing."""
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.conflicts import conflicts_json, print_conflicts

    with watching(call) as progress:
        opened, files = open_project(call, names, project, progress)
        with naming(opened, files, call):
            report = opened.conflicts(*files)
    if call.json:
        print_json(conflicts_json(report))
    else:
        print_conflicts(report, quiet=call.quiet, verbose=call.verbose)
    return report.exit_code
