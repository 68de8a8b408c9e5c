"""Progress of transfers, for whoever watches. Calls come from several threads."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol


class Work(StrEnum):
    """Kind of work on bytes."""

    HASH = "hash"
    UPLOAD = "upload"
    DOWNLOAD = "download"
    COPY = "copy"


class Progress(Protocol):
    def expect(self, work: Work, files: int, size: int) -> None:
        """Announce more files and bytes of this work."""

    def begin(self, work: Work, path: str, size: int) -> None:
        """Work on one file of `size` bytes begins."""

    def advance(self, work: Work, path: str, n: int) -> None:
        """`n` more bytes of one file are done; negative when they have to be done again."""

    def reuse(self, work: Work, path: str, n: int) -> None:
        """`n` bytes of one file are done without travelling: they were there already."""

    def finish(self, work: Work, path: str) -> None:
        """One file is done with, well or not."""

    def moved(self, work: Work, path: str, size: int) -> None:
        """One file has arrived, verified. Called from one thread only."""


class Silent:
    """Nobody watches."""

    def expect(self, work: Work, files: int, size: int) -> None: ...
    def begin(self, work: Work, path: str, size: int) -> None: ...
    def advance(self, work: Work, path: str, n: int) -> None: ...
    def reuse(self, work: Work, path: str, n: int) -> None: ...
    def finish(self, work: Work, path: str) -> None: ...
    def moved(self, work: Work, path: str, size: int) -> None: ...


class Gauge:
    """Progress of one file, or one part of it: told again whenever that changes, to more or to less."""

    def __init__(self, progress: Progress, work: Work, path: str) -> None:
        self._progress, self._work, self._path = progress, work, path
        self._at = 0

    def __call__(self, at: int) -> None:
        self._progress.advance(self._work, self._path, at - self._at)
        self._at = at


def both(first: Callable[[int], None], second: Callable[[int], None]) -> Callable[[int], None]:
    """Tell two who want to know how far something is."""

    def tell(at: int) -> None:
        first(at)
        second(at)

    return tell
