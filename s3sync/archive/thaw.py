"""Cold archives on their way to be read: which are cold, what reading them costs, and the wait for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct

from s3sync.archive.carrier import Carrier
from s3sync.archive.price_list import price_book
from s3sync.config import Settings
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.costs import Restore, restore_cost
from s3sync.core.archive.values import Index, Kind, Member, Pack
from s3sync.core.archive.volumes import archives_of
from s3sync.errors import Archived, ConfigError, NotFound, Unsupported
from s3sync.store.aspects import Thaw, Thaws, ThawState, Tier, aspect

FIRST_POLL_S, POLL_S = 1.0, 60.0
LOOK_S = 0.5


class ColdObject(Struct, frozen=True):
    """An object that is not read at once."""

    key: str
    size: int
    thaw: Thaw


def objects_of(index: Index, members: Iterable[Member]) -> list[tuple[str, int]]:
    """Keys and sizes of the objects that hold these members."""
    if index.pack is not Pack.NONE:
        archives = archives_of(index)
        if len(archives) == 1:
            return [(index.key, index.size)]
        wanted = set(members)
        return [(one.key, one.size) for one in archives if not wanted.isdisjoint(one.members)]
    return [(member.key, member.size) for member in members if member.key is not None and member.kind is Kind.FILE]


def cold_of(carrier: Carrier, objects: Iterable[tuple[str, int]]) -> list[ColdObject]:
    """Those that cannot be read now. A store that reads what it calls cold at once is believed.

    Raises `StoreError`; what is gone is found by whoever reads it.
    """
    thaws = aspect(carrier.store, Thaws)
    if thaws is None:
        return []

    def look(one: tuple[str, int]) -> ColdObject | None:
        try:
            found = thaws.thaw_of(one[0])
        except NotFound:
            return None
        if found.state in (ThawState.WARM, ThawState.THAWED) or _is_readable(carrier, one[0]):
            return None
        return ColdObject(*one, found)

    results = list(carrier.pool.map(look, list(objects)))
    return [found for _, result in results if (found := result.result()) is not None]


def _is_readable(carrier: Carrier, key: str) -> bool:
    try:
        with carrier.store.get(key, start=0, stop=1) as reader:
            return any(len(chunk) for chunk in reader)
    except Archived:
        return False


def thaw_all(carrier: Carrier, cold: Iterable[ColdObject], days: int, tier: Tier) -> list[ColdObject]:
    """Ask for a thaw of each that nobody asked for yet. Raises `Unsupported` for a tier that the class lacks."""
    thaws = aspect(carrier.store, Thaws)
    if thaws is None:
        raise Unsupported(f"{carrier.store.url} has nothing to thaw")

    def ask(one: ColdObject) -> ColdObject:
        if one.thaw.state is ThawState.THAWING:
            return one
        return ColdObject(one.key, one.size, thaws.thaw(one.key, days=days, tier=tier))

    results = list(carrier.pool.map(ask, list(cold)))
    return [result.result() for _, result in results]


def wait_for(carrier: Carrier, cold: list[ColdObject]) -> None:
    """Wait until all of them can be read: asked soon at first, and then every minute."""
    wait_s = FIRST_POLL_S
    while cold:
        until, wait_s = time.monotonic() + wait_s, min(POLL_S, wait_s * 2)
        while time.monotonic() < until:
            carrier.pool.check()
            time.sleep(LOOK_S)
        cold = cold_of(carrier, [(one.key, one.size) for one in cold])


def check_tier(cold: Iterable[ColdObject], tier: Tier) -> None:
    """Raise `Unsupported` before anything is asked for, if a class does not have the tier."""
    for one in cold:
        if tier is Tier.EXPEDITED and one.thaw.storage_class == "DEEP_ARCHIVE":
            raise Unsupported(
                f"cannot thaw {one.key} expedited",
                why="DEEP_ARCHIVE has no expedited thaw",
                hint="--tier standard takes up to 12 hours, --tier bulk up to 48",
            )


class Price(Struct, frozen=True):
    """Price of a restore, before it; `cost` is None where no prices are known, for the reason in `unknown`."""

    objects: int
    cold: int
    size: int
    tier: Tier
    days: int
    cost: Restore | None
    unknown: str | None
    currency: str = "USD"
    as_of: str = ""


def price_of(
    settings: Settings,
    classes: dict[str, list[int]],
    cold: Iterable[ColdObject],
    tier: Tier,
    days: int,
) -> Price:
    """Price of reading objects, whose sizes are by storage class. Nothing is guessed."""
    waiting = sum(1 for one in cold if one.thaw.state is ThawState.COLD)
    sizes = [size for found in classes.values() for size in found]
    without = Price(len(sizes), waiting, sum(sizes), tier, days, None, None)
    if scheme_of(settings.store).is_folder:
        return without
    if settings.endpoint_url is not None or settings.region is None:
        why = "the store is not AWS's" if settings.endpoint_url is not None else "the region is not set"
        return _unknown(without, why)
    book = price_book(settings.prices)
    try:
        prices = book.of(settings.region)
    except ConfigError as error:
        return _unknown(without, error.message)
    total: Restore | None = None
    for name, found in classes.items():
        one = restore_cost(found, name, str(tier), days, prices, egress=True)
        total = one if total is None else _sum(total, one)
    return Price(
        len(sizes), waiting, sum(sizes), tier, days, total, None, book.currency, book.month_of(settings.region)
    )


def _unknown(price: Price, why: str) -> Price:
    return Price(price.objects, price.cold, price.size, price.tier, price.days, None, why)


def _sum(one: Restore, other: Restore) -> Restore:
    return Restore(
        one.retrieval + other.retrieval,
        one.requests + other.requests,
        one.temporary_copy + other.temporary_copy,
        one.egress + other.egress,
    )


Confirm = Callable[[Price], bool]


def until_of(cold: Iterable[ColdObject]) -> datetime | None:
    """Time at which the first of the thawed copies ends."""
    return min((one.thaw.until for one in cold if one.thaw.until is not None), default=None)
