"""Report of `organize`, and of taking one back."""

from __future__ import annotations

from msgspec import Struct, field

from s3sync.core.outcome import Problem
from s3sync.spill.sequence import SpilledList


class Named(Struct, frozen=True, gc=False):
    """A file under its old and its new path. `moved_bytes` went over the line; `gone`: it left the source."""

    old: str
    new: str
    size_bytes: int
    moved_bytes: int = 0
    gone: bool = False


class OrganizeReport(Struct):
    """`read_bytes` were fetched to see what the files say. `alike` were there already, under their new path."""

    source: str
    target: str
    layout: str
    moves: bool
    dry_run: bool
    named: SpilledList[Named] = field(default_factory=lambda: SpilledList(Named))
    alike: int = 0
    failed: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    read_bytes: int = 0
    run: str | None = None
    """Name of the run, by which it can be taken back."""
    elapsed_s: float = 0.0

    @property
    def moved_bytes(self) -> int:
        return sum(one.moved_bytes for one in self.named)

    @property
    def exit_code(self) -> int:
        return 3 if self.failed else 0


class TakenBack(Struct, frozen=True):
    """Run that is about to be taken back: its places as they were named, and how many files it copied."""

    source: str
    target: str
    files: int


class UndoneReport(Struct):
    """Taking back a run: `back` are files that are where they were. What somebody changed since is in `kept`."""

    run: str
    source: str
    target: str
    dry_run: bool
    back: list[Named] = field(default_factory=list)
    kept: list[Problem] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return 3 if self.kept else 0
