"""`config set` and `config unset`: one key of the user's own file, or of the repository's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from s3sync.config import (
    REPO_FILE,
    cloud,
    find_repo_root,
    load_settings,
    user_file,
    write_repo_config,
    write_user_config,
)
from s3sync.config.locate import exists
from s3sync.config.secrets import hidden
from s3sync.config.spec import BY_NAME
from s3sync.config.values import texts
from s3sync.core.bandwidth import parse_bandwidth
from s3sync.core.near import near
from s3sync.errors import UsageError


def change_setting(
    words: Sequence[str], start: Path, environ: Mapping[str, str], *, in_repo: bool
) -> tuple[Path, bool]:
    """Carry out `set KEY VALUE...` or `unset KEY`. Returns the file, and whether it changed.

    Raises `UsageError`, `ConfigError` for a value that the key may not have, `LocalError`.
    """
    verb, key, values = words[0], words[1] if len(words) > 1 else "", list(words[2:])
    if verb not in ("set", "unset") or not key or bool(values) != (verb == "set"):
        raise UsageError(
            f"`s3sync config {hidden(' '.join(words))}` is not complete",
            why="it takes `set KEY VALUE` or `unset KEY`",
            hint="s3sync config set user NAME",
        )
    if key in cloud.NAMES:
        return _change_cloud(key, values, start, environ)
    _require_key(key, in_repo)
    value: object = None
    if values:
        is_list = BY_NAME[key].check is texts
        if not is_list and len(values) > 1:
            raise UsageError(f"{key!r} takes one value", why=f"{len(values)} were given", hint="put it in quotes")
        value = values if is_list else values[0]
    if key == "bwlimit":
        parse_bandwidth(value)  # read by each run that moves something: too late to tell whoever writes it
    if not in_repo:
        file = user_file(environ)
        return file, (value is not None or exists(file)) and write_user_config(file, {key: value})
    root = find_repo_root(start)
    if root is None:
        raise UsageError("you are in no repository", why=f"so there is no {REPO_FILE}", hint="`cd` into one")
    file = root / REPO_FILE
    return file, (value is not None or exists(file)) and write_repo_config(file, {key: value})


def _change_cloud(name: str, values: Sequence[str], start: Path, environ: Mapping[str, str]) -> tuple[Path, bool]:
    """One of the other names of the store and its fields. They are of the team, with `--repo` or without."""
    if len(values) > 1:
        raise UsageError(f"{name!r} takes one value", why=f"{len(values)} were given", hint="put it in quotes")
    root = find_repo_root(start)
    if root is None:
        raise UsageError("you are in no repository", why=f"so there is no {REPO_FILE}", hint="`cd` into one")
    changes = cloud.change(name, values[0] if values else None, load_settings(start, flags={}, environ=environ))
    file = root / REPO_FILE
    wanted = any(value is not None for value in changes.values())
    return file, (wanted or exists(file)) and write_repo_config(file, changes)


def _require_key(key: str, in_repo: bool) -> None:
    allowed = [name for name, found in BY_NAME.items() if (found.repo if in_repo else found.own)]
    if key in allowed:
        return
    if key in BY_NAME and (BY_NAME[key].repo or BY_NAME[key].own):
        where = "your own settings: leave out --repo" if in_repo else f"{REPO_FILE}: add --repo"
        raise UsageError(
            f"{key!r} is not set there", why="it may not stand in that file", hint=f"it belongs in {where}"
        )
    meant = near(key, allowed)
    hint = f"did you mean {meant[0]!r}?" if meant else None
    hint = f"the cloud's are: {', '.join(cloud.NAMES)}" if key.startswith("cloud.") else hint
    raise UsageError(f"there is no setting {hidden(key)!r}", why=f"the settings are: {', '.join(allowed)}", hint=hint)
