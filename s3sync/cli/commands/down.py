"""s3sync down"""

from __future__ import annotations

from typing import Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import EXCHANGE, MOVES, command
from s3sync.cli.options import All, Names, OnConflict, ProjectName
from s3sync.cli.runs import open_project, run
from s3sync.core.plan import Policy, Verb
from s3sync.errors import UsageError


@command(EXCHANGE, "s3sync down\ns3sync down --on-conflict keep-both", 0, 1, 2, 3, 4, 5, 6, 8, 130, takes=MOVES)
def down(
    call: Call,
    names: Names = None,
    project: ProjectName = None,
    all_projects: All = False,
    on_conflict: OnConflict = None,
    version: Annotated[
        str | None,
        typer.Option("--version", metavar="ID", help="Bring this version of one file back, as `versions` names it."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="Bring back one file as it was then: '2025-11-03 14:30', or 2d ago."),
    ] = None,
    pinned: Annotated[
        bool, typer.Option("--pinned", help="Bring back the versions that the pin file of this commit names.")
    ] = False,
    ack: Annotated[
        bool, typer.Option("--ack", help="Say that you have everything, also where there is nothing to download.")
    ] = False,
) -> int:
    """Download what is new or changed on the remote, and what was deleted here. Your own changes stay."""
    if version is not None or at is not None or pinned:
        if ack:
            other = "--pinned" if pinned else "--at" if at is not None else "--version"
            raise UsageError(f"{other} and --ack exclude each other", why="an earlier version is not the newest")
        return _bring_back(call, names, project, all_projects, on_conflict, version, at, pinned)
    return run(
        call, Verb.DOWN, names, project, all_projects,
        lambda opened, files: opened.down(*files, on_conflict=on_conflict, dry_run=call.dry_run, acknowledge=ack),
    )  # fmt: skip


def _bring_back(
    call: Call,
    names: list[str] | None,
    project: str | None,
    all_projects: bool,
    on_conflict: Policy | None,
    version: str | None,
    at: str | None,
    pinned: bool,
) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.versions import bring_json, print_brought

    chosen = [name for name, given in (("--version", version), ("--at", at), ("--pinned", pinned)) if given]
    if len(chosen) > 1:
        raise UsageError(f"{' and '.join(chosen)} exclude each other", hint="use one of them")
    if all_projects or on_conflict is not None:
        other = "--all" if all_projects else "--on-conflict"
        raise UsageError(f"{chosen[0]} and {other} exclude each other", hint=f"leave out {other}")
    with watching(call) as progress:
        opened, files = open_project(call, names, project, progress)
        if pinned:
            report = opened.down_pinned(*files, dry_run=call.dry_run)
        elif len(files) != 1:
            what = "no file was" if not files else f"{len(files)} files were"
            raise UsageError(
                f"{what} named",
                why=f"{chosen[0]} is about one file",
                hint="`s3sync versions FILE` lists those of a file",
            )
        else:
            report = opened.bring_back(files[0], version=version, at=at, dry_run=call.dry_run)
    if call.json:
        print_json(bring_json(report))
    else:
        print_brought(report, verbose=call.verbose, quiet=call.quiet)
    return report.exit_code
