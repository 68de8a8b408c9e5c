"""`up --all` without a network: what is new or changed in each project waits in its queue."""

from __future__ import annotations

import os
from contextlib import suppress

from s3sync.cli.call import Call
from s3sync.disk.current import named_folder
from s3sync.errors import S3syncError


def queue_all(call: Call, root: str | os.PathLike[str]) -> None:
    """Have what is new or changed in every project of a repository here wait. One that cannot be is passed over."""
    from s3sync.api import Project
    from s3sync.config import load_settings
    from s3sync.connect import connect, pace_of
    from s3sync.project import local_projects

    cwd = named_folder(root)
    settings = load_settings(cwd, flags=call.flags, environ=os.environ)
    pace = pace_of(settings)
    store = connect(settings, create=False, pace=pace)
    for folder in local_projects(settings, cwd).values():
        with suppress(S3syncError):
            Project.at(folder(), settings, store, pace, cwd, lock_wait_s=call.wait).queue()
