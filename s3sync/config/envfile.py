"""`.video-tools.env`: a file that other tools of the team read too, and that whoever may commit can write.

It has a closed list of keys (docs/decisions/0020-the-env-file-is-a-closed-list.md). Keys that s3sync reads are given
back; keys of other tools are left alone, and never reach the process environment or a library; a key with which the
file would choose what s3sync runs or trusts is an error. Values are taken as they stand: `${NAME}` is not replaced.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from s3sync.config.locate import ENV_FILE
from s3sync.config.read import TRUST_VARIABLE, read_text
from s3sync.config.schemes import bucket_url
from s3sync.config.secrets import hidden
from s3sync.config.spec import KEYS
from s3sync.config.values import Setting
from s3sync.core.typed import typed
from s3sync.errors import ConfigError

KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")

_COLLAB = ("S3_COLLAB_BUCKET", "S3_COLLAB_PREFIX", "S3_SYNC_USER")
READ = frozenset((*_COLLAB, *KEY_VARIABLES, *(name for key in KEYS if key.env_file for name in key.variables)))
"""The keys that s3sync reads. `S3_*`, `SSD_*` and `GLACIER_VAULT` are of the same family of tools, and left alone."""

MOST_BLANKS = 256
"""Blanks in a row: dotenv looks for a comment behind each of them, to the end of all of them."""
_BLANKS = re.compile(r"[^\S\r\n]+")
_DANGEROUS = re.compile(
    r"AWS_.*|AZURE_.*|GOOGLE_APPLICATION_CREDENTIALS|CLOUDSDK_.*|STORAGE_EMULATOR_HOST|RCLONE_.*|S3SYNC_.*|BOTO_CONFIG|"
    r"SSL_CERT_(FILE|DIR)|.*_(PROXY|CA_BUNDLE)",
    re.IGNORECASE,
)


def read_env_file(path: Path, root: Path, *, any_owner: bool = False) -> dict[str, str]:
    """The keys that s3sync reads, with their values, of an env file in the repository `root`. Raises `ConfigError`."""
    return parse_env(read_text(path, within=root, any_owner=any_owner), path)


def parse_env(text: str, path: Path) -> dict[str, str]:
    """`read_env_file` for text that is the content of `path`."""
    values: dict[str, str] = {}
    for key, value, line in env_lines(text, path):
        if key in READ:
            values[key] = value
        elif _DANGEROUS.fullmatch(key):
            raise _refuse(key, path, line)
    return values


def env_lines(text: str, path: Path) -> Iterator[tuple[str, str, int]]:
    """Each name in the text of an env file with its value and line. Raises `ConfigError` for a line that is none."""
    from dotenv.parser import parse_stream

    require_few_blanks(text, path)
    for binding in parse_stream(io.StringIO(text.removeprefix("\ufeff"))):
        # The parser counts the blank lines before a binding as part of it.
        original = binding.original.string
        blank = original[: len(original) - len(original.lstrip())]
        line = binding.original.line + blank.count("\n")
        if binding.error or (binding.key is not None and binding.value is None):
            raise ConfigError(f"{path} line {line} is not valid", why="a line of an env file is NAME=value")
        if binding.key is not None and binding.value is not None:
            yield binding.key, binding.value, line


def require_few_blanks(text: str, path: Path) -> None:
    """Raise `ConfigError` for what dotenv would be busy with for long."""
    for found in _BLANKS.finditer(text):
        if len(found[0]) > MOST_BLANKS:
            place = f"{path} line {text.count(chr(10), 0, found.start()) + 1}"
            why = f"it has more than {MOST_BLANKS} blanks in a row"
            raise ConfigError(f"{place} is not valid", why=why, hint="take them out")


def _refuse(name: str, path: Path, line: int) -> ConfigError:
    why = "whoever writes this file would choose what s3sync runs or trusts on your computer"
    if name.upper().startswith("AWS_ENDPOINT_URL"):
        hint = "write the address as `endpoint_url:` in .s3sync.yaml (you are asked once whether you trust it)"
    elif name.upper() == TRUST_VARIABLE:
        hint = f"remove the line; `s3sync trust` says it for this computer, and {TRUST_VARIABLE}=1 in the environment"
    else:
        line_to_type = f"export {typed(hidden(name))}=..."
        hint = f"remove the line; if you need it yourself, set it in your own environment: {line_to_type}"
    return ConfigError(f"{hidden(name)} may not stand in {path} line {line}", why=why, hint=hint)


def env_file_origin(path: Path) -> str:
    return f"{ENV_FILE} ({path})"


def collab_settings(values: Mapping[str, str], path: Path) -> dict[str, Setting]:
    """The settings under the names that `.video-tools.env` had before s3sync. Raises `ConfigError`."""
    origin = env_file_origin(path)
    settings = {}
    bucket = values.get("S3_COLLAB_BUCKET", "").strip().removeprefix(bucket_url("")).strip("/")
    prefix = "/".join(part for part in values.get("S3_COLLAB_PREFIX", "").strip().split("/") if part)
    if prefix and not bucket:
        raise ConfigError(
            f"S3_COLLAB_PREFIX in {path} has no S3_COLLAB_BUCKET beside it",
            why="a prefix without its bucket says nothing",
            hint="add S3_COLLAB_BUCKET, or remove S3_COLLAB_PREFIX",
        )
    if bucket:
        settings["store"] = Setting(bucket_url(bucket, prefix), origin)
    if values.get("S3_SYNC_USER", "").strip():
        settings["user"] = Setting(values["S3_SYNC_USER"].strip(), origin)
    return settings
