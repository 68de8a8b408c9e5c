"""s3sync up"""

from __future__ import annotations

from typing import Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import EXCHANGE, MOVES, command
from s3sync.cli.options import All, Names, OnConflict, ProjectName
from s3sync.cli.runs import open_project, run
from s3sync.core.plan import Verb


@command(
    EXCHANGE, "s3sync up\ns3sync up b63 draft.mp4 '*.wav'\ns3sync up --queue", 0, 1, 2, 3, 4, 5, 6, 8, 130, takes=MOVES
)
def up(
    call: Call,
    names: Names = None,
    project: ProjectName = None,
    all_projects: All = False,
    on_conflict: OnConflict = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Also send what a cleanup took from the remote; of named files, also what was deleted there.",
        ),
    ] = False,
    unlock: Annotated[
        bool, typer.Option("--unlock", help="Then release your locks on the files that are in sync.")
    ] = False,
    queue: Annotated[
        bool,
        typer.Option("--queue", help="Send it when the line is back: `s3sync queue run`, a watch, git's hooks."),
    ] = False,
) -> int:
    """Upload what is new or changed here. Nothing is deleted, and nobody's change is overwritten."""
    if queue:
        return _put_into_queue(call, names, project, all_projects, with_more=again or unlock or bool(on_conflict))
    return run(
        call, Verb.UP, names, project, all_projects,
        lambda opened, files: opened.up(
            *files, on_conflict=on_conflict, dry_run=call.dry_run, again=again, unlock=unlock
        ),
    )  # fmt: skip


def _put_into_queue(
    call: Call, names: list[str] | None, project: str | None, all_projects: bool, *, with_more: bool
) -> int:
    """`up --queue`. Raises `UsageError` with options that only a run can have."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.queue import print_queued, queue_json
    from s3sync.errors import UsageError
    from s3sync.transfer.progress import Silent

    if with_more or all_projects or call.dry_run:
        why = "the queue runs `s3sync up` as it is, on one project, with the files of that moment"
        raise UsageError("--queue goes with no other option", why=why, hint="leave the other options out")
    opened, files = open_project(call, names, project, Silent())
    report = opened.queue(*files)
    if call.json:
        print_json(queue_json("up --queue", report))
    else:
        print_queued(report, quiet=call.quiet)
    return 0
