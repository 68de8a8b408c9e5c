"""The YAML settings files: strict, and every complaint names the file, the line and the key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from s3sync.config.key import Key
from s3sync.config.locate import REPO_FILE
from s3sync.config.read import read_text
from s3sync.config.secrets import hidden
from s3sync.config.spec import BY_NAME, KEYS
from s3sync.config.values import BadValue, Setting
from s3sync.errors import ConfigError

if TYPE_CHECKING:
    from yaml.nodes import Node

_SECRET_NAME = re.compile(r"secret|passw|token|credential|access_?key|api_?key")
_ACCESS_KEY = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])")
_URL_LOGIN = re.compile(r"://[^/\s]*@")
_OF_THE_USER = {"credentials_path": "FILE", "credentials_env": "VARIABLE"}
_AWS_CHAIN = "keep credentials in an AWS profile (aws configure), the environment, or an uncommitted .video-tools.env"


class FileKind(Struct, frozen=True):
    """One of the two settings files: which keys it takes, and what to say about a key of the other."""

    keys: tuple[str, ...]
    committed: bool
    elsewhere: str

    def origin(self, path: Path, line: int) -> str:
        return f"{REPO_FILE} ({path}:{line})" if self.committed else f"user file ({path})"


REPO_KIND = FileKind(
    tuple(key.name for key in KEYS if key.repo),
    committed=True,
    elsewhere="your own settings file, not in one that the team shares",
)
USER_KIND = FileKind(
    tuple(key.name for key in KEYS if key.own),
    committed=False,
    elsewhere=f"the repository's {REPO_FILE}",
)


def read_settings(
    path: Path, kind: FileKind, *, within: Path | None = None, any_owner: bool = False
) -> dict[str, Setting]:
    """The file's settings; null means not set. Raises `ConfigError`; the file must exist. `read_text` has the rest."""
    return parse_settings(read_text(path, within=within, any_owner=any_owner), path, kind)


def parse_settings(text: str, path: Path, kind: FileKind) -> dict[str, Setting]:
    """`read_settings` for text that is, or is about to be, the content of `path`."""
    if kind.committed:
        _refuse_access_keys(text, path)
    from s3sync.config import nodes

    settings: dict[str, Setting] = {}
    lines: dict[str, int] = {}
    for key, line, node in nodes.pairs(nodes.compose(text, path), path):
        _refuse_secrets(key, node, path, line, kind)
        if key not in kind.keys:
            raise _unknown(key, path, line, kind)
        if key in lines:
            raise ConfigError(
                f"setting {key!r} in {path} line {line} is there twice",
                why=f"it is in line {lines[key]} already",
                hint="keep one of the two",
            )
        lines[key] = line
        spec = BY_NAME[key]
        try:
            value = nodes.plain(node, as_text=spec.literal)
            if kind.committed:
                _refuse_own_keys(spec, value)
            if value is not None:
                value = spec.check(value)
                if kind.committed and spec.of_repository is not None:
                    value = spec.of_repository(value)
                settings[key] = Setting(value, kind.origin(path, line))
        except BadValue as error:
            where = ".".join((key, *(step for step in error.at if isinstance(step, str))))
            message = f"setting {where!r} in {path} line {nodes.line_at(node, error.at, line)} is not valid"
            raise ConfigError(message, why=error.why, hint=error.hint) from None
    return settings


def _unknown(key: str, path: Path, line: int, kind: FileKind) -> ConfigError:
    import difflib

    message = f"unknown setting {hidden(key)!r} in {path} line {line}"
    if key in BY_NAME:
        why = "it is a setting, but not one of this file"
        if kind.committed and key in _OF_THE_USER:
            why = "whoever commits to the repository may not choose what you sign with"
            return ConfigError(
                message, why=why, hint=f"remove it; for yourself: s3sync config set {key} {_OF_THE_USER[key]}"
            )
        return ConfigError(message, why=why, hint=_belongs(key, kind))
    near = difflib.get_close_matches(key.casefold().replace("-", "_"), kind.keys, 1)
    why = f"the settings are: {', '.join(kind.keys)}"
    return ConfigError(message, why=why, hint=f"did you mean {near[0]!r}?" if near else "remove it")


def _refuse_own_keys(spec: Key, value: object) -> None:
    """Raises `BadValue` for what a repository must not say in a setting that it may have."""
    for name in spec.own_keys:
        if isinstance(value, Mapping) and name in value:
            why = "whoever commits to the repository may not say that for you"
            raise BadValue(why, _belongs(name, REPO_KIND), (name,))


def _belongs(key: str, kind: FileKind) -> str:
    return f"{key!r} belongs in {kind.elsewhere}"


def _refuse_secrets(key: str, value: Node, path: Path, line: int, kind: FileKind) -> None:
    """Raises `ConfigError` for a key that names a credential, at any depth, and for an address with a login in it."""
    from s3sync.config import nodes

    if _looks_secret(key) or any(_looks_secret(name) for name in nodes.keys_below(value)):
        raise _secret(f"{path} line {line} looks like a credential ({hidden(key)!r})", kind)
    if kind.committed and any(_URL_LOGIN.search(text) for text in nodes.texts(value)):
        raise _secret(f"setting {hidden(key)!r} in {path} line {line} has a login in its address", kind)


def _looks_secret(key: str) -> bool:
    return key not in BY_NAME and _SECRET_NAME.search(key.casefold().replace("-", "_")) is not None


def _secret(message: str, kind: FileKind) -> ConfigError:
    why = "secrets do not belong in a committed file" if kind.committed else "s3sync keeps no credentials of its own"
    return ConfigError(message, why=why, hint=_AWS_CHAIN)


def _refuse_access_keys(text: str, path: Path) -> None:
    """Comments count too: they are committed like the rest."""
    found = _ACCESS_KEY.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise _secret(f"{path} line {line} has an AWS access key in it", REPO_KIND)
