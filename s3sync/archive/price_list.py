"""The price list that comes with the program, with what the settings say instead."""

from __future__ import annotations

from collections.abc import Mapping

from s3sync.config import Settings
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.prices import PriceBook, RegionPrices, parse_prices

FILE = "prices.json"


def price_book(mine: Mapping[str, RegionPrices] | None = None) -> PriceBook:
    """Prices by region. Raises `ConfigError`."""
    from importlib import resources  # it takes longer than the rest

    body = resources.files("s3sync.archive").joinpath(FILE).read_bytes()
    return parse_prices(body, FILE).overridden(mine or {})


def not_of(settings: Settings, region: str) -> str | None:
    """Reason for which the prices of a region cannot be those of a store; None where they may.

    The list is of AWS. Another vendor has classes of the same name, and other prices: those in the user's own settings,
    under a name that is no region of AWS. Of a store whose vendor is not known, whoever names a region says so.
    """
    vendor = scheme_of(settings.store).vendor
    if vendor in (None, "AWS"):
        return None
    if region in price_book().regions:
        return f"the price list has none of {vendor}: {region} is a region of AWS"
    mine = (settings.prices or {}).get(region)
    return None if mine is not None and not mine.only_raises else f"the price list has none of {vendor}"
