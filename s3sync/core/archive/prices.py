"""Prices of a store by region, as a dated file has them and the settings override them. None is ever guessed."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import DecodeError, Struct, ValidationError, field, json
from msgspec.structs import asdict, replace

from s3sync.decoding import ready
from s3sync.errors import ConfigError

NOW = "now"
"""Tier of a class that is read at once."""


class RegionPrices(Struct, frozen=True, forbid_unknown_fields=True):
    """Prices of one region by storage class.

    `storage`: for a GB and month, a GB being 2**30 bytes. `write` and `read`: for 1,000 requests, those that lifecycle
    rules make among them. `retrieval`: for a GB by tier; `thaw`: for 1,000 requests by tier. `egress`: for a GB out to
    the internet. `as_of`: the month in which they were read, where it is not that of the whole list. `only_raises`: of
    what a price book knows the dearer counts, and what it does not know stays unknown, because whoever wrote these
    prices may not make spending look cheaper.
    """

    storage: Mapping[str, float] = field(default_factory=dict)
    write: Mapping[str, float] = field(default_factory=dict)
    read: Mapping[str, float] = field(default_factory=dict)
    retrieval: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    thaw: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    egress: float | None = None
    as_of: str | None = None
    same_as: str | None = field(default=None, name="as")
    only_raises: bool = field(default=False, name="only-raises")


class PriceBook(Struct, frozen=True, forbid_unknown_fields=True):
    """Prices of several regions. `as_of`: the month of the price list; `source`: where they were read."""

    as_of: str
    currency: str
    source: str
    regions: Mapping[str, RegionPrices]

    def of(self, region: str) -> RegionPrices:
        """Prices of a region. Raises `ConfigError` for one that has none."""
        found = self.regions.get(region)
        if found is not None and found.same_as is not None:
            found = self.regions.get(found.same_as)
        if found is None:
            from difflib import get_close_matches

            near = get_close_matches(region, self.regions, 1, 0.8)
            known = ", ".join(sorted(self.regions))
            raise ConfigError(
                f"there are no prices for the region {region!r}",
                why=f"the price list of {self.as_of} has {known}" + (f"; did you mean {near[0]}?" if near else ""),
                hint="write the prices of your region into your settings, as docs/costs.md shows, or say --region",
            )
        return found

    def month_of(self, region: str) -> str:
        """Month in which the prices of a region were read. Raises `ConfigError` as `of` does."""
        return self.of(region).as_of or self.as_of

    def overridden(self, mine: Mapping[str, RegionPrices]) -> PriceBook:
        """The book with prices of the settings instead of its own; what they do not say stays."""
        merged = dict(self.regions)
        for region, said in mine.items():
            if said.only_raises and region not in merged:
                continue
            merged[region] = _merge(self.of(region) if region in merged else RegionPrices(), said)
        return replace(self, regions=merged)


def parse_prices(body: bytes, name: str) -> PriceBook:
    """A price file. Raises `ConfigError`."""
    try:
        book = json.decode(body, type=ready(PriceBook))
    except (ValidationError, DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"cannot use the price file {name}", why=str(error), hint="docs/costs.md shows one") from None
    for region, prices in book.regions.items():
        if problem := price_problem(prices):
            raise ConfigError(f"cannot use the price file {name}", why=f"{region}: {problem}")
    return book


def price_problem(prices: RegionPrices) -> str | None:
    """A price that cannot be one, in words."""
    numbers = [*prices.storage.values(), *prices.write.values(), *prices.read.values()]
    numbers += [one for tiers in (*prices.retrieval.values(), *prices.thaw.values()) for one in tiers.values()]
    numbers += [] if prices.egress is None else [prices.egress]
    wrong = next((one for one in numbers if not 0 <= one < 1e6), None)
    return None if wrong is None else f"{wrong} is no price"


def _merge(old: RegionPrices, new: RegionPrices) -> RegionPrices:
    merged: dict[str, object] = {}
    for name, value in asdict(_raised(old, new) if new.only_raises else new).items():
        before = getattr(old, name)
        if isinstance(value, Mapping):
            merged[name] = {**before, **value}
        else:
            merged[name] = before if value is None else value
    return RegionPrices(**{**merged, "same_as": None, "only_raises": False})  # type: ignore[arg-type]


def _raised(old: RegionPrices, new: RegionPrices) -> RegionPrices:
    """The dearer of both wherever `old` has a price, and nothing else of `new`."""

    def dearer(known: Mapping[str, float], said: Mapping[str, float]) -> dict[str, float]:
        return {name: max(price, known[name]) for name, price in said.items() if name in known}

    def by_tier(
        known: Mapping[str, Mapping[str, float]], said: Mapping[str, Mapping[str, float]]
    ) -> dict[str, Mapping[str, float]]:
        return {name: {**known[name], **dearer(known[name], tiers)} for name, tiers in said.items() if name in known}

    return replace(
        new,
        storage=dearer(old.storage, new.storage),
        write=dearer(old.write, new.write),
        read=dearer(old.read, new.read),
        retrieval=by_tier(old.retrieval, new.retrieval),
        thaw=by_tier(old.thaw, new.thaw),
        egress=None if old.egress is None or new.egress is None else max(old.egress, new.egress),
    )
