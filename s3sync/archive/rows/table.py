"""A table as a set sees it: its rows by pages, and updates by batches, with patience for a connection that breaks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from typing import TypeVar

from msgspec import Struct

from s3sync.archive.fields import zone_of
from s3sync.archive.rows.port import Connection, Gone, Lied
from s3sync.core.archive.rows import Addresses, Row, RowId, parse_row
from s3sync.core.archive.sql import binds_of
from s3sync.core.archive.values import ArchiveSet, RowRules
from s3sync.core.quantities import size_text
from s3sync.core.times import format_time
from s3sync.errors import ConfigError, DatabaseError, Halt, UsageError

T = TypeVar("T")

PAGE = 1000
"""Rows that are asked for at once."""
MOST_ROWS = 50_000_000
"""Rows of a table, which are kept on this disk while they are compared: a view may have them without end."""
MOST_KEPT = 16 * 1024**3
"""Characters of all rows together, which are kept there, too: a view may have 4,096 in each of four cells."""
WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Waits before a database that is gone is asked again. One that never answered is not waited for."""


class Write(Struct, frozen=True):
    """An address for one row. `old`: what the row had when it was read."""

    id: RowId
    archive_url: str
    md5: str
    old: str | None


class Unusable(Struct, frozen=True):
    """A row that cannot even be named. `number`: its place among all that were read."""

    number: int
    why: str


class Table:
    """The rows of a set. `waits`: told of each wait for a database that is gone."""

    def __init__(
        self,
        chosen: ArchiveSet,
        store: str,
        connection: Connection,
        *,
        waits: Callable[[str], None] = lambda why: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        assert chosen.rows is not None
        self.set, self.rules, self._connection = chosen.name, chosen.rows, connection
        self.addresses = Addresses(store, self.rules.url_template)
        self.zone: tzinfo = (zone_of(chosen) if chosen.timezone else None) or UTC
        self._waits, self._clock, self._proven = waits, clock, False
        self._answered = False

    # -- reading

    def rows(self) -> Iterator[Row | Unusable]:
        """Every row that the select gives, page by page, each in a transaction of its own that reads only."""
        last: object = self.rules.first
        seen: frozenset[object] = frozenset()
        number = kept = 0
        while True:
            values = {"last": last, "limit": PAGE}
            page = self._patiently(lambda values=values: self._connection.page(self.rules.select, values, PAGE))  # type: ignore[misc]
            if page and "id" not in page[0]:
                raise self._wrong(f"it gives {', '.join(page[0])[:200]}, and no `id`", "write: SELECT media_id AS id")
            if len(page) > PAGE:
                raise self._wrong("it gives more rows than :limit says", "write LIMIT :limit")
            ids = frozenset(row["id"] for row in page)
            if ids & seen:
                raise self._wrong("it gives the same rows again", "write WHERE id > :last ORDER BY id")
            if number + len(page) > MOST_ROWS:
                raise self._wrong(
                    f"it gives more than {MOST_ROWS:,} rows", "have it give those of a year, or of a kind"
                )
            for said in page:
                number += 1
                try:
                    row = parse_row(said, self.zone)
                except ValueError as error:
                    yield Unusable(number, str(error))
                    continue
                kept += len(row.path) + len(row.media_type) + len(row.archive_url or "") + len(row.unit)
                if kept > MOST_KEPT:
                    raise self._wrong(f"its rows have more than {size_text(MOST_KEPT)} of text", "have it give fewer")
                yield row
            if len(page) < PAGE:
                return
            last, seen = page[-1]["id"], ids

    def _wrong(self, why: str, hint: str) -> ConfigError:
        return ConfigError(f"the select of archives.{self.set} cannot be used", why=why, hint=hint)

    # -- writing

    def require_old(self) -> None:
        """Raise `UsageError` where the update cannot replace an address."""
        if "old" not in binds_of(self.rules.update):
            raise UsageError(
                f"the update of archives.{self.set} replaces no address",
                why="it takes no :old, by which it would know that the row still has the one that was read",
                hint="write WHERE id = :id AND COALESCE(archive_url, '') = COALESCE(:old, '')",
            )

    def write(self, batch: Sequence[Write]) -> list[int | DatabaseError]:
        """Write addresses, all in one transaction: 1 for each that was written, 0 where the row has changed meanwhile.

        A row that the database refuses gives its error, and holds up no other. Raises `Halt` for an update that
        touches more than its row, or has no guard: then nothing of the batch holds. Raises `Gone`.
        """
        try:
            return list(self._written(batch))
        except Gone:
            raise
        except DatabaseError as error:
            if len(batch) == 1:
                return [error]
        found: list[int | DatabaseError] = []
        for one in batch:
            try:
                found += self._written([one])
            except Gone:
                raise
            except DatabaseError as error:
                found.append(error)
        return found

    def _written(self, batch: Sequence[Write]) -> list[int]:
        at = format_time(self._clock())
        values = [
            {"id": one.id, "archive_url": one.archive_url, "md5": one.md5, "archived_at": at, "old": one.old}
            for one in batch
        ]
        try:
            touched = self._patiently(
                lambda: self._connection.update(self.rules.update, values, proves=not self._proven)
            )
        except Lied as lie:
            raise self._no_guard(batch[lie.at], lie) from None
        self._proven = self._proven or any(
            count and one.archive_url != one.old for count, one in zip(touched, batch, strict=True)
        )
        return touched

    def _no_guard(self, one: Write, lie: Lied) -> Halt:
        if lie.again:
            told = f"the update of archives.{self.set} has no guard"
            why = f"it found the row {one.id} again after it had written its address"
        else:
            told = f"the update of archives.{self.set} touches {lie.touched:,} rows at once"
            why = f"that was for the row {one.id} alone"
        return Halt(
            told,
            why=f"{why}; it was rolled back, and the run ends",
            hint="write WHERE id = :id AND COALESCE(archive_url, '') = COALESCE(:old, '') with your own columns",
        )

    def _patiently(self, act: Callable[[], T]) -> T:
        for wait in WAITS_S if self._answered else ():
            try:
                return act()
            except Gone as error:
                self._waits(f"{error}; asking again in {wait:g} s")
                time.sleep(wait)
        found = act()
        self._answered = True
        return found

    def close(self) -> None:
        self._connection.close()


def rules_of(chosen: ArchiveSet) -> RowRules:
    """The rules of a set's table. Raises `UsageError` for a set without one."""
    if chosen.rows is None:
        raise UsageError(f"archives.{chosen.name} takes its objects from the disk", hint="it says no `source: sql`")
    return chosen.rows
