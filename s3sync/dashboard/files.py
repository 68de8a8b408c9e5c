"""The dashboard as a file: private to the user, written in one piece, and never over a file that is somebody else's."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from s3sync.config.leading import end_of
from s3sync.config.locate import user_data_folder
from s3sync.core.typed import typed
from s3sync.dashboard.page import LOOKED_AT, META
from s3sync.disk.errors import Refused, local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.own import own_folder
from s3sync.errors import UsageError

FOLDER = "dashboard"
MODE = 0o600
_PLAIN = re.compile(r"[^A-Za-z0-9_-]+")


def write_own(environ: Mapping[str, str], name: str, body: bytes) -> Path:
    """Write into the user's own folder, and return the path. Raises `LocalError`."""
    base = user_data_folder(environ)
    path = base / FOLDER / name
    with local_errors("cannot write", path), own_folder(base, FOLDER) as folder:
        folder.write(name, body, mode=MODE, durable=False)
    return path


@contextmanager
def own_for_a_while(environ: Mapping[str, str], name: str, body: bytes) -> Iterator[Path]:
    """A file in the user's own folder, for as long as the block."""
    path = write_own(environ, name, body)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def own_name(repo: str, root: str) -> str:
    """Name of a repository's dashboard in the user's own folder: two of one name have two."""
    plain = _PLAIN.sub("-", repo)[:60].strip("-") or "dashboard"
    return f"{plain}-{sha256(root.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}.html"


def write_to(path: Path, body: bytes, *, force: bool, staging: Iterable[Path]) -> Path:
    """Write to a file that the user named, and return its whole path.

    Raises `UsageError` for one inside a staging folder, and for what is there and is no dashboard, unless `force`;
    `LocalError`.
    """
    whole = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - of the last name a link is not followed
    parent = end_of(whole.parent, str(path))
    for folder in staging:
        if parent.is_relative_to(os.path.realpath(folder)):
            raise UsageError(
                "the dashboard cannot be written into a staging folder",
                why=f"{folder} is synced, and everybody of the team would get the file",
                hint="name a file elsewhere, or leave out --out",
            )
    if not parent.is_dir():
        raise UsageError(f"there is no folder {parent}", hint="name a file in a folder that is there")
    if whole.is_dir():
        raise UsageError(f"{whole} is a folder", hint=f"name a file: --out {typed(whole / 'dashboard.html')}")
    with local_errors("cannot write", whole), GuardedFolder.open(parent, shared=True, straight=True) as place:
        if not force and not _may_replace(place, whole.name):
            raise UsageError(
                f"{whole} is there already",
                why="it is no dashboard, and would be lost",
                hint="name another file; --force replaces this one",
            )
        place.write(whole.name, body, mode=MODE, durable=False)
    return whole


def _may_replace(folder: GuardedFolder, name: str) -> bool:
    """True if nothing has the name, or a dashboard has."""
    if folder.find(name) is None:
        return True
    try:
        descriptor = folder.open_read(name)
    except (Refused, PermissionError):
        return False
    try:
        return META.encode() in os.read(descriptor, LOOKED_AT)
    finally:
        os.close(descriptor)
