"""Results of a run on the rows of a table, and of looking at them."""

from __future__ import annotations

from msgspec import Struct, field

from s3sync.archive.rows.sending import Corrected
from s3sync.archive.rows.survey import RowProblem, Tally

MOST_KEPT = 1000
"""Problems and corrections that a report holds; all are counted, and told when they are found."""


class ArchivedRow(Struct, frozen=True):
    """A row that has its address now, or would get it."""

    row: str
    key: str
    url: str


class RowsReport(Struct):
    """Result of a run on the rows of a set. Counts are of rows, but for `objects`, `units` and bytes.

    `before`: rows that had an address when the run began. `done`: those that got one; `by_others`: those that somebody
    else changed meanwhile, or removed. `left`: those that still have none, of this worker's share.
    """

    set: str
    store: str
    database: str
    dry_run: bool
    worker: str = "1/1"
    rows: int = 0
    before: int = 0
    done: int = 0
    by_others: int = 0
    objects: int = 0
    known: int = 0
    """Objects that the store had already."""
    size: int = 0
    bytes_sent: int = 0
    failed: int = 0
    left: int = 0
    elapsed_s: float = 0.0
    types: dict[str, Tally] = field(default_factory=dict)
    problems: list[RowProblem] = field(default_factory=list)
    corrected: list[Corrected] = field(default_factory=list)
    corrections: int = 0
    archived: list[ArchivedRow] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """3 when a row could not be archived."""
        return 3 if self.failed else 0

    def add_problem(self, problem: RowProblem) -> None:
        self.failed += 1
        if len(self.problems) < MOST_KEPT:
            self.problems.append(problem)

    def add_corrected(self, corrected: Corrected) -> None:
        self.corrections += 1
        if len(self.corrected) < MOST_KEPT:
            self.corrected.append(corrected)

    def add_archived(self, row: str, key: str, url: str) -> None:
        if len(self.archived) < MOST_KEPT:
            self.archived.append(ArchivedRow(row, key, url))


class RowOptions(Struct, frozen=True):
    """Choice of rows. `limit`: most rows (units, where they are packed); `batch`: rows of one transaction.

    `create`: make a folder store also where its disk may not be connected.
    """

    limit: int | None = None
    batch: int = 50
    force: bool = False
    dry_run: bool = False
    create: bool = False


class Waits(Struct, frozen=True):
    """A wait for a database that does not answer."""

    why: str
