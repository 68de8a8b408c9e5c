"""`s3sync` without any word: where things stand, and what to do next. `s3sync --help` has the help."""

from __future__ import annotations

import os

from s3sync.cli.call import CALL
from s3sync.cli.notices import telling
from s3sync.disk.current import current_folder
from s3sync.errors import ProjectError

USAGE = 2


def say_where_things_stand() -> int:
    """One `status` of the project around, in a few lines; outside of one, how to get into one.

    Exit code 0, also with something to do; 3 for files that cannot be synced, and 2 outside of a project.
    """
    from s3sync.cli.show.where import print_outside, print_where
    from s3sync.config import load_settings

    CALL.command = "status"
    settings = load_settings(current_folder(), flags={}, environ=os.environ)
    if settings.root is None:
        print_outside(settings, [])
        return USAGE
    from s3sync.api import Project
    from s3sync.cli.progress import watching
    from s3sync.connect import all_projects, projects_there
    from s3sync.project import find_project

    try:
        if settings.store_is_default:  # opening it would make it
            find_project(settings, current_folder(), None)
        with watching(CALL) as progress:
            report = Project.open(progress=progress).status()
    except ProjectError:
        from s3sync.team.githooks.waiting import in_a_hurry

        here = all_projects(settings, current_folder())
        asks = not here and not settings.store_is_default
        print_outside(settings, here, projects_there(in_a_hurry(settings)) if asks else [])
        return USAGE
    with telling(CALL, settings, tuple):
        print_where(report, settings.user)
    return report.exit_code if report.failed else 0
