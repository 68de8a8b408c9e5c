"""Units of a run in blocks: small ones are on their way together, as small files are; a large one fills the line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from s3sync.core.archive.values import ArchiveSet, Pack, Unit, UnitKind
from s3sync.errors import ENDS_THE_RUN, S3syncError
from s3sync.transfer.pool import Pool, Result

T = TypeVar("T")

BLOCK = 64
"""Units of which the rows, or what the catalogue is to know, are written together."""
MIB = 1024 * 1024
SMALL, TOGETHER = 8 * MIB, 32 * MIB
"""Bytes of a unit that is sent beside others, and of all in one block: they may be in memory together."""
SMALL_FRAMES, FRAMES_TOGETHER = MIB, 8 * MIB
"""The same for compressed ones, as a compressor takes several times as much memory as it is given."""
FEW = 1000
"""Files and folders of a unit that is small."""


class Blocks:
    """Takes units as they come, and those in one go that may be on their way together.

    Without container each block is full: those of single files share the pool, and the others only their rows.
    """

    def __init__(self, units: Iterable[Unit], rules: ArchiveSet) -> None:
        self._units, self._rules = iter(units), rules
        self._held: Unit | None = None

    def take(self, most: int = BLOCK) -> list[Unit]:
        """The next block, of at most so many units; an empty one at the end."""
        block, size = list[Unit](), 0
        while len(block) < min(most, BLOCK):
            unit = self._held if self._held is not None else next(self._units, None)
            self._held = None
            if unit is None:
                break
            joins = self._joins(unit, size)
            if block and not joins:
                self._held = unit
                break
            block.append(unit)
            size += unit.size
            if not joins:
                break
        return block

    def _joins(self, unit: Unit, size: int) -> bool:
        """True if a unit may be sent beside others of so many bytes."""
        rules = self._rules
        if rules.pack is Pack.NONE:
            return True
        small, together = (SMALL, TOGETHER) if rules.pack is Pack.TAR else (SMALL_FRAMES, FRAMES_TOGETHER)
        largest = small if rules.max_size is None else min(small, rules.max_size)
        return unit.size <= largest and size + unit.size <= together and len(unit.sources) <= FEW


def results_of(pool: Pool, rules: ArchiveSet, send: Callable[[Unit], T], block: list[Unit]) -> dict[str, Result[T]]:
    """Result of each unit of a block, by its id. After an error that ends the run no other one is begun.

    The files of a folder without container share the pool, so that its units go one by one.
    """
    if len(block) == 1 or (rules.pack is Pack.NONE and rules.unit is not UnitKind.FILE):
        return _one_by_one(send, block)

    def begin(unit: Unit, done: Callable[[Result[T]], None]) -> None:
        done(Result.of(send, unit))

    return {unit.id: result for unit, result in pool.each(begin, block, lambda unit: unit.size, ENDS_THE_RUN)}


def _one_by_one(send: Callable[[Unit], T], units: list[Unit]) -> dict[str, Result[T]]:
    done: dict[str, Result[T]] = {}
    for unit in units:
        done[unit.id] = result = Result.of(send, unit)
        if isinstance(result.error, ENDS_THE_RUN) or not isinstance(result.error, S3syncError | None):
            break
    return done
