"""What the user does not want carried: the `ignore` setting and `.s3syncignore`, both in gitignore syntax."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

from s3sync.errors import ConfigError
from s3sync.local.errors import local_errors

IGNORE_FILE = ".s3syncignore"
MAX_BYTES = 64 * 1024
"""Every path is held against every line."""


def load_ignore(patterns: Iterable[str], *folders: Path) -> Callable[[str], bool]:
    """A test for paths (folders ending in `/`), from patterns and the `.s3syncignore` of each folder that has one.

    Later patterns win, as in git. Raises `ConfigError` with file and line for what is no pattern.
    """
    from s3sync.local.patterns import compile_patterns

    lines = list(patterns)
    for folder in folders:
        lines += _read(folder / IGNORE_FILE)
    spec = compile_patterns(lines)
    return lru_cache(1 << 15)(
        spec.match_file
    )  # each path is asked about on the local side, on the remote, and in the base


def _read(file: Path) -> list[str]:
    from s3sync.local.patterns import compile_patterns

    try:
        with local_errors("cannot read", file):
            if file.is_file() and file.stat().st_size > MAX_BYTES:
                raise ConfigError(f"cannot read {file}", why=f"it is larger than {MAX_BYTES} bytes", hint="shorten it")
            lines = file.read_text("utf-8-sig").splitlines() if file.is_file() else []
    except UnicodeDecodeError as error:
        raise ConfigError(f"cannot read {file}", why="it is not UTF-8 text", hint="save it as UTF-8") from error
    for number, line in enumerate(lines, 1):
        try:
            compile_patterns([line])
        except ValueError as error:
            raise ConfigError(f"{file} line {number} is no ignore pattern", why=str(error).split("\n")[0]) from error
    return lines
