"""s3sync status"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import EXCHANGE, OPENS, command
from s3sync.cli.notices import telling
from s3sync.cli.options import All, Everywhere, Names, ProjectName
from s3sync.cli.runs import naming, open_project, refuse_names

if TYPE_CHECKING:
    from s3sync.cli.elsewhere import Words


@command(
    EXCHANGE,
    "s3sync status\ns3sync status --all --json\ns3sync status voz/boy-baker",
    0, 1, 2, 3, 4, 5, 7, 8, 130,
    takes=OPENS,
)  # fmt: skip
def status(
    call: Call,
    names: Names = None,
    project: ProjectName = None,
    all_projects: All = False,
    everywhere: Everywhere = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 0 in sync, 7 with something to do, 4 with conflicts.")
    ] = False,
) -> int:
    """Say what is in sync, newer here, newer on the remote, or in conflict. Changes nothing."""
    if everywhere:
        refuse_names(names, project, "--everywhere")
        return _status_everywhere(call, exit_code)
    if all_projects:
        refuse_names(names, project)
        return _status_all(call, exit_code)
    from s3sync.cli.elsewhere import Words, in_reach

    return in_reach(
        call,
        Words(names or [], project),
        lambda words: _status(call, words, exit_code),
        lambda root: _status_all(call, exit_code, root),
    )


def _status(call: Call, words: Words, exit_code: bool) -> int:
    from s3sync.cli.lives import archived_json, mention, of_empty
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.status import print_status, status_json

    with watching(call) as progress:
        opened, files = open_project(call, words.names, words.project, progress, words.root)
        with naming(opened, files, call):
            report = opened.status(*files)
    lives = None if report.files else of_empty(opened, call)
    with telling(call, opened.session.settings, tuple):
        if call.json:
            print_json({**status_json(report), **archived_json(lives)})
        else:
            print_status(report, verbose=call.verbose, quiet=call.quiet)
    code = report.exit_code if exit_code or report.failed else 0
    return code if lives is None else mention(lives, call, opened.session.project.repo_root) or code


def _status_all(call: Call, exit_code: bool, root: str | os.PathLike[str] = ".") -> int:
    """Every project; one that is broken does not hide the others. What ails the store, ails it for all of them."""
    from s3sync.all_projects import AllProjects, worst_code
    from s3sync.cli.output import print_json
    from s3sync.cli.show.status import all_json, print_all
    from s3sync.sync.report import EXIT_DONE, EXIT_SOME_FAILED

    told = AllProjects.open(path=root, flags=call.flags).status()
    reports = [one.report for one in told if one.report is not None]
    failed = [(one.project, one.error) for one in told if one.error is not None]
    if call.json:
        print_json(all_json(reports, failed))
    else:
        print_all(reports, failed, quiet=call.quiet)
    if failed or any(report.failed for report in reports):
        return EXIT_SOME_FAILED
    return worst_code(told) if exit_code else EXIT_DONE


def _status_everywhere(call: Call, exit_code: bool) -> int:
    """Every project of every repository; one repository that is broken hides no other."""
    from s3sync.all_repositories import statuses, worst_of
    from s3sync.cli.output import print_json
    from s3sync.cli.show.repositories import print_statuses, statuses_json
    from s3sync.sync.report import EXIT_DONE, EXIT_SOME_FAILED

    found = statuses(flags=call.flags)
    code = worst_of(found)
    if code != EXIT_SOME_FAILED and not exit_code:
        code = EXIT_DONE
    if call.json:
        print_json(statuses_json(found, code))
    else:
        print_statuses(found, quiet=call.quiet)
    return code
