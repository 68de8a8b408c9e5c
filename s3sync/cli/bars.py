"""Columns of the progress bars: what is done, bytes, the rate and the time left, on one line of any terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from s3sync.cli.output import printable
from s3sync.cli.pace import Pace, left_text
from s3sync.cli.widths import fitting
from s3sync.core.quantities import parts_text, size_text

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import Task

WIDE = 110
"""Columns of a terminal from which on the bars are long."""
LONG_BAR, SHORT_BAR = 24, 10
NUMBERS = 48
"""Columns for everything but the name and the bar."""


def name_on_bar(name: str, columns: int) -> str:
    """A file's name as it fits in front of its bar."""
    return fitting(printable(name), max(10, columns - bar_width(columns) - NUMBERS))


def bar_width(columns: int) -> int:
    return LONG_BAR if columns >= WIDE else SHORT_BAR


def bars_on_stderr() -> RichProgress:
    """Rich's display, whose tasks have the fields `files` (a text) and `pace`.

    Its own columns say "MB/s" after the first two bytes, and count as speed what was there before.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn
    from rich.text import Text

    class Column(ProgressColumn):
        def __init__(self, shown: Callable[[Task], str]) -> None:
            super().__init__()
            self._shown = shown

        def render(self, task: Task) -> Text:
            return Text(self._shown(task), no_wrap=True, overflow="ellipsis")

    console = Console(stderr=True)
    return Progress(
        Column(_label),
        BarColumn(bar_width=bar_width(console.width)),
        *map(Column, (_files, _bytes, _rate, _left)),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )


def _label(task: Task) -> str:
    return task.description


def _files(task: Task) -> str:
    return str(task.fields["files"])


def _bytes(task: Task) -> str:
    return parts_text(int(task.completed), int(task.total or 0))


def _rate(task: Task) -> str:
    pace: Pace = task.fields["pace"]
    rate = pace.rate(time.monotonic())
    return "" if rate is None else f"{size_text(round(rate))}/s"


def _left(task: Task) -> str:
    pace: Pace = task.fields["pace"]
    return left_text(int((task.total or 0) - task.completed), pace.rate(time.monotonic()))
