"""The price list that comes with the program, with what the settings say instead."""

from __future__ import annotations

from collections.abc import Mapping

from s3sync.core.archive.prices import PriceBook, RegionPrices, parse_prices

FILE = "prices.json"


def price_book(mine: Mapping[str, RegionPrices] | None = None) -> PriceBook:
    """Prices by region. Raises `ConfigError`."""
    from importlib import resources  # it takes longer than the rest

    body = resources.files("s3sync.archive").joinpath(FILE).read_bytes()
    return parse_prices(body, FILE).overridden(mine or {})
