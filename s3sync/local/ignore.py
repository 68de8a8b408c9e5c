"""Files that the user does not want synced: the `ignore` setting and `.s3syncignore`, both in gitignore syntax."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

from s3sync.config.read import refuse_others, says_trust
from s3sync.disk.durable import read_all
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.remove import is_folder
from s3sync.errors import ConfigError

IGNORE_FILE = ".s3syncignore"
MAX_BYTES = 64 * 1024
MOST_SILENCED = 1000


def load_ignore(
    patterns: Iterable[str], repo_root: Path | None, staging: Path, silenced: set[str] | None = None
) -> Callable[[str], bool]:
    """A test for paths (folders ending in `/`), from the setting's patterns and the `.s3syncignore` of both folders.

    The repository's file comes after the setting and may take back what that ignores, as later patterns do in git;
    where it does, another user of this computer may neither own nor write it. Without a `repo_root` there is no such
    file.
    The staging folder's file may have come from anybody who writes to the store: it ignores more, and never less.
    What only that file ignores is added to `silenced`, up to a thousand paths.
    Raises `ConfigError` with file and line for what is no pattern, or for too many of them.
    """
    own = None if repo_root is None else repo_root / IGNORE_FILE
    ours = [*patterns, *(_read(own, own=True) if own is not None else ())]
    arrived = _read(staging / IGNORE_FILE)
    if not ours and not arrived:
        return lambda path: False
    from s3sync.local.patterns import MOST_PATTERNS, compile_patterns

    if len(ours) > MOST_PATTERNS:
        raise ConfigError(
            "there are too many ignore patterns",
            why=f"{_where(own)} {len(ours)}, the limit is {MOST_PATTERNS}",
            hint="name a folder, as raw/, instead of each file in it",
        )
    try:
        by_us, by_others = compile_patterns(ours).match_file, compile_patterns(arrived).match_file
    except ValueError as error:  # those of files were looked at line by line
        raise ConfigError("the setting `ignore` holds what is no pattern", why=str(error)) from error

    def ignored(path: str) -> bool:
        if by_us(path):
            return True
        if not by_others(path):
            return False
        if silenced is not None and len(silenced) < MOST_SILENCED:
            silenced.add(path)
        return True

    # each path is asked about on the local side, on the remote, and in the base
    return lru_cache(1 << 15)(ignored)


def _where(own: Path | None) -> str:
    return f"the setting `ignore` and {own} have" if own is not None else "the setting `ignore` has"


def _body(file: Path, *, own: bool) -> bytes:
    """What is in a file, through no link: one leads to files that were never meant. A folder of that name is none.

    `own`: the repository's, which may take back what other rules ignore. Raises `OSError`, and `ConfigError` for a
    large file, or for one that takes something back and that another user could have written.
    """
    try:
        with GuardedFolder.open(file.parent, shared=True, straight=True) as folder:
            found = folder.find(file.name)
            if found is None or is_folder(found):
                return b""
            descriptor = folder.open_read(file.name)
            try:
                body = read_all(descriptor, MAX_BYTES)
                if body is None:
                    why = f"it is larger than {MAX_BYTES} bytes"
                    raise ConfigError(f"cannot read {file}", why=why, hint="shorten it")
                if own and not says_trust(os.environ) and any(line.startswith("!") for line in _lines(body)):
                    refuse_others(file, os.fstat(descriptor), folder, "take back what is kept from the team")
            finally:
                os.close(descriptor)
            return body
    except FileNotFoundError:
        return b""


def _lines(body: bytes, errors: str = "replace") -> list[str]:
    return body.decode("utf-8-sig", errors).splitlines()


def _read(file: Path, *, own: bool = False) -> list[str]:
    """The patterns of a file, without comments and empty lines."""
    try:
        with local_errors("cannot read", file, hint="put the file itself there"):
            lines = _lines(_body(file, own=own), "strict")
    except UnicodeDecodeError as error:
        raise ConfigError(f"cannot read {file}", why="it is not UTF-8 text", hint="save it as UTF-8") from error
    return _checked(file, lines) if lines else []


def _checked(file: Path, lines: list[str]) -> list[str]:
    from s3sync.local.patterns import MOST_PATTERNS, compile_patterns

    found: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        found.append(line)
        if len(found) > MOST_PATTERNS:
            raise ConfigError(
                f"cannot read {file}",
                why=f"it has more than {MOST_PATTERNS} patterns",
                hint="name a folder, as raw/, instead of each file in it",
            )
        try:
            compile_patterns([line])
        except ValueError as error:
            raise ConfigError(f"{file} line {number} is no ignore pattern", why=str(error).split("\n")[0]) from error
    try:
        compile_patterns(found)
    except ValueError as error:
        raise ConfigError(f"cannot read {file}", why=str(error), hint="use fewer, more general patterns") from error
    return found
