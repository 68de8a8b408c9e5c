"""up, down, sync."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.options import (
    Bandwidth,
    Debug,
    DryRun,
    Json,
    Names,
    OnConflict,
    OneName,
    Profile,
    ProjectName,
    Quiet,
    StoreUrl,
    UnfinishedTransfers,
    User,
    Verbose,
    Wait,
    epilog,
)
from s3sync.core.plan import Verb
from s3sync.errors import ProjectError

if TYPE_CHECKING:
    from s3sync.api import Project
    from s3sync.sync.report import RunReport
    from s3sync.transfer.progress import Progress


def register(app: typer.Typer) -> None:
    app.command(epilog=epilog("s3sync up\ns3sync up b63 draft.mp4 '*.wav'", 0, 1, 2, 3, 4, 5, 6, 130))(up)
    app.command(epilog=epilog("s3sync down\ns3sync down --on-conflict keep-both", 0, 1, 2, 3, 4, 5, 6, 130))(down)
    app.command(epilog=epilog("s3sync sync\ns3sync sync --dry-run", 0, 1, 2, 3, 4, 5, 6, 130))(sync)


def up(
    names: Names = None,
    project: ProjectName = None,
    on_conflict: OnConflict = None,
    again: Annotated[bool, typer.Option("--again", help="Also send what a cleanup took from the remote.")] = False,
    dry_run: DryRun = False,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    wait: Wait = 0,
    transfers: UnfinishedTransfers = None,
    bwlimit: Bandwidth = None,
    user: User = None,
    store: StoreUrl = None,
    profile: Profile = None,
    debug: Debug = False,
) -> int:
    """Upload what is new or changed here. Nothing is deleted, and nobody's change is overwritten."""
    flags = {"user": user, "store": store, "profile": profile, "transfers": transfers, "bwlimit": bwlimit}
    return _run(
        Verb.UP, names, project, flags, json, verbose, quiet, wait,
        lambda opened, files: opened.up(*files, on_conflict=on_conflict, dry_run=dry_run, again=again),
    )  # fmt: skip


def down(
    names: Names = None,
    project: ProjectName = None,
    on_conflict: OnConflict = None,
    dry_run: DryRun = False,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    wait: Wait = 0,
    transfers: UnfinishedTransfers = None,
    bwlimit: Bandwidth = None,
    user: User = None,
    store: StoreUrl = None,
    profile: Profile = None,
    debug: Debug = False,
) -> int:
    """Download what is new or changed on the remote, and what was deleted here. Your own changes stay."""
    flags = {"user": user, "store": store, "profile": profile, "transfers": transfers, "bwlimit": bwlimit}
    return _run(
        Verb.DOWN, names, project, flags, json, verbose, quiet, wait,
        lambda opened, files: opened.down(*files, on_conflict=on_conflict, dry_run=dry_run),
    )  # fmt: skip


def sync(
    name: OneName = None,
    project: ProjectName = None,
    on_conflict: OnConflict = None,
    max_delete: Annotated[
        int | None, typer.Option("--max-delete", metavar="N", min=0, help="Delete up to N files, however many that is.")
    ] = None,
    dry_run: DryRun = False,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    wait: Wait = 0,
    transfers: UnfinishedTransfers = None,
    bwlimit: Bandwidth = None,
    user: User = None,
    store: StoreUrl = None,
    profile: Profile = None,
    debug: Debug = False,
) -> int:
    """Both ways, deletions too. What is replaced or deleted goes to the trash; a conflict keeps both versions."""
    flags = {"user": user, "store": store, "profile": profile, "transfers": transfers, "bwlimit": bwlimit}
    return _run(
        Verb.SYNC, None, project or name, flags, json, verbose, quiet, wait,
        lambda opened, files: opened.sync(on_conflict=on_conflict, max_delete=max_delete, dry_run=dry_run),
    )  # fmt: skip


def _run(
    kind: Verb,
    names: list[str] | None,
    project: str | None,
    flags: dict[str, str | None],
    json: bool,
    verbose: bool,
    quiet: bool,
    wait: float,
    verb: Callable[[Project, list[str]], RunReport],
) -> int:
    from s3sync.cli.as_json import run_json
    from s3sync.cli.as_text import print_run, run_headline
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching

    with watching(not quiet and not json) as progress:
        opened, files = open_project(names, project, flags, progress=progress, wait=wait)
        if not quiet and not json:
            progress.headline = run_headline(kind, opened.session.place, False)
        report = verb(opened, files)
    if json:
        print_json(run_json(report))
    else:
        print_run(report, verbose=verbose, quiet=quiet, begun=progress.begun)
    return report.exit_code


def open_project(
    names: list[str] | None, project: str | None, flags: dict[str, str | None], *, progress: Progress, wait: float
) -> tuple[Project, list[str]]:
    """The project, and the file names among the arguments.

    The first argument is a project's name where none is around, or where it names a project and no file.
    """
    from s3sync.api import Project

    words = list(names or [])

    def open_named(name: str | None) -> Project:
        return Project.open(name, flags=flags, progress=progress, lock_wait_s=wait)

    try:
        here = open_named(project)
    except ProjectError:
        if project is not None or not words:
            raise
        return open_named(words[0]), words[1:]
    if project is None and words and here.names_project(words[0]):
        return open_named(words[0]), words[1:]
    return here, words
