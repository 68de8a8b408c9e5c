"""Costs of a month, divided by project, class or user: each way of dividing has the same sum.

AWS bills storage for the hours for which it lay there, so a file of 30 GB that was sent in the middle of a month costs
as one of 15 GB (https://aws.amazon.com/s3/pricing/, "Storage"). What was deleted since is in no listing, and in no sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct

from s3sync.core.archive.costs import GB, NOTHING, Money
from s3sync.core.archive.prices import RegionPrices
from s3sync.core.money.books import STANDARD, Books, Lot, Traffic
from s3sync.core.money.by import By
from s3sync.core.money.month import DAY_S, Month

NO_PRICES = RegionPrices()


class Amounts(Struct, frozen=True):
    """Amounts of a month, or of a share of it. `size` and `objects` are what is there at its end, or now."""

    storage: Money = NOTHING
    requests: Money = NOTHING
    egress: Money = NOTHING
    size: int = 0
    objects: int = 0
    writes: int = 0
    reads: int = 0
    sent: int = 0
    received: int = 0

    @property
    def total(self) -> Money:
        return self.storage + self.requests + self.egress

    @property
    def traffic(self) -> Money:
        """Requests, and data out."""
        return self.requests + self.egress

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(
            self.storage + other.storage,
            self.requests + other.requests,
            self.egress + other.egress,
            self.size + other.size,
            self.objects + other.objects,
            self.writes + other.writes,
            self.reads + other.reads,
            self.sent + other.sent,
            self.received + other.received,
        )


class Share(Struct, frozen=True):
    """Costs of one project, class or user."""

    name: str
    amounts: Amounts


def shares(every: Iterable[Books], month: Month, now: float, by: By) -> tuple[Share, ...]:
    """Costs of a month up to `now`, the dearest share first."""
    found: dict[str, Amounts] = {}
    for books in every:
        for name, amounts in _amounts(books, month, now, _namer(by)):
            found[name] = found.get(name, Amounts()) + amounts
    rows = (Share(name, amounts) for name, amounts in found.items())
    return tuple(sorted(rows, key=lambda one: (-one.amounts.total.amount, -one.amounts.size, one.name)))


def total(every: Iterable[Books], month: Month, now: float) -> Amounts:
    """Costs of a month up to `now`."""
    return sum((one.amounts for one in shares(every, month, now, By.CLASS)), Amounts())


def rate(every: Iterable[Books], now: float, days: float, only: Callable[[Lot], bool] = lambda lot: True) -> Money:
    """Storage of a whole month of so many days, if all stays as it is now."""
    month = Month(now, now + days * DAY_S)
    held = ((_held(filter(only, _there(books, now)), month, month.end), books) for books in every)
    return sum((_price_of(one, books) for one, books in held), NOTHING)


def size_of(every: Iterable[Books], now: float, only: Callable[[Lot], bool]) -> int:
    """Bytes that are there now."""
    return sum(lot.size for books in every for lot in _there(books, now) if only(lot))


def storage(every: Iterable[Books], month: Month, now: float, *, as_standard: bool = False) -> Money:
    """Storage of a month up to `now`. `as_standard`: if everything had been left in STANDARD, without overhead."""
    held = ((_held(books.lots, month, now, as_standard=as_standard), books) for books in every)
    return sum((_price_of(one, books) for one, books in held), NOTHING)


def _there(books: Books, now: float) -> Iterator[Lot]:
    return (lot for lot in books.lots if lot.since <= now < lot.until)


def _namer(by: By) -> Callable[[Lot | Traffic], str]:
    if by is By.CLASS:
        return lambda one: one.storage_class
    return (lambda one: one.project) if by is By.PROJECT else (lambda one: one.user)


def _amounts(
    books: Books, month: Month, now: float, name: Callable[[Lot | Traffic], str]
) -> Iterator[tuple[str, Amounts]]:
    until = min(month.end, now)
    lots: dict[str, list[Lot]] = {}
    for lot in books.lots:
        if lot.since <= now and lot.since < month.end and lot.until > month.start:
            lots.setdefault(name(lot), []).append(lot)
    for key, some in lots.items():
        size = sum(lot.size for lot in some if until < lot.until)
        objects = sum(lot.objects for lot in some if until < lot.until)
        yield key, Amounts(_price_of(_held(some, month, now), books), size=size, objects=objects)
    for one in books.traffic:
        if one.month == month.name:
            yield name(one), _moved(one, books)


def _held(lots: Iterable[Lot], month: Month, now: float, *, as_standard: bool = False) -> dict[str, float]:
    """Bytes that are billed by class, each times the part of the month for which it lay there."""
    found: dict[str, float] = {}
    for lot in lots:
        share = month.share(lot.since, min(lot.until, now))
        if not share:
            continue
        for name, stored in ((STANDARD, lot.size),) if as_standard else lot.billed:
            found[name] = found.get(name, 0.0) + stored * share
    return found


def _price_of(held: Mapping[str, float], books: Books) -> Money:
    if books.is_free:
        return NOTHING
    prices = books.prices or NO_PRICES
    return sum((_priced(prices.storage.get(name), name, stored / GB) for name, stored in held.items()), NOTHING)


def _moved(one: Traffic, books: Books) -> Amounts:
    requests = egress = NOTHING
    if not books.is_free:
        prices, of = books.prices or NO_PRICES, one.storage_class
        requests = _priced(prices.write.get(of), f"requests of {of}", one.writes / 1000)
        requests += _priced(prices.read.get(of), f"reading {of}", one.reads / 1000)
        egress = _priced(prices.egress, "egress", one.received / GB)
    return Amounts(
        requests=requests, egress=egress, writes=one.writes, reads=one.reads, sent=one.sent, received=one.received
    )


def _priced(price: float | None, name: str, amount: float) -> Money:
    """Price of an amount; what has none is named, unless there is nothing of it."""
    if not amount:
        return NOTHING
    return Money(0.0, frozenset((name,))) if price is None else Money(price * amount)
