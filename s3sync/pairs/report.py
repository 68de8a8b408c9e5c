"""Reports of what was done with two places, or found in them."""

from __future__ import annotations

from msgspec import Struct, field

from s3sync.core.outcome import Problem
from s3sync.core.pairs import Clash, End, Left
from s3sync.spill.sequence import SpilledList


class Copied(Struct, frozen=True, gc=False):
    """A file that was copied to the place `to`. `newer`: what it replaced had the later time."""

    name: str
    size_bytes: int
    to: End
    bytes_moved: int
    replaced: bool
    newer: bool = False


class Gone(Struct, frozen=True, gc=False):
    """A file that was deleted at a place; `in_trash` False where the other place holds it, verified."""

    name: str
    size_bytes: int
    at: End
    in_trash: bool


class Difference(Struct, frozen=True, gc=False):
    """A file that two places do not hold alike; a size is None where it is missing, or cannot be read."""

    name: str
    state: str
    size_a: int | None
    size_b: int | None


class PairReport(Struct):
    """Report of a run on two places, `a` and `b` as they are shown. `verb` is the command."""

    verb: str
    a: str
    b: str
    both: bool = False
    dry_run: bool = False
    trash: str = ""
    """Name of this run's folder in the trash of each place."""
    copied: SpilledList[Copied] = field(default_factory=lambda: SpilledList(Copied))
    deleted: SpilledList[Gone] = field(default_factory=lambda: SpilledList(Gone))
    left: SpilledList[Left] = field(default_factory=lambda: SpilledList(Left))
    conflicts: SpilledList[Clash] = field(default_factory=lambda: SpilledList(Clash))
    failed: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    alike: int = 0
    alike_bytes: int = 0
    elapsed_s: float = 0.0

    @property
    def bytes_moved(self) -> int:
        return sum(item.bytes_moved for item in self.copied)

    @property
    def exit_code(self) -> int:
        if self.failed:
            return 3
        return 4 if self.conflicts else 0


class CheckReport(Struct):
    """Differences of two places."""

    a: str
    b: str
    different: SpilledList[Difference] = field(default_factory=lambda: SpilledList(Difference))
    failed: list[Problem] = field(default_factory=list)
    alike: int = 0
    alike_bytes: int = 0
    elapsed_s: float = 0.0

    @property
    def exit_code(self) -> int:
        return 1 if self.different or self.failed else 0
