"""Check of the setting `prices`: a store's prices by region, where the program's own list lacks them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from msgspec import ValidationError, convert
from msgspec.structs import replace

from s3sync.config.secrets import hidden
from s3sync.config.values import BadValue
from s3sync.core.archive.prices import NOW, RegionPrices, price_problem
from s3sync.decoding import ready

MOST_REGIONS = 100
TIERS = (NOW, "Bulk", "Standard", "Expedited")
_REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def prices(value: object) -> Mapping[str, RegionPrices]:
    """Prices by region. Raises `BadValue`."""
    if not isinstance(value, Mapping):
        raise BadValue("it must be a mapping of regions", "write it like {ca-west-1: {storage: {STANDARD: 0.025}}}")
    if len(value) > MOST_REGIONS:
        raise BadValue(f"it has {len(value)} regions, and {MOST_REGIONS} are the most")
    return MappingProxyType({str(region): _of(str(region), said) for region, said in value.items() if said is not None})


def prices_of_repository(value: object) -> Mapping[str, RegionPrices]:
    """Checked prices that a repository says: whoever commits may not make a thaw look cheaper than the list knows it,
    nor say a price that the list lacks, for `--max-cost` and budgets go by it.
    """
    said = prices(value)
    return MappingProxyType({region: replace(found, only_raises=True) for region, found in said.items()})


def _of(region: str, said: object) -> RegionPrices:
    if not _REGION.fullmatch(region):
        raise BadValue("a region is named like us-east-1", at=(hidden(region),))
    if isinstance(said, RegionPrices):
        return said  # it was checked before
    if isinstance(said, Mapping) and "only-raises" in said:
        raise BadValue("`only-raises` is not for settings", "leave it out", (region,))
    try:
        found = convert(said, ready(RegionPrices))
    except ValidationError as error:
        raise BadValue(str(error), "docs/costs.md shows how prices are written", (region,)) from None
    if found.same_as is not None:
        raise BadValue("`as` is for the price list alone", "write the prices", (region,))
    for classes in (found.storage, found.write, found.read, found.retrieval, found.thaw):
        for name in classes:
            _check_class(name, region)
    for tiers in (*found.retrieval.values(), *found.thaw.values()):
        if wrong := next((tier for tier in tiers if tier not in TIERS), None):
            raise BadValue(f"{hidden(wrong)!r} is no tier", f"a tier is one of {', '.join(TIERS)}", (region,))
    if problem := price_problem(found):
        raise BadValue(problem, "a price is a number from 0 to below a million", (region,))
    return found


def _check_class(name: str, region: str) -> None:
    """Raise `BadValue` for what is no storage class, with the word that was meant."""
    from s3sync.core.archive.classes import CLASSES_OF
    from s3sync.core.archive.rule_files import CLASSES, class_meant

    if not any(name in one.names for one in CLASSES_OF.values()):
        meant = class_meant(name)
        hint = f"it is called {meant}" if meant else f"one of {', '.join(CLASSES)}"
        raise BadValue(f"{hidden(name)!r} is no storage class", hint, (region,))
