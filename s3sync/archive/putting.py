"""Means to put a unit into a store: no catalogue, so that a worker elsewhere has it, too."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from s3sync.archive.ahead import Ahead
from s3sync.archive.carrier import Carrier
from s3sync.archive.journal import Journal
from s3sync.core.archive.values import ArchiveSet, Index


class Putting(Struct, frozen=True):
    """Means to put units into the store. `journal`: memory of uploads that are under way."""

    carrier: Carrier
    rules: ArchiveSet
    journal: Journal
    is_made: Callable[[Index], bool]
    """True if the computer that asks sent what an index is of."""
    written: Callable[[Index], None] = lambda index: None
    """Told of the index of a unit in volumes as it is by now, also where an error ends it."""
    outdated: Callable[[str], None] = lambda key: None
    """Told of the key of each index that is not there any more, as an earlier version had one for each volume."""
    ahead: Ahead | None = None
    """Makes, while a unit travels, what its catalogue is to have; None where nobody has one."""


class Put(Struct, frozen=True):
    """Unit that is in the store. `is_own`: all of it was sent by who tells that, or by the computer that asked."""

    index: Index
    bytes_sent: int
    is_own: bool = True
