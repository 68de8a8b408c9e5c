"""The queues of all projects of a repository at the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from s3sync.cli.call import Call
from s3sync.disk.current import current_folder
from s3sync.errors import S3syncError

if TYPE_CHECKING:
    from s3sync.api import Project
    from s3sync.config import Settings


def projects_with_queues(settings: Settings, call: Call | None = None) -> Iterator[Project]:
    """Each project of the repository here in whose queue something waits. Asks nothing of the network.

    One that cannot be looked at is passed over.
    """
    from s3sync.api import Project
    from s3sync.connect import connect, pace_of
    from s3sync.team.githooks.waiting import synced_projects

    store = None
    for folder in synced_projects(settings, current_folder()):
        with suppress(S3syncError):
            pace = pace_of(settings)
            store = store or connect(settings, create=False, pace=pace)
            opened = Project.at(folder, settings, store, pace, current_folder(), lock_wait_s=call.wait if call else 0)
            if opened.queued().waiting:
                yield opened


def send_beside(program: str, root: Path) -> None:
    """Start a run of all queues of a repository that nobody waits for, and that nothing of ours keeps open."""
    words = (program,) if Path(program).is_absolute() else (sys.executable, "-P", "-m", "s3sync")
    with suppress(OSError):
        subprocess.Popen(
            [*words, "queue", "run", "--all", "--quiet"],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        )
