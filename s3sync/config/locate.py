"""Paths of the settings' files."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from s3sync.config.schemes import folder_url
from s3sync.core.names import STATE_DIR
from s3sync.errors import ConfigError

REPO_FILE = ".s3sync.yaml"
ENV_FILE = ".video-tools.env"
DEFAULT_STAGING = "s3-staging"


def find_repo_root(start: Path) -> Path | None:
    """The nearest ancestor-or-self with `.s3sync.yaml` or `.git`; None outside of any. `start` is whole, without links.

    One that lies in a staging folder of a repository around it is none: what is in there, others put there.
    """
    folders = (start, *start.parents)
    roots = [folder for folder in folders if exists(folder / ".git") or exists(folder / REPO_FILE)]
    return next((root for root in roots if not any(in_staging(root, around) for around in roots)), None)


def in_staging(path: Path, root: Path) -> bool:
    """True if `path` is, or lies in, a staging folder of the repository `root`, which is strictly above that folder."""
    if not path.is_relative_to(root):
        return False
    folders = [folder for folder in (path, *path.parents) if root in folder.parents]
    return any(folder.name == DEFAULT_STAGING or exists(folder / STATE_DIR) for folder in folders)


def find_env_file(start: Path, root: Path, staging: str) -> Path | None:
    """The `.video-tools.env` of the project around `start`, else that of the repository `root`."""
    parts = start.relative_to(root).parts
    project = root / parts[0] if parts else root
    outside = project == root or parts[0] == staging.split("/", 1)[0] or in_staging(project, root)
    folders = (root,) if outside else (project, root)
    return next((folder / ENV_FILE for folder in folders if exists(folder / ENV_FILE)), None)


def user_file(environ: Mapping[str, str]) -> Path:
    """The user's own `config.yaml`, whether it exists or not."""
    return _user_folder(environ, "XDG_CONFIG_HOME") / "config.yaml"


def default_store(environ: Mapping[str, str]) -> str:
    """The folder store in the user's data directory, used until a store is set."""
    return folder_url((user_data_folder(environ) / "store").as_posix())


def user_data_folder(environ: Mapping[str, str]) -> Path:
    """The folder for what s3sync itself keeps for this user, whether it exists or not."""
    return _user_folder(environ, "XDG_DATA_HOME")


def is_of_repository(origin: str) -> bool:
    """True if a setting of this origin was said by a file of the repository, and not by the user."""
    return origin.startswith((f"{REPO_FILE} (", f"{ENV_FILE} ("))


def _user_folder(environ: Mapping[str, str], variable: str) -> Path:
    """What platformdirs answers, without the cost of asking it where the answer is plain."""
    base = environ.get(variable, "")
    if base and Path(base).is_absolute():
        return Path(base) / "s3sync"
    if sys.platform == "linux":
        return _home() / {"XDG_CONFIG_HOME": ".config", "XDG_DATA_HOME": ".local/share"}[variable] / "s3sync"
    import platformdirs

    ask = platformdirs.user_config_path if variable == "XDG_CONFIG_HOME" else platformdirs.user_data_path
    return ask("s3sync", appauthor=False)


def _home() -> Path:
    """The user's home folder: never one below the current folder, which may be a clone."""
    home = Path.home()
    if not home.is_absolute():
        raise ConfigError(f"HOME names {home}", why="it is no whole path", hint="set HOME to your home folder")
    return home


def exists(path: Path) -> bool:
    """True if something has that name; what may not be looked at counts as absent."""
    try:
        path.lstat()
    except (OSError, ValueError):
        return False
    return True
