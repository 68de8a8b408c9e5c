"""s3sync sync"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import EXCHANGE, MOVES, command
from s3sync.cli.options import All, Everywhere, Names, OnConflict, ProjectName
from s3sync.cli.pair_options import Picks
from s3sync.cli.runs import refuse_names, run
from s3sync.core.plan import Verb
from s3sync.disk.current import current_folder
from s3sync.errors import UsageError

if TYPE_CHECKING:
    from s3sync.api import Project
    from s3sync.sync.report import RunReport

Bidirectional = Annotated[
    bool, typer.Option("--bidirectional", help="Of two places: carry changes both ways, and keep both in conflicts.")
]
Delete = Annotated[bool, typer.Option("--delete", help="Of two places: carry out deletions, too.")]
MaxDelete = Annotated[
    int | None, typer.Option("--max-delete", metavar="N", min=0, help="Allow up to N deletions in this run.")
]
ToCloud = Annotated[
    str | None, typer.Option("--to-cloud", metavar="URL", help="From the folder or project that is named, to there.")
]
ToLocal = Annotated[
    str | None, typer.Option("--to-local", metavar="PATH", help="From the place that is named, to that folder.")
]


@command(
    EXCHANGE,
    "s3sync sync\ns3sync sync --dry-run\ns3sync sync ./footage s3://bucket/footage --delete",
    *(0, 1, 2, 3, 4, 5, 6, 8, 130),
    takes=MOVES,
)
def sync(
    call: Call,
    picks: Picks,
    names: Names = None,
    project: ProjectName = None,
    all_projects: All = False,
    everywhere: Everywhere = False,
    on_conflict: OnConflict = None,
    max_delete: MaxDelete = None,
    bidirectional: Bidirectional = False,
    delete: Delete = False,
    to_cloud: ToCloud = None,
    to_local: ToLocal = None,
) -> int:
    """A project both ways, deletions too; or from one place A to another one B.

    What is replaced or deleted goes to the trash; a conflict keeps both versions. Two words of which one is a store's
    address, or begins with /, ./, ../ or ~, are two places: B then gets what A holds. Nothing is deleted there without
    --delete.
    """
    towards = (to_cloud, to_local)
    if any((*towards, bidirectional, delete, picks.profile_b, picks.any)) or len(names or ()) == 2:
        from s3sync.cli.pairs import sync_places

        wish = (bidirectional, delete, max_delete)
        done = sync_places(call, names or [], project, towards, picks, wish)
        if done is not None:
            return done

    def both_ways(opened: Project, files: list[str]) -> RunReport:
        return opened.sync(*files, on_conflict=on_conflict, max_delete=max_delete, dry_run=call.dry_run)

    if everywhere:
        from s3sync.cli.repositories import run_everywhere

        refuse_names(names, project, "--everywhere")
        return run_everywhere(call, Verb.SYNC, lambda opened: both_ways(opened, []))
    try:
        return run(call, Verb.SYNC, names, project, all_projects, both_ways)
    except UsageError as error:
        from s3sync.cli.pairs import no_second_place

        raise no_second_place(call, names or [], current_folder()) or error from error
