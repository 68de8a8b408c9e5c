"""Disks of other systems, put over a real folder: they take several spellings for one name, and refuse some names.

Within `with Disk(folder, ...)` every function of `os` that takes a path, and `open`, behave below that folder as they
would there. The files are real ones of this system.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import re
import unicodedata
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

from s3sync.core.names import nfc, without_case

_LOOK = (
    "stat",
    "lstat",
    "scandir",
    "listdir",
    "unlink",
    "rmdir",
    "utime",
    "chmod",
    "mkdir",
    "open",
    "access",
    "readlink",
)
_MOVE = ("rename", "replace", "link")
_WINDOWS_REFUSES = re.compile(
    r'[<>:"|?*\x00-\x1f]|[. ]$|^(?:con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³])(?:\..*)?$', re.IGNORECASE
)


class Disk:
    """`same` makes equal what the disk takes for one name; `stored` is what it makes of a new one; `refuses` finds
    names that it cannot hold (a real Windows would make another file of some of them: so they must never get there).
    """

    def __init__(
        self,
        root: Path,
        *,
        same: Callable[[str], str] = str,
        stored: Callable[[str], str] = str,
        refuses: re.Pattern[str] | None = None,
    ) -> None:
        self._root, self._same, self._stored, self._refuses = root, same, stored, refuses
        self._real = {name: getattr(os, name) for name in (*_LOOK, *_MOVE)}
        self._patches = ExitStack()

    def __enter__(self) -> Self:
        for name in _LOOK:
            self._patches.enter_context(patch.object(os, name, self._look(self._real[name])))
        for name in _MOVE:
            self._patches.enter_context(patch.object(os, name, self._move(self._real[name])))
        opened = self._look(io.open)
        self._patches.enter_context(patch.object(io, "open", opened))
        self._patches.enter_context(patch.object(builtins, "open", opened))
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.close()

    def _look(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def look(path: Any = ".", *rest: Any, **more: Any) -> Any:
            return real(self._below(more.get("dir_fd"), path), *rest, **more)

        return look

    def _below(self, folder: int | None, name: Any) -> Any:
        """The entry that the disk takes for a name below an open folder, or for a path."""
        if folder is None:
            return self._find(name)
        above = Path(self._real["readlink"](f"/proc/self/fd/{folder}"))
        found = self._find(above / name)
        return name if not Path(found).is_relative_to(self._root) else os.path.relpath(found, above)

    def _move(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def move(source: Any, target: Any, **more: Any) -> Any:
            there = self._below(more.get("src_dir_fd"), source)
            place = self._below(more.get("dst_dir_fd"), target)
            if there == place and real is not self._real["link"]:  # a change of case: the entry gets the new spelling
                place = Path(place).with_name(self._stored(Path(target).name))
            return real(there, place, **more)

        return move

    def _find(self, path: Any) -> Any:
        """The entry that the disk takes for this path, else where a new one goes."""
        if not isinstance(path, (str, os.PathLike)) or not Path(path).is_relative_to(self._root):
            return path
        found = self._root
        for name in Path(path).relative_to(self._root).parts:
            if self._refuses and self._refuses.search(name):
                raise OSError(errno.EINVAL, "the simulated Windows cannot hold that name", str(path))
            found = found / self._entry(found, name)
        return found if isinstance(path, Path) else str(found)

    def _entry(self, folder: Path, name: str) -> str:
        try:
            names = self._real["listdir"](folder)
        except OSError:
            return self._stored(name)
        if name in names:
            return name
        return next((other for other in names if self._same(other) == self._same(name)), self._stored(name))


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


DISKS: dict[str, dict[str, Any]] = {
    "linux": {},
    "mac": {"same": without_case},
    "old mac": {"same": without_case, "stored": nfd},
    "windows": {
        "same": lambda name: nfc(name).casefold() if name.isascii() else name.casefold(),
        "refuses": _WINDOWS_REFUSES,
    },
}
"""As they come: APFS keeps a spelling and ignores case and form, HFS+ also stores NFD, NTFS ignores case only."""
