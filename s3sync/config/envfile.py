"""`.video-tools.env`: the file that other tools of the team read too, so that unknown names in it are none of ours."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from s3sync.config.locate import ENV_FILE, read_text
from s3sync.config.values import Setting
from s3sync.errors import ConfigError


def read_env_file(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Its names and values; `${NAME}` is looked up in the environment, then above. Raises `ConfigError`."""
    from dotenv.parser import parse_stream
    from dotenv.variables import parse_variables

    values: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(read_text(path).removeprefix("\ufeff"))):
        if binding.error or (binding.key is not None and binding.value is None):
            # The parser counts the blank lines before a binding as part of it.
            original = binding.original.string
            blank = original[: len(original) - len(original.lstrip())]
            line = binding.original.line + blank.count("\n")
            raise ConfigError(f"{path} line {line} is not valid", why="a line of an env file is NAME=value")
        if binding.key is not None and binding.value is not None:
            known = {**values, **environ}
            values[binding.key] = "".join(atom.resolve(known) for atom in parse_variables(binding.value))
    return values


def env_file_origin(path: Path) -> str:
    return f"{ENV_FILE} ({path})"


def collab_settings(values: Mapping[str, str], path: Path) -> dict[str, Setting]:
    """The settings under the names that `.video-tools.env` had before s3sync. Raises `ConfigError`."""
    origin = env_file_origin(path)
    settings = {}
    bucket = values.get("S3_COLLAB_BUCKET", "").strip().removeprefix("s3://").strip("/")
    prefix = "/".join(part for part in values.get("S3_COLLAB_PREFIX", "").strip().split("/") if part)
    if prefix and not bucket:
        raise ConfigError(
            f"S3_COLLAB_PREFIX in {path} has no S3_COLLAB_BUCKET beside it",
            why="a prefix without its bucket says nothing",
            hint="add S3_COLLAB_BUCKET, or remove S3_COLLAB_PREFIX",
        )
    if bucket:
        settings["store"] = Setting(f"s3://{bucket}/{prefix}" if prefix else f"s3://{bucket}", origin)
    if values.get("S3_SYNC_USER", "").strip():
        settings["user"] = Setting(values["S3_SYNC_USER"].strip(), origin)
    return settings
