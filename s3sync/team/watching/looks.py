"""Looks at the staging folder: what is there that was not dealt with, and what of it is finished."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct, field

from s3sync.core.outcome import Problem
from s3sync.disk.in_use import open_for_writing
from s3sync.local.scan import LocalFile, scan_folder
from s3sync.spill.table import SpilledDict, merge_by_path

QUIET_S = 2.0
"""A file is finished when two looks this far apart find the same size and times."""

MOST_NAMED = 1_000
MOST_AT_ONCE = 50_000
"""Files that are dealt with together; the others wait for the next look, so that memory is bounded."""


class Look(Struct):
    """`finished`: files to deal with. `unfinished`: number of those that have to be looked at again soon, and `named`
    the first of them. `in_use`: those that are quiet, and open for writing."""

    finished: dict[str, LocalFile] = field(default_factory=dict)
    unfinished: int = 0
    named: list[str] = field(default_factory=list)
    in_use: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def busy(self) -> list[str] | None:
        """Files that are not finished; None where that is too much to be named."""
        return [*self.named, *self.in_use] if self.unfinished == len(self.named) else None


class Looks:
    """Memory of what was seen and what was dealt with, by path. It lasts as long as the watch."""

    def __init__(self, is_open: Callable[[str], bool | None] = open_for_writing) -> None:
        self._is_open = is_open
        self._before = SpilledDict(LocalFile)
        self._done = SpilledDict(LocalFile)
        self._held = SpilledDict(LocalFile)
        self.looked_at: float | None = None

    def look(self, staging: Path, ignored: Callable[[str], bool], now: float) -> Look:
        """Scan the folder. Raises `ScanError`.

        Files are compared with the look before only when that was `QUIET_S` ago: look no more often.
        """
        scan = scan_folder(staging, ignored, len(self._before))
        is_quiet = self.looked_at is not None and now - self.looked_at >= QUIET_S
        look, gone = Look(problems=scan.problems), list[str]()
        for done, held, before, files in merge_by_path(self._done, self._held, self._before, scan.files):
            for path, file in files.items():
                if file in (done.get(path), held.get(path)):
                    continue
                if not is_quiet or before.get(path) != file or len(look.finished) == MOST_AT_ONCE:
                    look.unfinished += 1
                    if len(look.named) < MOST_NAMED:
                        look.named.append(path)
                elif self._is_open(file.where):
                    look.in_use.append(path)
                else:
                    look.finished[path] = file
            gone += (path for path in done if path not in files)
        for path in gone:
            del self._done[path]
        self._before, self.looked_at = scan.files, now
        return look

    def settle(self, files: dict[str, LocalFile], left: Iterable[str] = ()) -> None:
        """Note that these files, as they were found, were dealt with; those in `left` until the next `reconsider`."""
        later = frozenset(left)
        for path, file in files.items():
            (self._held if path in later else self._done)[path] = file

    def is_settled(self, path: str) -> bool:
        """True for a file that was dealt with, as the last look found it."""
        file = self._before.get(path)
        return file is not None and file in (self._done.get(path), self._held.get(path))

    def reconsider(self) -> bool:
        """Deal again with what was left; true if there is any."""
        had_any = len(self._held) > 0
        self._held = SpilledDict(LocalFile)
        return had_any
