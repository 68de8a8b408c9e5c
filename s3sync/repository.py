"""The public Python API of what concerns a whole repository: set it up, list its projects, find out what is wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping

from s3sync.config import load_settings
from s3sync.connect import connect
from s3sync.disk.current import named_folder
from s3sync.doctor import DoctorReport, doctor
from s3sync.setup.disk import NewDisk
from s3sync.setup.init import OWN_KEYS, REPO_KEYS, InitReport
from s3sync.setup.init import init as set_up
from s3sync.setup.overview import ProjectsReport, overview

_FOR_INIT = (*REPO_KEYS, *OWN_KEYS)


def init(
    name: str | None = None,
    *,
    path: str | os.PathLike[str] = ".",
    settings: Mapping[str, str | None] | None = None,
    environ: Mapping[str, str] | None = None,
    create: bool = False,
    dry_run: bool = False,
) -> InitReport:
    """Set up the repository around `path` and its project `name`; without a name, join it or use the current folder.

    `settings` go into `.s3sync.yaml`, `user` and `profile` into the user's own file. Calling it
    agrees to the store that they name. A folder store whose disk may not be connected is made only with `create`.
    """
    values = dict(settings or {})
    _refuse_others(values)
    return set_up(named_folder(path), name, values, _environ(environ), disk=NewDisk(create), dry_run=dry_run)


def projects(
    pattern: str | None = None,
    *,
    path: str | os.PathLike[str] = ".",
    flags: Mapping[str, str | None] | None = None,
    environ: Mapping[str, str] | None = None,
) -> ProjectsReport:
    """The repository's projects, here and in the store; those that match a glob or begin with `pattern`."""
    cwd = named_folder(path)
    settings = load_settings(cwd, flags=flags or {}, environ=_environ(environ))
    return overview(settings, cwd, connect(settings), pattern)


def diagnose(
    name: str | None = None,
    *,
    path: str | os.PathLike[str] = ".",
    flags: Mapping[str, str | None] | None = None,
    environ: Mapping[str, str] | None = None,
    fix: bool = False,
    lock_wait_s: float = 0,
) -> DoctorReport:
    """Run all checks of `s3sync doctor`; with `fix`, first repair what is wrong on this computer."""
    return doctor(named_folder(path), name, flags=flags, environ=_environ(environ), fix=fix, lock_wait_s=lock_wait_s)


def _environ(environ: Mapping[str, str] | None) -> Mapping[str, str]:
    return os.environ if environ is None else environ


def _refuse_others(values: Mapping[str, object]) -> None:
    from s3sync.errors import UsageError

    unknown = [name for name in values if name not in _FOR_INIT]
    if unknown:
        raise UsageError(
            f"init does not write the setting {unknown[0]!r}",
            why=f"it writes {', '.join(_FOR_INIT)}",
            hint="write it into .s3sync.yaml, or into your own file",
        )
