"""Memory of projects whose files leave this disk for an archive: it forgets them before they go.

Their absence would else be the wish to delete them, and the next `sync` would delete the team's copies. As after
`cleanup --local`, what the store still has is new there, and comes back (docs/decisions/0007). A project is found by
its memory above the files, wherever the command was typed and whatever the settings say by now.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from s3sync.core.archive.values import Kind, Unit
from s3sync.core.names import STATE_DIR, nfc
from s3sync.local.room import known_room
from s3sync.state.lock import project_lock
from s3sync.state.memory import FILE
from s3sync.state.opening import open_memory


@contextmanager
def forgetting(unit: Unit, environ: Mapping[str, str]) -> Iterator[None]:
    """While the files of a unit are deleted here: no run works on their projects, and their bases have forgotten them.

    Raises `LockHeld` where one does, `LocalError` where a project's memory cannot be written.
    """
    with ExitStack() as held:
        for staging, names in _by_staging(unit).items():
            room = known_room(Path(staging))
            if room is None:
                continue
            held.enter_context(room)
            held.enter_context(project_lock(room, now=datetime.now(UTC)))
            with open_memory(Path(room.path), None, environ) as state:
                state.forget_elsewhere(names, in_any_case=True)
        yield


def _by_staging(unit: Unit) -> dict[str, list[str]]:
    """Names of a unit's files in each staging folder that they are in."""
    top = os.path.realpath(unit.root)
    above: dict[str, str | None] = {}
    found: dict[str, list[str]] = {}
    for source in (*unit.sources, *unit.sidecars):
        path = f"{top}{os.sep}{source.path}"
        staging = _staging_above(os.path.dirname(path), above) if source.kind is Kind.FILE else None  # noqa: PTH120
        if staging is not None:
            name = os.path.relpath(path, staging).replace(os.sep, "/")
            found.setdefault(staging, []).append(nfc(name))
    return found


def _staging_above(folder: str, known: dict[str, str | None]) -> str | None:
    """The folder itself, or the nearest above it, that has the memory of a project."""
    if folder not in known:
        if os.path.lexists(f"{folder}{os.sep}{STATE_DIR}{os.sep}{FILE}"):
            known[folder] = folder
        else:
            parent = os.path.dirname(folder)  # noqa: PTH120
            known[folder] = None if parent == folder else _staging_above(parent, known)
    return known[folder]
