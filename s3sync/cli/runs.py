"""up, down, sync."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.call import EXCHANGE, MOVES, Call, command
from s3sync.cli.options import Names, OnConflict, ProjectName
from s3sync.core.plan import Verb
from s3sync.errors import ProjectError

if TYPE_CHECKING:
    from s3sync.api import Project
    from s3sync.sync.report import RunReport
    from s3sync.transfer.progress import Progress


def register(app: typer.Typer) -> None:
    command(
        app, up, "s3sync up\ns3sync up b63 draft.mp4 '*.wav'", 0, 1, 2, 3, 4, 5, 6, 130, takes=MOVES, group=EXCHANGE
    )
    command(
        app,
        down,
        "s3sync down\ns3sync down --on-conflict keep-both",
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        130,
        takes=MOVES,
        group=EXCHANGE,
    )
    command(app, sync, "s3sync sync\ns3sync sync --dry-run", 0, 1, 2, 3, 4, 5, 6, 130, takes=MOVES, group=EXCHANGE)


def up(
    call: Call,
    names: Names = None,
    project: ProjectName = None,
    on_conflict: OnConflict = None,
    again: Annotated[bool, typer.Option("--again", help="Also send what a cleanup took from the remote.")] = False,
) -> int:
    """Upload what is new or changed here. Nothing is deleted, and nobody's change is overwritten."""
    return _run(
        call, Verb.UP, names, project,
        lambda opened, files: opened.up(*files, on_conflict=on_conflict, dry_run=call.dry_run, again=again),
    )  # fmt: skip


def down(call: Call, names: Names = None, project: ProjectName = None, on_conflict: OnConflict = None) -> int:
    """Download what is new or changed on the remote, and what was deleted here. Your own changes stay."""
    return _run(
        call, Verb.DOWN, names, project,
        lambda opened, files: opened.down(*files, on_conflict=on_conflict, dry_run=call.dry_run),
    )  # fmt: skip


def sync(
    call: Call,
    names: Names = None,
    project: ProjectName = None,
    on_conflict: OnConflict = None,
    max_delete: Annotated[
        int | None, typer.Option("--max-delete", metavar="N", min=0, help="Allow up to N deletions in this run.")
    ] = None,
) -> int:
    """Both ways, deletions too. What is replaced or deleted goes to the trash; a conflict keeps both versions."""
    return _run(
        call, Verb.SYNC, names, project,
        lambda opened, files: opened.sync(
            *files, on_conflict=on_conflict, max_delete=max_delete, dry_run=call.dry_run
        ),
    )  # fmt: skip


def _run(
    call: Call,
    kind: Verb,
    names: list[str] | None,
    project: str | None,
    verb: Callable[[Project, list[str]], RunReport],
) -> int:
    from s3sync.cli.as_json import run_json
    from s3sync.cli.as_text import print_run, run_headline
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching

    with watching(call) as progress:
        opened, files = open_project(call, names, project, progress)
        if call.shows_progress:
            progress.headline = run_headline(kind, opened.session.place, False)
        report = verb(opened, files)
    if call.json:
        print_json(run_json(report))
    else:
        print_run(report, verbose=call.verbose, quiet=call.quiet, begun=progress.begun)
    return report.exit_code


def open_project(
    call: Call, names: list[str] | None, project: str | None, progress: Progress
) -> tuple[Project, list[str]]:
    """The project, and the file names among the arguments.

    Outside a project the first argument is the project. Inside one it is a file, unless it names another project and
    no file of this one.
    """
    from s3sync.api import Project

    words = list(names or [])

    def open_named(name: str | None) -> Project:
        return Project.open(name, flags=call.flags, progress=progress, lock_wait_s=call.wait)

    try:
        here = open_named(project)
    except ProjectError:
        if project is not None or not words:
            raise
        return open_named(words[0]), words[1:]
    if project is None and words and here.names_project(words[0]):
        return open_named(words[0]), words[1:]
    return here, words
