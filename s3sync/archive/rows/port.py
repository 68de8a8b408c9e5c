"""Port of a database: pages of rows in transactions that read only, and batches of guarded updates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from s3sync.errors import DatabaseError

Values: TypeAlias = Mapping[str, object]
CORRECT = "correct the statement in the settings, or the table"
AGAIN = "nothing is lost: run the command again when it answers; what was sent is not sent again"


class Gone(DatabaseError):
    """The connection broke, or could not be made: another try may help."""


class Lied(Exception):
    """An update touched another number of rows than it may; nothing of its batch holds. `at`: which one it was.

    `again`: it found a row that it had written just before.
    """

    def __init__(self, at: int, touched: int, *, again: bool = False) -> None:
        super().__init__(touched)
        self.at, self.touched, self.again = at, touched, again


class Connection(Protocol):
    """One database. Every method raises `DatabaseError`, and of it `Gone`."""

    def page(self, sql: str, values: Values, most: int) -> list[dict[str, Any]]:
        """Rows of a query that may change nothing, by the names of their columns; no more than `most` + 1."""

    def update(self, sql: str, batch: Sequence[Values], *, proves: bool) -> list[int]:
        """Number of rows that each of these updates touched, all in one transaction.

        `proves`: the first is tried twice, and must find nothing the second time. Raises `Lied` for one that touches
        more than one row, or one that it has written already; then nothing of the batch holds.
        """

    def close(self) -> None: ...


def checked(run: Callable[[Values], int], batch: Sequence[Values], proves: bool) -> list[int]:
    """Number of rows that each update of a batch touched. Raises `Lied`."""
    touched: list[int] = []
    for number, values in enumerate(batch):
        count = run(values)
        if count not in (0, 1):
            raise Lied(number, count)
        if proves and count and values["archive_url"] != values["old"]:
            if run(values):
                raise Lied(number, count, again=True)
            proves = False
        touched.append(count)
    return touched
