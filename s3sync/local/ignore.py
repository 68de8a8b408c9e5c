"""What the user does not want carried: the `ignore` setting and `.s3syncignore`, both in gitignore syntax."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from s3sync.errors import ConfigError
from s3sync.local.errors import local_errors

IGNORE_FILE = ".s3syncignore"


def load_ignore(patterns: Iterable[str], *folders: Path) -> Callable[[str], bool]:
    """A test for paths (folders ending in `/`), from patterns and the `.s3syncignore` of each folder that has one.

    Later patterns win, as in git. Raises `ConfigError` with file and line for what is no pattern.
    """
    from pathspec import GitIgnoreSpec

    lines = list(patterns)
    for folder in folders:
        lines += _read(folder / IGNORE_FILE)
    spec = GitIgnoreSpec.from_lines(lines)
    return cache(spec.match_file)  # each path is asked about on the local side, on the remote, and in the base


def _read(file: Path) -> list[str]:
    from pathspec import GitIgnoreSpec

    try:
        with local_errors("cannot read", file):
            lines = file.read_text("utf-8-sig").splitlines() if file.is_file() else []
    except UnicodeDecodeError as error:
        raise ConfigError(f"cannot read {file}", why="it is not UTF-8 text", hint="save it as UTF-8") from error
    for number, line in enumerate(lines, 1):
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError as error:
            raise ConfigError(f"{file} line {number} is no ignore pattern", why=str(error).split("\n")[0]) from error
    return lines
