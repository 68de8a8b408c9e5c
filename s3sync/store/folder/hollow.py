"""Files that say to have very many bytes and hold next to none, whose rest is a hole.

Whoever makes one pays nothing for it, and reading it takes as long as if it were full: of such files a process reads no
more than a bound. A sparse file of the team's own (a disk image, a silent track on a disk that compresses) fits.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock

from s3sync.core.quantities import size_text
from s3sync.errors import StoreError

FROM = 4 * 1024**3
"""No file that says to have so much is read."""
MOST = 4 * 1024**3
"""Bytes of all of them together that one process reads."""
SMALL = 1 << 16
"""A hole that costs no more to read than to find."""
SHARE = 1000
"""Times that a file may say to be larger than what it takes on the disk, which may compress."""
_REMEMBERED = 4096


class Hollow:
    """Account of such files in one folder store: each is read once by a process, also where nothing can be noted
    in the store, or whose time somebody sets anew again and again."""

    def __init__(self) -> None:
        self._read = 0
        self._known: dict[tuple[str, tuple[int, ...]], str] = {}
        self._lock = Lock()

    def digest(self, key: str, status: os.stat_result, tells: Callable[[], bool], read: Callable[[], str]) -> str:
        """The MD5 of a file, by `read`. Raises `StoreError` where that is beyond what such files may cost.

        `tells`: whether the disk says at all what a file takes on it. Some network disks say 0 of each.
        """
        held = getattr(status, "st_blocks", status.st_size) * 512
        if status.st_size < SMALL or held * SHARE >= status.st_size:
            return read()
        if status.st_size >= FROM:
            raise StoreError(
                f"will not read {key!r}",
                why=f"it says to have {size_text(status.st_size)}, and holds {size_text(held)}: the rest is a hole",
                hint="move it out of the store's folder and keep it, as it may be the only copy; and ask who put it "
                "there",
            )
        if not tells():
            return read()
        marks = key, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        with self._lock:
            if marks in self._known:
                return self._known[marks]
            if self._read + status.st_size > MOST:
                raise StoreError(
                    f"will not read {key!r}",
                    why=f"with others in the store it says to have more than {size_text(MOST)}, and they hold next to "
                    "nothing: the rest are holes",
                    hint="if they are yours, run the command again, which goes on behind what it has read; else move "
                    "them out of the store's folder, and ask who put them there",
                )
            self._read += status.st_size
        found = read()
        with self._lock:
            if len(self._known) < _REMEMBERED:
                self._known[marks] = found
        return found
