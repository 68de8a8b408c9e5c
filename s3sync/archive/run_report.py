"""Choice of what a run does, and its result."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct, field

from s3sync.archive.disks import NewStore
from s3sync.archive.remove_local import Removed
from s3sync.archive.thaw import Price
from s3sync.archive.verify import Proof


class UnitState(StrEnum):
    """State of a unit after a run."""

    SENT = "sent"
    KNOWN = "archived"
    """Present in the store already, the same."""
    CHANGED = "changed"
    """An archive of it is in the store, of other content."""
    PLANNED = "planned"
    """A dry run: it would be sent."""
    FAILED = "failed"


class UnitReport(Struct, frozen=True):
    """Result of one unit. `size` is that of its files, `stored` that of the archive."""

    unit: str
    key: str
    state: UnitState
    files: int
    size: int
    stored: int = 0
    bytes_sent: int = 0
    verified: Proof | None = None
    removed: Removed | None = None
    problems: tuple[str, ...] = ()
    error: str | None = None
    hint: str | None = None


Told = Callable[[UnitReport], None]


class RunReport(Struct):
    """Result of a run on one set."""

    set: str
    store: str
    dry_run: bool
    units: list[UnitReport] = field(default_factory=list)
    reading: Price | None = None
    """Price of reading back what a dry run would send, where that was asked for."""
    not_due: int = 0
    """Units that are left out because they are younger than the set, or `--older-than`, says."""
    made: NewStore | None = None
    """Folder store that was made, or would be."""
    key_id: str | None = None
    """Id of the key that archives of an encrypted repository are sealed with."""
    unused: tuple[str, ...] = ()
    """Settings of the set about storage classes, as they are written, of a store that has none."""

    def of(self, state: UnitState) -> list[UnitReport]:
        return [one for one in self.units if one.state is state]

    @property
    def exit_code(self) -> int:
        """3 when a unit failed, or was left out because another version of it is in the store."""
        problems = any(one.problems or (one.removed and one.removed.problems) for one in self.units)
        return 3 if problems or self.of(UnitState.FAILED) or self.of(UnitState.CHANGED) else 0


class Options(Struct, frozen=True):
    """Choice of units, and what is done with them beside sending.

    `new_only`: leave out those of which any version is in the store. `force`: replace such a version.
    `create`: make the set's folder store also where its disk may not be connected.
    """

    year: str | None = None
    limit: int | None = None
    new_only: bool = False
    force: bool = False
    delete_local: bool = False
    deep: bool = False
    dry_run: bool = False
    create: bool = False
