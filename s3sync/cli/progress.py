"""Display while a command works: a line on stdout for each file that arrived, and bars on stderr.

The bars show hashing, each direction and copies on the server, with files, bytes, the rate over the last seconds and
the time left, and below them the large files that are on their way. They are drawn on a terminal only.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Timer
from typing import TYPE_CHECKING, TypeVar

from s3sync.cli.bars import bars_on_stderr, name_on_bar
from s3sync.cli.output import GREEN, colour, moved_line, note, printable, say, symbols, warn
from s3sync.cli.pace import Pace
from s3sync.cli.waiting import Waiting
from s3sync.core.quantities import files_text, size_text
from s3sync.transfer.progress import Silent, Work

if TYPE_CHECKING:
    from rich.progress import TaskID

    from s3sync.cli.call import Call

T = TypeVar("T")
R = TypeVar("R")
LABELS = {
    Work.HASH: "Checking",
    Work.UPLOAD: "Uploading",
    Work.DOWNLOAD: "Downloading",
    Work.COPY: "Copying on the server",
}
FLUSH_EVERY_S = 0.2
SAID_AGAIN_FROM = 64 * 1024
"""Bytes of a file that have to travel once more, from which on it is said."""
AGAIN = {Work.UPLOAD: "sending", Work.DOWNLOAD: "fetching"}
OWN_BAR_FROM = 16 * 1024 * 1024
"""Files from this size on get a bar of their own while they are on their way."""


class Lines(Silent):
    """A line for each file that arrived, below a headline that comes with the first."""

    def __init__(self) -> None:
        self.headline = ""
        self.begun = False
        self.arrived: dict[Work, tuple[int, int]] = {}
        """Files that arrived, and their bytes."""
        self._sign = colour(symbols().done, GREEN)
        self._flushed_at = 0.0
        self._lost = False
        self.advanced_at = 0.0
        """When the last byte moved, by `time.monotonic`."""
        self.clear: Callable[[], None] = _nothing
        """Takes the line away that says what is waited for."""
        self._later: Timer | None = None

    def advance(self, work: Work, path: str, n: int) -> None:
        self.advanced_at = time.monotonic()

    def reuse(self, work: Work, path: str, n: int) -> None:
        self.advanced_at = time.monotonic()

    def moved(self, work: Work, path: str, size: int) -> None:
        files, total = self.arrived.get(work, (0, 0))
        self.arrived[work] = files + 1, total + size
        if not self.headline:
            return
        if not self.begun:
            self.begun = True
            self.show(self.headline)
        done = "uploaded" if work is Work.UPLOAD else "downloaded"
        self.show(moved_line(self._sign, path, size, done))

    def show(self, line: str) -> None:
        """On stdout, where a reader at the other end of a pipe sees it soon, also when no other line follows.

        A full disk or a reader that went away does not end the work: what is printed when that is done meets it again.
        """
        self.clear()
        if self._lost:
            return
        now = time.monotonic()
        try:
            say(line)
            if now - self._flushed_at > FLUSH_EVERY_S:
                sys.stdout.flush()
                self._flushed_at = now
        except OSError:
            self._lost = True
            return
        if self._flushed_at == now:
            return
        if self._later is None or not self._later.is_alive():
            self._later = Timer(FLUSH_EVERY_S, _flush)
            self._later.daemon = True
            self._later.start()

    def note(self, line: str) -> None:
        """A line about the work on stderr."""
        warn(line)

    def moves(self) -> bool:
        """True if something on the screen moves while the command works."""
        return False

    def rest(self) -> None:
        """Take away what moves on the screen, before lines that are not written through this."""
        self.clear()

    def before(self, ask: Callable[[T], R]) -> Callable[[T], R]:
        """A question that is asked when nothing moves on the screen any more: bars would cover it."""

        def asked(report: T) -> R:
            self.rest()
            return ask(report)

        return asked

    def close(self) -> None:
        """Stop, as nothing more comes: Python aborts when it ends and a thread still writes to stdout."""
        if self._later is not None:
            self._later.cancel()
            self._later.join()


def _flush() -> None:
    with suppress(OSError, ValueError):  # whoever flushes at the end meets it again
        sys.stdout.flush()


class Bars(Lines):
    """The same, with bars. A run with nothing to do draws nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._rich = bars_on_stderr()
        self._whole: dict[Work, tuple[TaskID, list[int]]] = {}
        """For each kind of work: rich's task, and [files done, files in all, bytes in all]."""
        self._own: dict[tuple[Work, str], TaskID] = {}
        self._paces: dict[TaskID, Pace] = {}
        self._lock = Lock()

    def expect(self, work: Work, files: int, size: int) -> None:
        with self._lock:
            if work not in self._whole:
                self._rich.start()
                self._whole[work] = self._add(LABELS[work], 0), [0, 0, 0]
            task, count = self._whole[work]
            count[1] += files
            count[2] += size
            self._rich.update(task, total=count[2], files=_files(count))

    def begin(self, work: Work, path: str, size: int) -> None:
        with self._lock:
            if work in self._whole:
                self._paces[self._whole[work][0]].begin(time.monotonic())
            if size >= OWN_BAR_FROM:
                self._own[work, path] = task = self._add(f"  {_sign(work)} {self._name(path)}", size)
                self._paces[task].begin(time.monotonic())

    def _add(self, label: str, size: int) -> TaskID:
        pace = Pace()
        task = self._rich.add_task(label, total=size, files="", pace=pace)
        self._paces[task] = pace
        return task

    def _name(self, path: str) -> str:
        return name_on_bar(path, self._rich.console.width)

    def advance(self, work: Work, path: str, n: int) -> None:
        super().advance(work, path, n)
        self._fill(work, path, n, travelled=n)
        if n <= -SAID_AGAIN_FROM and work in AGAIN:
            self.note(f"{AGAIN[work]} {size_text(-n)} of {printable(path)} again")

    def reuse(self, work: Work, path: str, n: int) -> None:
        super().reuse(work, path, n)
        self._fill(work, path, n, travelled=0)

    def _fill(self, work: Work, path: str, n: int, travelled: int) -> None:
        with self._lock:
            whole, own = self._whole.get(work), self._own.get((work, path))
            for task in (whole and whole[0], own):
                if task is not None:
                    self._paces[task].advance(travelled, time.monotonic())
                    self._rich.update(task, advance=n)

    def finish(self, work: Work, path: str) -> None:
        with self._lock:
            own = self._own.pop((work, path), None)
            if own is not None:
                self._rich.remove_task(own)
            if work in self._whole:
                task, count = self._whole[work]
                count[0] += 1
                self._rich.update(task, files=_files(count))

    def show(self, line: str) -> None:
        """Above the bars where both are on one screen, else where stdout goes."""
        if sys.stdout.isatty() and self._rich.live.is_started:
            from rich.text import Text

            note(line)
            self._rich.console.print(Text.from_ansi(line))
        else:
            super().show(line)

    def note(self, line: str) -> None:
        if self.moves():
            from rich.text import Text

            note(line)
            self._rich.console.print(Text(line))
        else:
            super().note(line)

    def moves(self) -> bool:
        return self._rich.live.is_started

    def rest(self) -> None:
        """The next bars are new ones: those that were stopped would erase what stands above them by then."""
        super().rest()
        if not self.moves():
            return
        with self._lock:
            self._rich.stop()
            self._rich = bars_on_stderr()
            self._whole, self._own, self._paces = {}, {}, {}

    def close(self) -> None:
        self._rich.stop()
        super().close()


def _sign(work: Work) -> str:
    signs = symbols(sys.stderr)
    return {Work.UPLOAD: signs.newer_here, Work.DOWNLOAD: signs.newer_there}.get(work, "-")


def _files(count: list[int]) -> str:
    return f"{count[0]}/{files_text(count[1])}"


@contextmanager
def watching(call: Call) -> Iterator[Lines]:
    """Lines and, where a person looks on, bars; nothing at all when the call wants none."""
    wanted = call.shows_progress
    lines = Bars() if wanted and sys.stderr.isatty() else Lines()
    waiting = Waiting(lines.note, lines.moves, lambda: lines.advanced_at) if wanted else None
    lines.clear = waiting.clear if waiting else _nothing
    call.progress = lines
    try:
        yield lines
    finally:
        if waiting:
            waiting.close()
        lines.close()


def _nothing() -> None:
    pass
