"""Both versions of a conflict in the system's viewer, from a private folder: the other one is fetched into it, and what
this disk has copied.

A viewer is given a path, and opens it when it likes: in the staging folder something else could stand there by then.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree

from s3sync.core.outcome import Problem
from s3sync.core.versions import FileVersion, Where
from s3sync.disk.copying import append
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.temporary import private_base
from s3sync.disk.tree import parent_of
from s3sync.errors import ENDS_THE_RUN, S3syncError
from s3sync.sync.session import Session
from s3sync.team.conflicts import OpenConflict, Version
from s3sync.team.fetch_version import fetch_version
from s3sync.team.viewing import Viewer, why_not_opened, why_not_shown

_PREFIX = "s3sync-"
_PRIVATE = 0o600


@contextmanager
def shown(session: Session, conflict: OpenConflict, viewer: Viewer) -> Iterator[list[Problem]]:
    """Open both versions; yields those that are not shown, with the reasons. The private folder goes at the end.

    Raises what ends a run: no network, no credentials.
    """
    where = tempfile.mkdtemp(prefix=_PREFIX, dir=private_base())
    try:
        with GuardedFolder.open(os.path.realpath(where)) as folder:
            problems, paths = list[Problem](), dict[str, str]()
            for number, version in enumerate(conflict.versions, 1):
                why = _place(session, version, folder, f"{version.whose or number}", paths)
                if why is not None:
                    problems.append(Problem(version.name, f"is not opened: {why}"))
            problems += [Problem(paths[path], f"is not opened: {why}") for path, why in viewer.open(paths)]
            yield problems
    finally:
        rmtree(where, ignore_errors=True)  # a viewer of Windows may still hold it open


def _place(session: Session, version: Version, folder: GuardedFolder, label: str, paths: dict[str, str]) -> str | None:
    """Put a version into the private folder, and note where it is; or return why it is not to be opened."""
    if version.size_bytes is None:
        return "it was deleted"
    why = why_not_shown(version.name)
    if why is not None:
        return why
    try:
        name = f"{label}.{version.name.rpartition('.')[2].lower()}"
        if version.path is not None:
            _copied(str(session.project.staging), version.path, folder, name)
        else:
            _fetched(session, version, folder, name)
        why = why_not_opened(folder, name)
    except ENDS_THE_RUN:
        raise
    except (S3syncError, OSError) as error:
        return str(error)
    if why is None:
        paths[str(Path(folder.path, name))] = version.name
    return why


def _copied(staging: str, path: str, folder: GuardedFolder, name: str) -> None:
    """Copy a version of this disk into the private folder. Raises `OSError` for what is no plain file, or is reached
    through a link."""
    above, own = parent_of(path, path.removeprefix(staging).strip(os.sep).count(os.sep) + 1)
    with (
        open(above.open_read(own), "rb") as source,
        open(folder.create(name, _PRIVATE), "wb") as target,
        suppress(EOFError),  # somebody cuts it short at this moment
    ):
        append(source, target, os.fstat(source.fileno()).st_size)


def _fetched(session: Session, version: Version, folder: GuardedFolder, name: str) -> None:
    """Fetch a version into the private folder, under a name of ours: only the ending is its own."""
    assert version.key is not None and version.size_bytes is not None
    wanted = FileVersion(version.name, Where.REMOTE, version.key, version.size_bytes, etag=version.etag)
    got, _ = fetch_version(session, wanted, None, folder, private=True)
    folder.rename(got, name)
    folder.chmod(name, _PRIVATE)
