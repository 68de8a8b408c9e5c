"""Files of services in the user's own folders: written, looked at and removed, and none but those that are ours."""

from __future__ import annotations

import os
from pathlib import Path

from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.own import make_own
from s3sync.errors import LocalError

LARGEST = 64 * 1024


def read_file(path: Path, mark: str) -> str | None:
    """Content of a file that has our mark; None for none. Raises `LocalError` where somebody else's has its name."""
    with local_errors("cannot read", path):
        try:
            with _folder_of(path) as folder:
                text = folder.read(path.name, LARGEST).decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return None
    if mark not in text:
        raise LocalError(
            f"{path} is not written by s3sync", why="it lacks the line that says so", hint="move it away, or keep it"
        )
    return text


def write_file(path: Path, text: str) -> None:
    """Write a file, and the folders above it. Raises `LocalError`."""
    with local_errors("cannot write", path):
        make_own(path.parent)  # whoever may write there has programs run as this user
        with _folder_of(path) as folder:
            folder.write(path.name, text.encode(), mode=0o644)


def remove_file(path: Path) -> None:
    """Remove a file. Raises `LocalError`."""
    with local_errors("cannot remove", path), _folder_of(path) as folder:
        folder.unlink(path.name, missing_ok=True)


def _folder_of(path: Path) -> GuardedFolder:
    """The user's own folder, which may be a link of his to where he keeps his settings."""
    return GuardedFolder.open(os.path.realpath(path.parent))
