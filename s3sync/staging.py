"""A project's staging folder on this disk: a real folder of the project, reached through no link."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from s3sync.errors import ProjectError

_JUNCTION = getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", 0xA0000003)
_GIT_FOLDER = ("HEAD", "objects", "refs")


def staging_folder(folder: Path, staging: str) -> Path:
    """The staging folder of a project's folder; neither need exist yet.

    Raises `ProjectError` where anything on the way is a link, a junction or no folder, or belongs to git: uploading,
    replacing and cleaning up would reach what nobody meant to share.
    """
    names = staging.split("/")
    _require_real(folder, "project")
    for depth in range(1, len(names) + 1):
        _require_real(folder.joinpath(*names[:depth]), "staging")
    return folder.joinpath(*names)


def is_link(path: Path) -> bool:
    """True if a path is a symbolic link or a junction. Nothing, and what may not be looked at, is none."""
    try:
        return _is_link(path.lstat())
    except (OSError, ValueError):
        return False


def is_folder(found: Path | os.DirEntry[str]) -> bool:
    """True for a folder, and for a link to one. A link that cannot be followed, as to itself, is none: anybody can have
    committed it."""
    try:
        return found.is_dir()
    except OSError:
        return False


def _require_real(path: Path, what: str) -> None:
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ProjectError(f"{path} cannot be the {what} folder", why=why, hint="check its permissions") from None
    reason = _reason(path, status)
    if reason:
        raise ProjectError(
            f"{path} cannot be the {what} folder", why=reason, hint=f"put a real folder in its place: {path}"
        )


def _reason(path: Path, status: os.stat_result) -> str | None:
    if _is_link(status):
        return "it is a link, and s3sync works only in real folders of the repository"
    if not stat.S_ISDIR(status.st_mode):
        return "it is a file"
    if all((path / name).exists() for name in _GIT_FOLDER):
        return "git keeps a repository in it"
    return None


def _is_link(status: os.stat_result) -> bool:
    return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == _JUNCTION


def holds_files(staging: Path) -> bool:
    """True if there is anything in a staging folder but hidden files, which s3sync and systems leave there; also where
    that cannot be looked at."""
    try:
        with os.scandir(staging) as entries:
            return any(not entry.name.startswith(".") for entry in entries)
    except FileNotFoundError:
        return False
    except OSError:
        return True
