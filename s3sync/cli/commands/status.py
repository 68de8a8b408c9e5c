"""s3sync status"""

from __future__ import annotations

from typing import Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import EXCHANGE, OPENS, command
from s3sync.cli.notices import telling
from s3sync.cli.options import All, Names, ProjectName
from s3sync.cli.runs import naming, open_project, refuse_names


@command(EXCHANGE, "s3sync status\ns3sync status --all --json", 0, 1, 2, 3, 4, 5, 7, 130, takes=OPENS)
def status(
    call: Call,
    names: Names = None,
    project: ProjectName = None,
    all_projects: All = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 0 in sync, 7 with something to do, 4 with conflicts.")
    ] = False,
) -> int:
    """Say what is in sync, newer here, newer on the remote, or in conflict. Changes nothing."""
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.status import print_status, status_json

    if all_projects:
        refuse_names(names, project)
        return _status_all(call, exit_code)
    with watching(call) as progress:
        opened, files = open_project(call, names, project, progress)
        with naming(opened, files, call):
            report = opened.status(*files)
    with telling(call, opened.session.settings, tuple):
        if call.json:
            print_json(status_json(report))
        else:
            print_status(report, verbose=call.verbose, quiet=call.quiet)
    return report.exit_code if exit_code or report.failed else 0


def _status_all(call: Call, exit_code: bool) -> int:
    """Every project; one that is broken does not hide the others. What ails the store, ails it for all of them."""
    from s3sync.all_projects import AllProjects, worst_code
    from s3sync.cli.output import print_json
    from s3sync.cli.show.status import all_json, print_all
    from s3sync.sync.report import EXIT_DONE, EXIT_SOME_FAILED

    told = AllProjects.open(flags=call.flags).status()
    reports = [one.report for one in told if one.report is not None]
    failed = [(one.project, one.error) for one in told if one.error is not None]
    if call.json:
        print_json(all_json(reports, failed))
    else:
        print_all(reports, failed, quiet=call.quiet)
    if failed or any(report.failed for report in reports):
        return EXIT_SOME_FAILED
    return worst_code(told) if exit_code else EXIT_DONE
