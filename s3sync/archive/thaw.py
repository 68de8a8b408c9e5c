"""Cold archives on their way to be read: which are cold, what reading them costs, and the wait for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from s3sync.archive.carrier import Carrier
from s3sync.archive.price_list import price_book
from s3sync.archive.stored import size_there
from s3sync.config import Settings
from s3sync.config.schemes import is_on_aws, scheme_of
from s3sync.core.archive.costs import Money, Restore, restore_cost
from s3sync.core.archive.values import Index, Kind, Member, Pack
from s3sync.core.archive.volumes import archives_of
from s3sync.errors import ENDS_THE_RUN, Archived, ConfigError, Halt, NotFound, StoreError, Unsupported
from s3sync.store.aspects import Thaw, Thaws, ThawState, Tier, aspect

FIRST_POLL_S, POLL_S = 1.0, 60.0
LOOK_S = 0.5
LONGEST_S = 4 * 24 * 3600.0
"""Seconds that a thaw is waited for: twice the longest there is, by S3's bulk tier from DEEP_ARCHIVE."""
LISTED_FROM = 4
"""Objects from which on a listing is asked before each of them is."""
PAGE = 1000
"""Objects that one request lists."""


class ColdObject(Struct, frozen=True):
    """An object that is not read at once. `size`: as the store says, which bills it; an index may say less."""

    key: str
    size: int
    thaw: Thaw


def objects_of(index: Index, members: Iterable[Member]) -> list[tuple[str, int]]:
    """Keys and sizes of the objects that hold these members. Where all files have one of their own, no other does."""
    members = members if isinstance(members, Sequence) else list(members)
    if index.pack is not Pack.NONE and not _have_own(members):
        archives = archives_of(index)
        if len(archives) == 1:
            return [(index.key, index.size)]
        wanted = set(members)
        return [(one.key, one.size) for one in archives if not wanted.isdisjoint(one.members)]
    return [(member.key, member.size) for member in members if member.key is not None and member.kind is Kind.FILE]


def _have_own(members: Sequence[Member]) -> bool:
    """True if there are files, and each has an object of its own, as sidecars do."""
    files = (one.key is not None for one in members if one.kind is Kind.FILE)
    return next(files, False) and all(files)


class ThawLook:
    """Look at how thaws stand: by listings where the store tells it there, else object by object.

    A listing takes no more requests than asking for each would, and is given up where it tells nothing.
    """

    def __init__(self, carrier: Carrier) -> None:
        self._carrier, self._thaws = carrier, aspect(carrier.store, Thaws)
        self._listings_tell = True

    def states(self, objects: Iterable[tuple[str, int]]) -> list[ColdObject]:
        """State of each object that is there. None at all where the store knows no cold ones. Raises `StoreError`."""
        thaws, wanted = self._thaws, list(objects)
        if thaws is None:
            return []
        known = self._listed(thaws, [key for key, _ in wanted])

        def look(one: tuple[str, int]) -> ColdObject | None:
            try:
                key, said = one
                found = known.get(key) or thaws.thaw_of(key)
                return ColdObject(key, said if found.size is None else found.size, found)
            except NotFound:
                return None

        results = list(self._carrier.pool.map(look, wanted))
        return [found for _, result in results if (found := result.result()) is not None]

    def cold(self, objects: Iterable[tuple[str, int]]) -> list[ColdObject]:
        """Objects that cannot be read now. A store that reads what it calls cold at once is believed."""
        return self.unreadable(self.states(objects))

    def unreadable(self, states: Iterable[ColdObject]) -> list[ColdObject]:
        """Those of objects, whose states were looked at, that cannot be read now."""
        found: list[ColdObject] = []
        believed = False
        for one in states:
            expired = has_expired(one.thaw, self._carrier.clock())
            if one.thaw.state is ThawState.WARM or (one.thaw.state is ThawState.THAWED and not expired):
                continue
            if not believed and _is_readable(self._carrier, one.key):
                continue
            believed = believed or not expired  # one that is refused speaks for the others
            found.append(replace(one, thaw=replace(one.thaw, state=ThawState.COLD)) if expired else one)
        return found

    def _listed(self, thaws: Thaws, keys: list[str]) -> dict[str, Thaw]:
        if len(keys) < LISTED_FROM or not self._listings_tell:
            return {}
        wanted, last, most = set(keys), max(keys), PAGE * (len(keys) // 2)
        found: dict[str, Thaw] = {}
        unsaid: dict[str, Thaw] = {}
        try:
            for info, thaw in islice(thaws.list_thaws(_folder_of(min(keys), last)), most):
                self._carrier.pool.check()
                if info.key > last:
                    break
                if info.key in wanted and thaw is not None:
                    found[info.key] = replace(thaw, size=info.size)
                elif info.key in wanted:
                    unsaid[info.key] = Thaw(ThawState.COLD, info.storage_class or "", size=info.size)
        except ENDS_THE_RUN:
            raise
        except StoreError:  # who may not list may still ask for each
            self._listings_tell = False
            return {}
        # A store that tells of one thaw tells of all: what it says nothing of is cold. Others say nothing at all.
        tells = any(one.state in (ThawState.THAWING, ThawState.THAWED) for one in found.values())
        self._listings_tell = tells or not unsaid
        return found | unsaid if tells else found


def _folder_of(first: str, last: str) -> str:
    """Prefix of all keys between two, up to its last `/`."""
    same = next((n for n, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    return first[: first[:same].rfind("/") + 1]


def has_expired(thaw: Thaw, now: datetime) -> bool:
    """True for a thawed copy whose time is over, by the date that the store gave. It may be readable for a while."""
    return thaw.state is ThawState.THAWED and thaw.until is not None and thaw.until <= now


def is_awaited(thaw: Thaw, now: datetime) -> bool:
    """True for what was asked for and cannot be read yet. Some stores go on telling of the copy that is over."""
    return thaw.state in (ThawState.COLD, ThawState.THAWING) or has_expired(thaw, now)


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


def wait_for(look: ThawLook, carrier: Carrier, cold: list[ColdObject]) -> bool:
    """Wait until all of them can be read: asked soon at first, and then every minute. False where that never comes."""
    wait_s, give_up = FIRST_POLL_S, time.monotonic() + LONGEST_S
    while cold:
        if time.monotonic() > give_up:
            return False
        until, wait_s = time.monotonic() + wait_s, min(POLL_S, wait_s * 2)
        while time.monotonic() < until:
            carrier.pool.check()
            time.sleep(LOOK_S)
        cold = look.cold((one.key, one.size) for one in cold)
    return True


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

    @property
    def amount(self) -> float | None:
        """Amount of all of it; None where some of it has no price."""
        total = self.cost.total if self.cost is not None else Money()
        return None if self.cost is None or total.unknown else total.amount

    @property
    def lacking(self) -> str:
        """The reason why the amount is not known, in words."""
        names = sorted(self.cost.total.unknown) if self.cost is not None else []
        return f"there is no price for {', '.join(names)}" if names else self.unknown or "there are no prices"

    def above(self, limit: float, what: str) -> Halt:
        """Error for a price above a limit, or one that is not known. `what` was not done."""
        why, hint = f"the price is not known: {self.lacking}", "leave --max-cost out: then it asks, and --yes answers"
        if self.amount is not None:
            why, hint = f"it is {self.amount:.2f} {self.currency}", "raise --max-cost"
        return Halt(f"{what} for {limit:.2f} or less", why=why, hint=hint)


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
    on_aws = is_on_aws(settings.store, settings.endpoint_url)
    if not on_aws or settings.region is None:
        vendor = scheme_of(settings.store).vendor
        others = "the store is not AWS's" if vendor in (None, "AWS") else f"the price list has none of {vendor}"
        why = "the region is not set" if on_aws else others
        return _unknown(without, why)
    book = price_book(settings.prices)
    try:
        prices = book.of(settings.region)
    except ConfigError as error:
        return _unknown(without, error.message)
    total: Restore | None = None
    for name, found in classes.items():
        found = [size_there(settings, size) for size in found]
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
