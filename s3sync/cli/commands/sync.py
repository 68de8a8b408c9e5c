"""s3sync sync"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import EXCHANGE, MOVES, command
from s3sync.cli.options import All, Everywhere, Names, OnConflict, ProjectName
from s3sync.cli.runs import refuse_names, run
from s3sync.core.plan import Verb

if TYPE_CHECKING:
    from s3sync.api import Project
    from s3sync.sync.report import RunReport


@command(EXCHANGE, "s3sync sync\ns3sync sync --dry-run", 0, 1, 2, 3, 4, 5, 6, 8, 130, takes=MOVES)
def sync(
    call: Call,
    names: Names = None,
    project: ProjectName = None,
    all_projects: All = False,
    everywhere: Everywhere = False,
    on_conflict: OnConflict = None,
    max_delete: Annotated[
        int | None, typer.Option("--max-delete", metavar="N", min=0, help="Allow up to N deletions in this run.")
    ] = None,
) -> int:
    """Both ways, deletions too. What is replaced or deleted goes to the trash; a conflict keeps both versions."""

    def both_ways(opened: Project, files: list[str]) -> RunReport:
        return opened.sync(*files, on_conflict=on_conflict, max_delete=max_delete, dry_run=call.dry_run)

    if everywhere:
        from s3sync.cli.repositories import run_everywhere

        refuse_names(names, project, "--everywhere")
        return run_everywhere(call, Verb.SYNC, lambda opened: both_ways(opened, []))
    return run(call, Verb.SYNC, names, project, all_projects, both_ways)
