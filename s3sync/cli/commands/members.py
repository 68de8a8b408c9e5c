"""s3sync members"""

from __future__ import annotations

from typing import Annotated

import typer

from s3sync.cli import completed
from s3sync.cli.call import Call
from s3sync.cli.declare import OPENS, TEAM, Group
from s3sync.cli.options import OneName, ProjectName

members = Group(TEAM, "List who is in the team of a project; remove who has left.")


@members.word("list", "s3sync members", 0, 1, 2, 5, 130, takes=OPENS, verbose="Name each file that is lacking.")
def list_members(call: Call, name: OneName = None, project: ProjectName = None) -> int:
    """List who is in the team of a project, when each was last seen, and what he lacks."""
    from s3sync.api import Project
    from s3sync.cli.output import print_json
    from s3sync.cli.show.members import print_who, who_json

    report = Project.open(project or name, flags=call.flags).members()
    if call.json:
        print_json(who_json(report))
    else:
        print_who(report, quiet=call.quiet, verbose=call.verbose)
    return report.exit_code


@members.word(
    "remove",
    "s3sync members remove jan",
    0,
    1,
    2,
    5,
    6,
    130,
    takes=OPENS | {"dry_run"},
    verbose="Accepted; nothing more is shown.",
)
def remove(
    call: Call,
    member: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of the member.", autocompletion=completed.members)
    ],
    project: ProjectName = None,
) -> int:
    """Drop a member who has left: nobody waits for him any more. His files stay."""
    from s3sync.api import Project
    from s3sync.cli.output import print_json
    from s3sync.cli.show.members import print_who, who_json

    report = Project.open(project, flags=call.flags).remove_member(member, dry_run=call.dry_run)
    if call.json:
        print_json(who_json(report))
    else:
        print_who(report, quiet=call.quiet, verbose=call.verbose)
    return report.exit_code
