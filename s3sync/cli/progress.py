"""Progress bars on stderr: one for hashing and one for each direction, with files, bytes, rate and time left."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from s3sync.cli.output import files_text
from s3sync.transfer.progress import Progress, Silent, Work

if TYPE_CHECKING:
    from rich.progress import TaskID

LABELS = {
    Work.HASH: "Checking",
    Work.UPLOAD: "Uploading",
    Work.DOWNLOAD: "Downloading",
    Work.COPY: "Copying on the server",
}


class Bars:
    """Draws on the terminal from the first byte of work on; a run with nothing to do draws nothing."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )
        from rich.progress import Progress as RichProgress

        self._rich = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[files]}"),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._tasks: dict[Work, tuple[TaskID, list[int]]] = {}
        """For each kind of work: rich's task, and [files done, files in all]."""
        self._lock = Lock()

    def expect(self, work: Work, files: int, size: int) -> None:
        with self._lock:
            if work not in self._tasks:
                self._rich.start()
                self._tasks[work] = (self._rich.add_task(LABELS[work], total=0, files=""), [0, 0])
            task, count = self._tasks[work]
            count[1] += files
            total = self._rich.tasks[self._rich.task_ids.index(task)].total or 0
            self._rich.update(task, total=total + size, files=_files(count))

    def advance(self, work: Work, path: str, n: int) -> None:
        if work in self._tasks:
            self._rich.advance(self._tasks[work][0], n)

    def finish(self, work: Work, path: str) -> None:
        with self._lock:
            if work in self._tasks:
                task, count = self._tasks[work]
                count[0] += 1
                self._rich.update(task, files=_files(count))

    def close(self) -> None:
        self._rich.stop()


def _files(count: list[int]) -> str:
    return f"{count[0]}/{files_text(count[1])}"


@contextmanager
def watching(wanted: bool) -> Iterator[Progress]:
    """Bars where a person looks on, silence elsewhere."""
    if not wanted or not sys.stderr.isatty():
        yield Silent()
        return
    bars = Bars()
    try:
        yield bars
    finally:
        bars.close()
