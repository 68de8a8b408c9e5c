"""Which files of a project a command was limited to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct

from s3sync.core.names import nfc
from s3sync.errors import UsageError

_HINT = "names are relative to the staging folder; --project names another project"


class Selector(Struct, frozen=True):
    """A test for paths: names, folders and globs, relative to the staging folder or to where the user stands.

    A glob without `/` fits file names in any folder.
    """

    given: Sequence[str]
    staging: Path
    cwd: Path

    def __call__(self, path: str) -> bool:
        return any(_fits(path, self._pattern(word)) for word in self.given)

    def check(self, known: Callable[[], Iterable[str]]) -> None:
        """Raises `UsageError` for a word that fits no file on either side: most likely a typing error.

        `known` gives all paths, each time that it is called.
        """
        missing = {word: self._pattern(word) for word in self.given}
        for path in known():
            for word in [word for word, pattern in missing.items() if _fits(path, pattern)]:
                del missing[word]
            if not missing:
                return
        for word, pattern in missing.items():
            near = get_close_matches(pattern, known(), 1)
            raise UsageError(
                f"no file called {word!r}",
                why="neither the staging folder nor the remote has one",
                hint=f"did you mean {near[0]!r}?" if near else _HINT,
            )

    def _pattern(self, word: str) -> str:
        return _relative(word, self.staging, self.cwd)


def make_selector(words: Sequence[str], staging: Path, cwd: Path) -> Selector | None:
    """None without words: everything is wanted."""
    return Selector(tuple(words), staging, cwd) if words else None


def _relative(pattern: str, staging: Path, cwd: Path) -> str:
    """What the user means, as a path in the staging folder: `s3-staging/a.mp4` and `./a.mp4` work as well.

    The staging folder itself, and `.` where the user stands above it, mean every file.
    """
    if not pattern.strip():
        return pattern
    full = Path(os.path.normpath(cwd / pattern))
    if full == staging or (full == cwd and staging.is_relative_to(cwd)):
        return "*"
    if full.is_relative_to(staging):
        return nfc(full.relative_to(staging).as_posix())
    return nfc(pattern.removeprefix("./").rstrip("/"))


def _fits(path: str, pattern: str) -> bool:
    if path == pattern or path.startswith(pattern + "/") or fnmatchcase(path, pattern):
        return True
    return "/" not in pattern and fnmatchcase(path.rpartition("/")[2], pattern)
