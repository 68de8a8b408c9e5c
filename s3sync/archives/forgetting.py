"""Memory of projects whose files leave this disk for an archive: it forgets them before they go.

Their absence would else be the wish to delete them, and the next `sync` would delete the team's copies. As after
`cleanup --local`, what the store still has is new there, and comes back (docs/decisions/0007).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from s3sync.core.archive.values import Kind, Unit
from s3sync.core.names import nfc
from s3sync.local.room import known_room
from s3sync.project import ProjectFolder
from s3sync.state.lock import project_lock
from s3sync.state.memory import FILE
from s3sync.state.opening import open_memory

ProjectOf = Callable[[str], ProjectFolder | None]


@contextmanager
def forgetting(unit: Unit, project_of: ProjectOf, environ: Mapping[str, str]) -> Iterator[None]:
    """While the files of a unit are deleted here: no run works on their projects, and their bases have forgotten them.

    Raises `LockHeld` where one does, `LocalError` where a project's memory cannot be written.
    """
    with ExitStack() as held:
        for staging, names in _by_staging(unit, project_of).items():
            room = known_room(staging)
            if room is None:
                continue
            held.enter_context(room)
            held.enter_context(project_lock(room, now=datetime.now(UTC)))
            if room.find(FILE) is not None:
                with open_memory(Path(room.path), None, environ) as state:
                    state.forget_elsewhere(names, in_any_case=True)
        yield


def _by_staging(unit: Unit, project_of: ProjectOf) -> dict[Path, list[str]]:
    """Names of a unit's files in each staging folder that they are in."""
    top = os.path.realpath(unit.root)
    found: dict[Path, list[str]] = {}
    for source in (*unit.sources, *unit.sidecars):
        path = f"{top}{os.sep}{source.path}"
        project = project_of(path) if source.kind is Kind.FILE else None
        if project is not None:
            below = f"{os.path.realpath(project.staging)}{os.sep}"
            if path.startswith(below):
                name = path.removeprefix(below).replace(os.sep, "/")
                found.setdefault(project.staging, []).append(nfc(name))
    return found
