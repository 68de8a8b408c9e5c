"""Forecast of what sets would archive: units, files and sizes by year, the time to send them, the price."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.price_list import not_of, price_book
from s3sync.archive.speed import Measured
from s3sync.archive.stored import size_there
from s3sync.archive.units import EMPTY, is_due
from s3sync.config import Settings
from s3sync.config.schemes import is_on_aws, scheme_of
from s3sync.core.archive.costs import SMALLEST, Item, Money, colder, month_cost
from s3sync.core.archive.lifecycle import moves_of, wanted_rules
from s3sync.core.archive.prices import PriceBook, RegionPrices
from s3sync.core.archive.values import ArchiveSet, Kind, Pack, Unit
from s3sync.core.quantities import counted
from s3sync.core.times import moment
from s3sync.errors import ConfigError, UsageError

Planned: TypeAlias = tuple[ArchiveSet, Settings, Iterable[Unit]]
"""A set with the settings of its store, and its units."""


class Total(Struct):
    """Units of one year, or of all."""

    units: int = 0
    files: int = 0
    size: int = 0

    def add(self, unit: Unit) -> None:
        self.units += 1
        self.files += sum(source.kind is Kind.FILE for source in unit.sources)
        self.size += unit.size


class UnitLine(Struct, frozen=True):
    """One unit as it is shown. `due`: it is to be sent: its newest file is as old as the set says, and no archive of it
    is known. `archived`: one is."""

    id: str
    key: str
    size: int
    files: int
    due: bool
    archived: bool
    refused: str | None
    problems: tuple[str, ...]


class SetAnalysis(Struct, frozen=True):
    """One set. `small`: objects under 128 KB, which lifecycle rules do not move by default. `archived`: what is here of
    `total`, and in the store already, by the catalogue; the others are `due` once they are old enough.

    `month` is the storage of what is due, for a month in the set's class, `sending` the requests of sending it; None
    where there are no prices, for the reason in `no_price`. `moved` is a month in the class to which rules of lifecycle
    move it, `moves` what they do, in words; None where the set needs none. `rate`: bytes a second of `seconds`;
    `measured`: the runs that it is of, None for one that was given.
    """

    set: ArchiveSet
    total: Total
    archived: Total
    due: Total
    years: dict[str, Total]
    units: tuple[UnitLine, ...]
    small: int
    seconds: float | None
    rate: int | None
    measured: Measured | None
    region: str | None
    as_of: str | None
    month: Money | None
    sending: Money | None
    moved: Money | None
    moves: str | None
    no_price: str | None

    @property
    def refused(self) -> list[UnitLine]:
        return [line for line in self.units if line.refused is not None]


class Analysis(Struct, frozen=True):
    """All sets that were asked about, and the price list they were counted with."""

    sets: tuple[SetAnalysis, ...]
    failed: tuple[tuple[str, ConfigError], ...]
    """Sets that could not be looked at, as where a disk is away."""
    as_of: str
    currency: str
    rate: int | None
    tables: tuple[str, ...] = ()
    """Sets that take their objects from a table, and have no units to look at."""

    @property
    def exit_code(self) -> int:
        return 3 if self.failed or any(one.refused for one in self.sets) else 0


def analyze(
    planned: Sequence[Planned],
    *,
    rate: int | None = None,
    region: str | None = None,
    measured: Mapping[str, Measured | None] | None = None,
    known: Mapping[str, Collection[str]] | None = None,
) -> Analysis:
    """Look at every unit of these sets. `measured`: rates of earlier runs by set, for where no rate is given. `known`:
    units by set of which an archive is known.

    A set that has not the units that are named is left out. Raises `UsageError` where none has them, `ConfigError` for
    a named region without prices, and where the only set cannot be looked at.
    """
    book = price_book()
    sets, failed, unfit = [], [], list[UsageError]()
    for chosen, settings, units in planned:
        mine = price_book(settings.prices)
        if region is not None:
            mine.of(region)
        speed = None if rate is not None or measured is None else measured.get(chosen.name)
        try:
            archived = (known or {}).get(chosen.name, ())
            sets.append(_analyzed(chosen, settings, units, mine, rate, speed, region, archived))
        except ConfigError as error:
            if len(planned) == 1:
                raise
            failed.append((chosen.name, error))
        except UsageError as error:
            unfit.append(error)
    if unfit and not sets and not failed:
        raise unfit[0]
    return Analysis(tuple(sets), tuple(failed), book.as_of, book.currency, rate)


def _analyzed(
    chosen: ArchiveSet,
    settings: Settings,
    units: Iterable[Unit],
    book: PriceBook,
    given: int | None,
    speed: Measured | None,
    region: str | None,
    known: Collection[str],
) -> SetAnalysis:
    now = time.time()
    total, archived, due, years, lines, items = Total(), Total(), Total(), defaultdict[str, Total](Total), [], []
    for unit in units:
        is_known = unit.id in known
        if is_known and unit.refused == EMPTY:
            continue  # its files left this disk for the archive
        ripe = is_due(chosen, unit, now) and not is_known
        lines.append(_line(unit, ripe=ripe, is_known=is_known))
        if unit.refused is not None:
            continue
        total.add(unit)
        if is_known:
            archived.add(unit)
        years[unit.fields.get("year") or str(moment(unit.newest_ns).year)].add(unit)
        if ripe:
            due.add(unit)
            items += items_of(chosen, unit, settings)
    prices, where, no_price = _prices(chosen, settings, book, region)
    rate = given if speed is None else speed.rate
    moved = [replace(item, storage_class=colder(item.storage_class, item.moves, float("inf"))) for item in items]
    moves = _moves_text(items)
    return SetAnalysis(
        set=chosen,
        total=total,
        archived=archived,
        due=due,
        years=dict(sorted(years.items())),
        units=tuple(lines),
        small=sum(item.size < SMALLEST for item in items),
        seconds=due.size / rate if rate else None,
        rate=rate,
        measured=speed,
        region=where,
        as_of=book.month_of(str(where)) if prices else None,
        month=month_cost(items, prices) if prices else None,
        sending=sending_cost(items, chosen, prices) if prices else None,
        moved=month_cost(moved, prices) if prices and moves else None,
        moves=moves,
        no_price=no_price,
    )


def _line(unit: Unit, *, ripe: bool, is_known: bool) -> UnitLine:
    files = sum(source.kind is Kind.FILE for source in unit.sources)
    return UnitLine(unit.id, unit.key, unit.size, files, ripe, is_known, unit.refused, unit.problems)


def _moves_text(items: Iterable[Item]) -> str | None:
    """Words for what rules do to these objects: `to DEEP_ARCHIVE after 30 days`."""
    found = sorted({move for item in items for move in item.moves})
    return ", ".join(f"to {name} after {counted(days, 'day')}" for days, name in found) or None


def items_of(chosen: ArchiveSet, unit: Unit, settings: Settings) -> list[Item]:
    """The objects that a unit becomes in the settings' store, with the moves of the set's rules.

    Compression is not known before.
    """
    has_rules = scheme_of(chosen.store).vendor == "AWS"
    rules, kept = wanted_rules([chosen], "").rules if has_rules else (), chosen.storage_class
    sizes = [unit.size]
    if chosen.pack is Pack.NONE:
        sizes = [source.size for source in unit.sources if source.kind is Kind.FILE]
    sizes = [size_there(settings, size) for size in sizes]
    return [Item(unit.id, size, kept, moves=moves_of(rules, unit.key, chosen.tags, size)) for size in sizes]


def sending_cost(items: Sequence[Item], chosen: ArchiveSet, prices: RegionPrices) -> Money:
    """Price of the requests by which these objects are sent."""
    price = prices.write.get(chosen.storage_class)
    if price is None:
        return Money(0.0, frozenset((f"requests of {chosen.storage_class}",)))
    parts = sum(1 if item.size < PART else item.size // PART + 3 for item in items)
    return Money(parts * price / 1000)


PART = 16 << 20
"""Bytes of a part of a large upload, as a guess for the number of requests."""


def _prices(
    chosen: ArchiveSet, settings: Settings, book: PriceBook, region: str | None
) -> tuple[RegionPrices | None, str | None, str | None]:
    """Prices of the region, its name, and the reason where there are none: nothing is guessed."""
    if region is None:
        if scheme_of(chosen.store).is_folder:
            return None, None, "a folder costs what its disk costs"
        vendor = scheme_of(chosen.store).vendor
        if vendor not in (None, "AWS"):
            why = f"the price list has none of {vendor}; --region counts with prices of your own (docs/costs.md)"
            return None, None, why
        if not is_on_aws(chosen.store, settings.endpoint_url):
            return None, None, "the store is not AWS's; --region counts with the prices of an AWS region"
        if settings.region is None:
            return None, None, "the region is not set; name it with --region"
    where = region or str(settings.region)
    if (other := not_of(settings, where)) is not None:
        return None, where, other
    try:
        return book.of(where), where, None
    except ConfigError as error:
        return None, where, error.message
