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
COLD = ("GLACIER", "DEEP_ARCHIVE", "Archive")
"""Classes that have to be thawed, of S3 and of Azure. Google's are all read at once."""
_WITH_OVERHEAD = ("GLACIER", "DEEP_ARCHIVE")
MINIMUM_SIZED = ("STANDARD_IA", "ONEZONE_IA", "GLACIER_IR")
MINIMUM_DAYS: Mapping[str, int] = {
    "STANDARD_IA": 30, "ONEZONE_IA": 30, "GLACIER_IR": 90, "GLACIER": 90, "DEEP_ARCHIVE": 180,
    "NEARLINE": 30, "COLDLINE": 90, "ARCHIVE": 365, "Cool": 30, "Cold": 90, "Archive": 180,
}  # fmt: skip
"""Days that are billed even if an object leaves its class sooner."""
COLDNESS = ("STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
"""Classes of S3 in the order in which rules move objects: never back. Those of others are in `classes.py`."""
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


def money_text(money: Money, currency: str = "USD") -> str:
    """An amount; one that lacks something says so, and of which nothing is known is none.

    The names in it may be anybody's.
    """
    if not money.unknown:
        return amount_text(money.amount, currency)
    known = f"at least {amount_text(money.amount, currency)}" if money.amount else "not known"
    return f"{known} (no price for {', '.join(sorted(money.unknown))})"


class Item(Struct, frozen=True):
    """Something that is stored. `age_days` is since its upload, `class_days` since it came into its class.

    `objects`: number of objects of about one size that `size` is in.
    """

    name: str
    size: int
    storage_class: str
    age_days: float = 0.0
    class_days: float = 0.0
    moves: Moves = ()
    objects: int = 1


class Restore(Struct, frozen=True):
    """Cost of reading archives back, each part by itself."""

    retrieval: Money
    requests: Money
    temporary_copy: Money
    egress: Money

    @property
    def total(self) -> Money:
        return self.retrieval + self.requests + self.temporary_copy + self.egress


def billed(size: int, storage_class: str, objects: int = 1) -> tuple[tuple[str, int], ...]:
    """Bytes that are billed for objects, by class: with their overhead, or at least the smallest size of each."""
    if storage_class in _WITH_OVERHEAD:
        return ((storage_class, size + objects * IN_COLD), ("STANDARD", objects * IN_STANDARD))
    if storage_class in MINIMUM_SIZED:
        return ((storage_class, max(size, objects * SMALLEST)),)
    return ((storage_class, size),)


def class_notes(storage_class: str) -> str | None:
    """Extras that a class bills beyond its bytes, in words; None for one that bills nothing more."""
    days = MINIMUM_DAYS.get(storage_class)
    if days is None:
        return None
    more = ""
    if storage_class in _WITH_OVERHEAD:
        more = f", and {(IN_COLD + IN_STANDARD) // 1024} KB more for each object"
    elif storage_class in MINIMUM_SIZED:
        more = f", and at least {SMALLEST // 1024} KB for each object"
    return f"{storage_class}: at least {days} days are billed{more}"


def month_cost(items: Iterable[Item], prices: RegionPrices) -> Money:
    """Storage of a month as things stand."""
    total = NOTHING
    for item in items:
        total += _storage(item.size, item.storage_class, prices, item.objects)
    return total


def overhead_cost(items: Iterable[Item], prices: RegionPrices) -> Money:
    """Share of a month's storage that is no byte of the archives: overhead, and what small objects lack."""
    total = NOTHING
    for item in items:
        for name, stored in billed(item.size, item.storage_class, item.objects):
            more = stored - (item.size if name == item.storage_class else 0)
            total += _priced(prices.storage.get(name), name).times(more / GB) if more else NOTHING
    return total


def projected(items: Iterable[Item], prices: RegionPrices, months: int = 12) -> list[Money]:
    """Cost of each of the next months: storage in the class of its beginning, and the moves that its rules make.

    A rule that takes an object out of a class before its minimum duration pays for the rest of it.
    """
    totals = [NOTHING] * months
    for item in items:
        now, since = item.storage_class, item.age_days - item.class_days
        for month in range(months):
            start = item.age_days + month * MONTH_DAYS
            before, now = now, colder(now, item.moves, start)
            if now != before:
                day = max(item.age_days, *(days for days, target in item.moves if target == now and days <= start))
                totals[month] += transition_cost(item.size, before, now, prices, day - since, objects=item.objects)
                since = day
            totals[month] += _storage(item.size, now, prices, item.objects)
    return totals


def colder(storage_class: str, moves: Moves, age_days: float) -> str:
    """Class of an object of some age. Rules move nothing to a warmer class."""
    for days, target in sorted(moves):
        if days <= age_days and _coldness(target) > _coldness(storage_class):
            storage_class = target
    return storage_class


def transition_cost(
    size: int,
    source: str,
    target: str,
    prices: RegionPrices,
    class_days: float | None = None,
    *,
    objects: int = 1,
    requests: int | None = None,
) -> Money:
    """Requests of a move to another class, and with `class_days` the days of the old class that are still billed.

    `requests`: their number where it is not one for each object, as for copies in parts.
    """
    number = objects if requests is None else requests
    request = _priced(prices.write.get(target), f"requests of {target}").times(number / 1000)
    return request + (NOTHING if class_days is None else early_cost(size, source, class_days, prices, objects))


def early_cost(size: int, storage_class: str, class_days: float, prices: RegionPrices, objects: int = 1) -> Money:
    """Days of the minimum duration that are still billed if objects leave their class now."""
    left = max(0.0, MINIMUM_DAYS.get(storage_class, 0) - class_days)
    return _storage(size, storage_class, prices, objects).times(left / 30) if left else NOTHING


def restore_cost(
    sizes: Sequence[int],
    storage_class: str,
    tier: str,
    days: int,
    prices: RegionPrices,
    *,
    egress: bool,
    objects: int | None = None,
) -> Restore:
    """Cost of reading objects of one class. `tier` counts for cold ones; those of S3 lie in STANDARD, too, for `days`.

    `egress`: the bytes leave the provider. `objects`: their number, where `sizes` has several together.
    """
    amount, cold = sum(sizes) / GB, storage_class in COLD
    thousands = (len(sizes) if objects is None else objects) / 1000
    way = tier if cold else NOW
    retrieval = _priced(prices.retrieval.get(storage_class, {}).get(way), f"retrieval from {storage_class}")
    requests = _priced(prices.read.get(storage_class), f"reading {storage_class}").times(thousands)
    copy = NOTHING
    if cold:
        thaw = _priced(prices.thaw.get(storage_class, {}).get(tier), f"thaw requests of {storage_class}")
        requests += thaw.times(thousands)
    if storage_class in _WITH_OVERHEAD:
        copy = _priced(prices.storage.get("STANDARD"), "STANDARD").times(amount * days / 30)
    out = _priced(prices.egress, "egress").times(amount) if egress else NOTHING
    return Restore(retrieval.times(amount), requests, copy, out)


def scenarios(
    items: Sequence[Item],
    prices: RegionPrices,
    *,
    warm: str = "STANDARD",
    cold: str = "DEEP_ARCHIVE",
    recent_days: float = 90,
) -> dict[str, Money]:
    """A month's storage if all were in the warmest class, all in the coldest, or the recent in that and the rest in
    this.
    """
    total = dict.fromkeys((warm, cold, "hybrid"), NOTHING)
    for item in items:
        at_hand, away = (_storage(item.size, name, prices, item.objects) for name in (warm, cold))
        total[warm] += at_hand
        total[cold] += away
        total["hybrid"] += at_hand if item.age_days < recent_days else away
    return total


def _storage(size: int, storage_class: str, prices: RegionPrices, objects: int = 1) -> Money:
    total = NOTHING
    for name, stored in billed(size, storage_class, objects):
        total += _priced(prices.storage.get(name), name).times(stored / GB)
    return total


def _priced(price: float | None, name: str) -> Money:
    return Money(0.0, frozenset((name,))) if price is None else Money(price)


def _coldness(storage_class: str) -> int:
    return COLDNESS.index(storage_class) if storage_class in COLDNESS else 0
