"""s3sync down"""

from __future__ import annotations

from s3sync.cli.call import Call
from s3sync.cli.declare import EXCHANGE, MOVES, command
from s3sync.cli.options import All, Names, OnConflict, ProjectName
from s3sync.cli.runs import run
from s3sync.core.plan import Verb


@command(EXCHANGE, "s3sync down\ns3sync down --on-conflict keep-both", 0, 1, 2, 3, 4, 5, 6, 130, takes=MOVES)
def down(
    call: Call,
    names: Names = None,
    project: ProjectName = None,
    all_projects: All = False,
    on_conflict: OnConflict = None,
) -> int:
    """Download what is new or changed on the remote, and what was deleted here. Your own changes stay."""
    return run(
        call, Verb.DOWN, names, project, all_projects,
        lambda opened, files: opened.down(*files, on_conflict=on_conflict, dry_run=call.dry_run),
    )  # fmt: skip
