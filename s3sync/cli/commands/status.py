"""s3sync status"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import EXCHANGE, OPENS, command
from s3sync.cli.options import Names, ProjectName
from s3sync.cli.runs import open_project
from s3sync.errors import LocalError, ManifestError, S3syncError, UsageError


@command(EXCHANGE, "s3sync status\ns3sync status --all --json", 0, 1, 2, 3, 4, 5, 7, 130, takes=OPENS)
def status(
    call: Call,
    names: Names = None,
    project: ProjectName = None,
    all_projects: Annotated[bool, typer.Option("--all", "-a", help="Every project of the repository.")] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 0 in sync, 7 with something to do, 4 with conflicts.")
    ] = False,
) -> int:
    """Say what is in sync, newer here, newer on the remote, or in conflict. Changes nothing."""
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.status import print_status, status_json

    if all_projects:
        if names or project:
            why = "and a project was named, too"
            raise UsageError("--all means every project", why=why, hint="leave the name away, or leave --all away")
        return _status_all(call, exit_code)
    with watching(call) as progress:
        opened, files = open_project(call, names, project, progress)
        report = opened.status(*files)
    if call.json:
        print_json(status_json(report))
    else:
        print_status(report, verbose=call.verbose, quiet=call.quiet)
    return report.exit_code if exit_code or report.failed else 0


def _status_all(call: Call, exit_code: bool) -> int:
    """Every project; one that is broken does not hide the others. What ails the store, ails it for all of them."""
    from s3sync.api import Project, all_projects
    from s3sync.cli.output import print_json
    from s3sync.cli.show.status import all_json, print_all
    from s3sync.config import load_settings
    from s3sync.sync.report import EXIT_CONFLICTS, EXIT_SOME_FAILED, StatusReport

    cwd = Path.cwd()
    reports: list[StatusReport] = []
    failed: list[tuple[str, S3syncError]] = []
    for name in all_projects(load_settings(cwd, flags=call.flags, environ=os.environ), cwd):
        try:
            report = Project.open(name, path=cwd, flags=call.flags).status()
            report.files.flush()
            reports.append(report)
        except (UsageError, ManifestError, LocalError) as error:
            failed.append((name, error))
    if call.json:
        print_json(all_json(reports, failed))
    else:
        print_all(reports, failed, quiet=call.quiet)
    codes = {report.exit_code for report in reports} | ({EXIT_SOME_FAILED} if failed else set())
    if EXIT_SOME_FAILED in codes:
        return EXIT_SOME_FAILED
    return (EXIT_CONFLICTS if EXIT_CONFLICTS in codes else max(codes, default=0)) if exit_code else 0
