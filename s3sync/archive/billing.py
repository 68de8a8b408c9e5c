"""Costs of what the catalogue has: now, over the next months with the rules that hold, and as it could be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import ceil

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.price_list import not_of
from s3sync.archive.stored import size_there
from s3sync.archive.transition import copies_of
from s3sync.config import Settings, mask_url
from s3sync.config.archive_classes import classes_of
from s3sync.config.schemes import is_on_aws, scheme_of
from s3sync.core.archive.costs import (
    MINIMUM_DAYS,
    MINIMUM_SIZED,
    SMALLEST,
    Item,
    Money,
    Moves,
    colder,
    early_cost,
    month_cost,
    overhead_cost,
    projected,
    restore_cost,
    scenarios,
    transition_cost,
)
from s3sync.core.archive.lifecycle import Rule, moves_of
from s3sync.core.archive.prices import PriceBook, RegionPrices
from s3sync.core.archive.records import Archived
from s3sync.core.archive.values import Pack
from s3sync.core.times import parse_time
from s3sync.errors import ConfigError


class ClassCost(Struct, frozen=True):
    """A month of one storage class."""

    storage_class: str
    archives: int
    size: int
    month: Money


class UnitCost(Struct, frozen=True):
    """A month of one unit, and what reading all of it back costs."""

    unit: str
    set: str
    size: int
    month: Money
    restore: Money


class CostReport(Struct, frozen=True):
    """Costs of archives in one region. `small`: archives that no rule moves, because they are below 128 KB.

    `overhead` is the part of `month` that is no byte of the archives; `leaving` what minimum durations would still cost
    if all of them left their classes now.
    """

    store: str
    region: str
    currency: str
    as_of: str
    classes: tuple[ClassCost, ...]
    units: tuple[UnitCost, ...]
    month: Money
    months: tuple[Money, ...]
    scenarios: dict[str, Money]
    small: int
    overhead: Money
    leaving: Money

    @property
    def year(self) -> Money:
        return sum(self.months, Money())


def region_of(settings: Settings, said: str | None) -> str:
    """Region whose prices hold for a store. Raises `ConfigError` where nobody said it and it cannot be known."""
    scheme = scheme_of(settings.store)
    if said is not None and (why := not_of(settings, said)) is not None:
        raise ConfigError(
            f"there are no prices for {mask_url(settings.store)}",
            why=why,
            hint=f"write those of {scheme.vendor} into `prices` of your own settings, as docs/costs.md shows",
        )
    if said is not None:
        return said
    hint = "--region us-east-1 counts with the prices of that region; docs/costs.md shows how to write your own"
    if not (scheme.vendor == "AWS" or scheme.is_folder):
        hint = "docs/costs.md shows how to write your own"
    if scheme.is_folder:
        why = "a folder costs what its disk costs"
    elif not is_on_aws(settings.store, settings.endpoint_url):
        is_others = scheme.vendor not in (None, "AWS")
        why = f"the price list has none of {scheme.vendor}" if is_others else "it is no bucket on AWS"
    elif settings.region is None:
        why = "its region is not set"
    else:
        return settings.region
    raise ConfigError(
        f"there are no prices for {mask_url(settings.store)}",
        why=why,
        hint=hint,
    )


def cost_report(
    archives: Sequence[Archived],
    rules: Iterable[Rule],
    root: str,
    store: str,
    region: str,
    book: PriceBook,
    now: datetime,
) -> CostReport:
    """Costs of archives. `root` is where their store begins in its bucket; `rules` are the bucket's."""
    prices, rules = book.of(region), list(rules)
    pairs = [(one, item_of(one, rules, root, now)) for one in archives]
    items = [item for _, item in pairs]
    classes, kind = sorted({item.storage_class for item in items}), classes_of(store)
    warm, cold = (kind.order[0], kind.order[-1]) if kind is not None else ("STANDARD", "DEEP_ARCHIVE")
    return CostReport(
        store=store,
        region=region,
        currency=book.currency,
        as_of=book.month_of(region),
        classes=tuple(
            _class_cost(name, [one for one in items if one.storage_class == name], prices) for name in classes
        ),
        units=_unit_costs(pairs, prices),
        month=month_cost(items, prices),
        months=tuple(projected(items, prices)),
        scenarios=scenarios(items, prices, warm=warm, cold=cold),
        small=sum(1 for one, item in pairs if _stays_as_small(one, item, rules, root)),
        overhead=overhead_cost(items, prices),
        leaving=remainder(archives, prices, now),
    )


def _stays_as_small(archive: Archived, item: Item, rules: Sequence[Rule], root: str) -> bool:
    """True if no rule moves an archive because of its size: one would move a larger one, or its tags ask for it."""
    is_small = archive.size < SMALLEST * item.objects and not item.moves
    larger = moves_of(rules, f"{root}{archive.key}", archive.tags, SMALLEST)
    return is_small and bool(archive.tags or colder(item.storage_class, larger, float("inf")) != item.storage_class)


def item_of(archive: Archived, rules: Sequence[Rule], root: str, now: datetime) -> Item:
    """An archive as it is billed."""
    objects = objects_of(archive)
    moves: Moves = moves_of(rules, f"{root}{archive.key}", archive.tags, archive.size // objects)
    age = _days_since(archive.uploaded_at, now)
    in_class = _days_since(archive.transitioned_at, now) if archive.transitioned_at else age
    return Item(archive.unit, archive.size, archive.storage_class, age, in_class, moves, objects)


def as_stored(settings: Settings, archives: Iterable[Archived]) -> list[Archived]:
    """Archives with the sizes that their store bills."""
    if settings.archives_of is None:
        return list(archives)
    return [replace(one, size=size_there(settings, one.size, objects_of(one))) for one in archives]


def objects_of(archive: Archived) -> int:
    """Number of objects that hold an archive."""
    if archive.pack is Pack.NONE:
        return max(1, archive.files)
    return archive.volume if archive.is_split else 1


def move_cost(archive: Archived, target: str, prices: RegionPrices, now: datetime, *, by_tag: bool) -> Money:
    """Cost of moving an archive to another class now, with what is left of the minimum duration of the old one.

    A copy in place reads what it copies, which some classes bill; one of more than 5 GiB goes in parts. A rule makes
    one request for each object, and so does its tag.
    """
    item = item_of(archive, (), "", now)
    one, size = item.objects, item.size // item.objects
    requests = one if by_tag else one * copies_of(size)
    total = transition_cost(
        item.size, item.storage_class, target, prices, item.class_days, objects=one, requests=requests
    )
    if by_tag:
        return total + transition_cost(0, "STANDARD", "STANDARD", prices, objects=one)
    read = restore_cost([item.size], item.storage_class, "Bulk", 0, prices, egress=False)
    return total + (read.retrieval if item.storage_class in MINIMUM_SIZED else Money())


def days_left(archive: Archived, now: datetime) -> int:
    """Days of the minimum duration of its class that are still billed if an archive leaves it now."""
    item = item_of(archive, (), "", now)
    return max(0, ceil(MINIMUM_DAYS.get(item.storage_class, 0) - item.class_days))


def remainder(archives: Iterable[Archived], prices: RegionPrices, now: datetime) -> Money:
    """Rest of the minimum durations that is billed if these archives are removed or moved now."""
    total = Money()
    for one in archives:
        item = item_of(one, (), "", now)
        total += early_cost(item.size, item.storage_class, item.class_days, prices, item.objects)
    return total


def _class_cost(name: str, items: list[Item], prices: RegionPrices) -> ClassCost:
    return ClassCost(name, len(items), sum(item.size for item in items), month_cost(items, prices))


def _unit_costs(pairs: Iterable[tuple[Archived, Item]], prices: RegionPrices) -> tuple[UnitCost, ...]:
    found: dict[tuple[str, str], UnitCost] = {}
    for archive, item in pairs:
        key = (archive.set, archive.unit)
        before = found.get(key, UnitCost(archive.unit, archive.set, 0, Money(), Money()))
        back = restore_cost([item.size], item.storage_class, "Bulk", 7, prices, egress=True, objects=item.objects).total
        month = before.month + month_cost([item], prices)
        found[key] = UnitCost(archive.unit, archive.set, before.size + item.size, month, before.restore + back)
    return tuple(sorted(found.values(), key=lambda one: (-one.month.amount, one.unit)))


def _days_since(text: str, now: datetime) -> float:
    when = parse_time(text)
    return 0.0 if when is None else max(0.0, (now - when).total_seconds() / 86400)
