"""Costs of archives: a month's, those of the next months, those of reading, and those of leaving a class too early.

Amounts are in the currency of the prices. What has no price is never counted as nothing: its class is told in
`Money.unknown`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeAlias

from msgspec import Struct

from s3sync.core.archive.prices import NOW, RegionPrices

GB = 1 << 30
"""A GB of a bill."""
SMALLEST = 128 * 1024
"""Size that an object of some classes is billed for at least, and below which S3 moves none to another class."""
IN_COLD, IN_STANDARD = 32 * 1024, 8 * 1024
"""Overhead of each cold object: in its own class, and in STANDARD."""
COLD = ("GLACIER", "DEEP_ARCHIVE")
MINIMUM_SIZED = ("STANDARD_IA", "ONEZONE_IA", "GLACIER_IR")
MINIMUM_DAYS: Mapping[str, int] = {
    "STANDARD_IA": 30, "ONEZONE_IA": 30, "GLACIER_IR": 90, "GLACIER": 90, "DEEP_ARCHIVE": 180,
}  # fmt: skip
"""Days that are billed even if an object leaves its class sooner."""
COLDNESS = ("STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
"""Classes in the order in which rules move objects: never back."""
MONTH_DAYS = 365 / 12

Moves: TypeAlias = tuple[tuple[int, str], ...]
"""Days after its upload at which an object moves, each with the class that it goes to."""


class Money(Struct, frozen=True):
    """An amount, and the names of what has no price."""

    amount: float = 0.0
    unknown: frozenset[str] = frozenset()

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + other.amount, self.unknown | other.unknown)

    def times(self, factor: float) -> Money:
        return Money(self.amount * factor, self.unknown)


NOTHING = Money()


def amount_text(amount: float, currency: str = "USD") -> str:
    """`$19.02`; less than a cent is said as such, and nothing as `$0.00`."""
    cents = Decimal(repr(round(amount, 9))).quantize(Decimal("0.01"), ROUND_HALF_UP)
    sign = "$" if currency == "USD" else f"{currency} "
    return f"under {sign}0.01" if amount > 0 and not cents else f"{sign}{cents:,}"


class Item(Struct, frozen=True):
    """Something that is stored. `age_days` is since its upload, `class_days` since it came into its class."""

    name: str
    size: int
    storage_class: str
    age_days: float = 0.0
    class_days: float = 0.0
    moves: Moves = ()


class Restore(Struct, frozen=True):
    """Cost of reading archives back, each part by itself."""

    retrieval: Money
    requests: Money
    temporary_copy: Money
    egress: Money

    @property
    def total(self) -> Money:
        return self.retrieval + self.requests + self.temporary_copy + self.egress


def billed(size: int, storage_class: str) -> tuple[tuple[str, int], ...]:
    """Bytes that are billed for an object, by class: with its overhead, or at least the smallest size."""
    if storage_class in COLD:
        return ((storage_class, size + IN_COLD), ("STANDARD", IN_STANDARD))
    if storage_class in MINIMUM_SIZED:
        return ((storage_class, max(size, SMALLEST)),)
    return ((storage_class, size),)


def month_cost(items: Iterable[Item], prices: RegionPrices) -> Money:
    """Storage of a month as things stand."""
    total = NOTHING
    for item in items:
        total += _storage(item.size, item.storage_class, prices)
    return total


def projected(items: Iterable[Item], prices: RegionPrices, months: int = 12) -> list[Money]:
    """Cost of each of the next months: storage in the class of its beginning, and the moves that its rules make."""
    totals = [NOTHING] * months
    for item in items:
        now = item.storage_class
        for month in range(months):
            start = item.age_days + month * MONTH_DAYS
            before, now = now, colder(now, item.moves, start)
            if now != before:
                totals[month] += transition_cost(item.size, before, now, prices)
            totals[month] += _storage(item.size, now, prices)
    return totals


def colder(storage_class: str, moves: Moves, age_days: float) -> str:
    """Class of an object of some age. Rules move nothing to a warmer class."""
    for days, target in sorted(moves):
        if days <= age_days and _coldness(target) > _coldness(storage_class):
            storage_class = target
    return storage_class


def transition_cost(
    size: int, source: str, target: str, prices: RegionPrices, class_days: float | None = None
) -> Money:
    """Requests of a move to another class, and with `class_days` the days of the old class that are still billed."""
    request = _priced(prices.write.get(target), f"requests of {target}").times(1 / 1000)
    return request + (NOTHING if class_days is None else early_cost(size, source, class_days, prices))


def early_cost(size: int, storage_class: str, class_days: float, prices: RegionPrices) -> Money:
    """Days of the minimum duration that are still billed if an object leaves its class now."""
    left = max(0.0, MINIMUM_DAYS.get(storage_class, 0) - class_days)
    return _storage(size, storage_class, prices).times(left / 30) if left else NOTHING


def restore_cost(
    sizes: Sequence[int], storage_class: str, tier: str, days: int, prices: RegionPrices, *, egress: bool
) -> Restore:
    """Cost of reading objects of one class. `tier` counts for cold ones, which lie in STANDARD, too, for `days`.

    `egress`: the bytes leave the provider.
    """
    amount, cold = sum(sizes) / GB, storage_class in COLD
    way = tier if cold else NOW
    retrieval = _priced(prices.retrieval.get(storage_class, {}).get(way), f"retrieval from {storage_class}")
    requests = _priced(prices.read.get(storage_class), f"reading {storage_class}").times(len(sizes) / 1000)
    copy = NOTHING
    if cold:
        thaw = _priced(prices.thaw.get(storage_class, {}).get(tier), f"thaw requests of {storage_class}")
        requests += thaw.times(len(sizes) / 1000)
        copy = _priced(prices.storage.get("STANDARD"), "STANDARD").times(amount * days / 30)
    out = _priced(prices.egress, "egress").times(amount) if egress else NOTHING
    return Restore(retrieval.times(amount), requests, copy, out)


def scenarios(items: Sequence[Item], prices: RegionPrices, *, recent_days: float = 90) -> dict[str, Money]:
    """A month's storage if all were STANDARD, all DEEP_ARCHIVE, or the recent STANDARD and the rest DEEP_ARCHIVE."""
    total = dict.fromkeys(("STANDARD", "DEEP_ARCHIVE", "hybrid"), NOTHING)
    for item in items:
        warm, cold = (_storage(item.size, name, prices) for name in ("STANDARD", "DEEP_ARCHIVE"))
        total["STANDARD"] += warm
        total["DEEP_ARCHIVE"] += cold
        total["hybrid"] += warm if item.age_days < recent_days else cold
    return total


def _storage(size: int, storage_class: str, prices: RegionPrices) -> Money:
    total = NOTHING
    for name, stored in billed(size, storage_class):
        total += _priced(prices.storage.get(name), name).times(stored / GB)
    return total


def _priced(price: float | None, name: str) -> Money:
    return Money(0.0, frozenset((name,))) if price is None else Money(price)


def _coldness(storage_class: str) -> int:
    return COLDNESS.index(storage_class) if storage_class in COLDNESS else 0
