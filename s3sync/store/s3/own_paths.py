"""Paths of the user's own for AWS: each means one file, whatever folder a command is run in.

AWS's tools take a path without its beginning from the current folder. That may be a clone, and its committers would say
which program gives keys, and which authorities vouch for a server.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from s3sync.config.secrets import hidden
from s3sync.errors import ConfigError

CONFIG, CREDENTIALS = "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"
_VARIABLES = (
    "AWS_CA_BUNDLE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_DATA_PATH",
    "AWS_CREDENTIAL_FILE",
    "AWS_LOGIN_CACHE_DIRECTORY",
    "BOTO_CONFIG",
)
_OF_PROFILES = ("ca_bundle", "web_identity_token_file", "data_path")
_OF_HOME = ("AWS_DATA_PATH", "AWS_CREDENTIAL_FILE", "AWS_LOGIN_CACHE_DIRECTORY", "BOTO_CONFIG", "data_path")
"""Those in which botocore takes `~` for the home folder, and variables for what they hold."""


def whole_path(path: Path, name: str) -> Path:
    """The path, if it is whole. Raises `ConfigError`, in which `name` says who named it."""
    if path.root:
        return path
    raise ConfigError(
        f"{name} names {path}, which cannot be used",
        why="it is no whole path: each folder would have its own file",
        hint="write the whole path",
    )


def require_whole(env: Mapping[str, str], profile: str, sections: Mapping[str, Mapping[str, str]]) -> None:
    """Raise `ConfigError` for a path that botocore would take from the current folder.

    `sections` are profiles with their settings. Those count that `profile` leads to, by `source_profile`.
    """
    for variable in _VARIABLES:
        _require(env.get(variable), variable, variable)
    seen: set[str] = set()
    name: str | None = profile
    while name is not None and name not in seen:
        seen.add(name)
        settings = sections.get(name, {})
        for setting in _OF_PROFILES:
            _require(settings.get(setting), setting, f"{setting} of the AWS profile {hidden(name)}")
        name = settings.get("source_profile")


def _require(value: str | None, kind: str, name: str) -> None:
    if not value:
        return
    paths = value.split(os.pathsep) if kind.lower().endswith("data_path") else [value]
    for path in filter(None, paths):
        whole_path(Path(os.path.expandvars(path)).expanduser() if kind in _OF_HOME else Path(path), name)
