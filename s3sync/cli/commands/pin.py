"""s3sync pin"""

from __future__ import annotations

from s3sync.cli.call import Call
from s3sync.cli.declare import OPENS, SET_UP, command
from s3sync.cli.options import Names, ProjectName
from s3sync.cli.runs import open_project


@command(SET_UP, "s3sync pin\ns3sync pin draft.mp4", 0, 1, 2, 3, 5, 130, takes=OPENS | {"dry_run"})
def pin(call: Call, names: Names = None, project: ProjectName = None) -> int:
    """Write which files belong with this commit into a file for git: name, size and MD5 of each."""
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.pin import pin_json, print_pin

    with watching(call) as progress:
        opened, files = open_project(call, names, project, progress)
        report = opened.pin(*files, dry_run=call.dry_run)
    if call.json:
        print_json(pin_json(report))
    else:
        print_pin(report, verbose=call.verbose, quiet=call.quiet)
    return report.exit_code
