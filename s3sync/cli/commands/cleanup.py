"""s3sync cleanup"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import FINISH, command
from s3sync.cli.notices import telling
from s3sync.cli.options import Names, ProjectName, Yes
from s3sync.cli.runs import naming, open_project

if TYPE_CHECKING:
    from s3sync.sync.report import CleanupReport

Permanently: TypeAlias = Annotated[
    bool, typer.Option("--permanently", help="Put nothing into the trash: what exists nowhere else is lost.")
]
Force: TypeAlias = Annotated[
    bool, typer.Option("--force", help="Also delete on the remote what somebody has not fetched.")
]


@command(FINISH, "s3sync cleanup --dry-run\ns3sync cleanup --local", 0, 1, 2, 3, 5, 6, 130)
def cleanup(
    call: Call,
    names: Names = None,
    project: ProjectName = None,
    local: Annotated[
        bool, typer.Option("--local", help="Empty the staging folder here instead: what the remote holds too.")
    ] = False,
    unseen: Annotated[bool, typer.Option("--unseen", help="Also delete what was never downloaded here.")] = False,
    trash: Annotated[
        bool, typer.Option("--trash", help="Also empty the trash of files that exist nowhere else.")
    ] = False,
    permanently: Permanently = False,
    versions: Annotated[
        bool, typer.Option("--versions", help="Also delete the old versions that the bucket keeps.")
    ] = False,
    force: Force = False,
    yes: Yes = False,
) -> int:
    """Delete a finished project's files on the remote (or here).

    What the other side holds, verified, is deleted permanently. Everything else goes into the trash, or is kept.
    """
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.cleanup import cleanup_json, print_cleanup
    from s3sync.cli.show.notices import of_cleanup

    with watching(call) as progress:
        opened, files = open_project(call, names, project, progress)
        confirm = (lambda report: True) if yes else progress.before(partial(_ask, versions=versions))
        with naming(opened, files, call):
            report = opened.cleanup(
                *files,
                local=local,
                unseen=unseen,
                trash=trash,
                permanently=permanently,
                versions=versions,
                force=force,
                dry_run=call.dry_run,
                confirm=confirm,
            )
    settings = opened.session.settings
    with telling(call, settings, lambda: of_cleanup(report, settings.user or "")):
        if call.json:
            print_json(cleanup_json(report))
        else:
            print_cleanup(report, verbose=call.verbose, quiet=call.quiet)
    return report.exit_code


def _ask(report: CleanupReport, *, versions: bool) -> bool:
    """The question before a deletion, on stderr. Where nobody can answer, the answer is no."""
    from s3sync.cli.output import answered_yes, warn
    from s3sync.cli.show.cleanup import cleanup_question

    *lines, question = cleanup_question(report, versions=versions)
    for line in lines:
        warn(line)
    return answered_yes(question)
