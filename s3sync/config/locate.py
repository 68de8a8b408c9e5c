"""Where the settings' files lie."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from s3sync.errors import ConfigError

REPO_FILE = ".s3sync.yaml"
ENV_FILE = ".video-tools.env"

_SIZE_LIMIT = 1 << 20


def find_repo_root(start: Path) -> Path | None:
    """The nearest ancestor-or-self with `.s3sync.yaml`, else with `.git`; resolved; None outside of any."""
    start = start.resolve()
    folders = (start, *start.parents)
    return _first_holding(folders, REPO_FILE) or _first_holding(folders, ".git")


def find_env_file(start: Path) -> Path | None:
    """The nearest `.video-tools.env` on the way up. It may lie above the repository, for several of them."""
    start = start.resolve()
    folder = _first_holding((start, *start.parents), ENV_FILE)
    return folder / ENV_FILE if folder else None


def user_file(environ: Mapping[str, str]) -> Path:
    """The user's own `config.yaml`, whether it exists or not."""
    return _user_folder(environ, "XDG_CONFIG_HOME") / "config.yaml"


def default_store(environ: Mapping[str, str]) -> str:
    """The folder store in the user's data directory, used until a store is set."""
    path = (_user_folder(environ, "XDG_DATA_HOME") / "store").as_posix()
    return f"file://{path}" if path.startswith("/") else f"file:///{path}"


def _user_folder(environ: Mapping[str, str], variable: str) -> Path:
    """What platformdirs answers, without the cost of asking it where the environment says it already."""
    base = environ.get(variable, "")
    if base and Path(base).is_absolute():
        return Path(base) / "s3sync"
    import platformdirs

    ask = platformdirs.user_config_path if variable == "XDG_CONFIG_HOME" else platformdirs.user_data_path
    return ask("s3sync", appauthor=False)


def read_text(path: Path) -> str:
    """A settings file's text with its own line ends. Raises `ConfigError` when it is unreadable or not UTF-8."""
    try:
        with path.open("rb") as file:
            data = file.read(_SIZE_LIMIT + 1)
    except OSError as error:
        raise ConfigError(f"cannot read {path}", why=error.strerror or str(error)) from error
    if len(data) > _SIZE_LIMIT:
        raise ConfigError(f"cannot read {path}", why="it is larger than 1 MiB, which no settings file is")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path} line {line} is not UTF-8", why="settings are UTF-8 text", hint="save the file as UTF-8"
        ) from None


def exists(path: Path) -> bool:
    """Whether something has that name; what may not be looked at counts as absent."""
    try:
        path.lstat()
    except (OSError, ValueError):
        return False
    return True


def _first_holding(folders: tuple[Path, ...], name: str) -> Path | None:
    return next((folder for folder in folders if exists(folder / name)), None)
