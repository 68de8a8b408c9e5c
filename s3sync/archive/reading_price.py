"""Price of reading archives back as a whole, before it: what it has to be agreed to for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from s3sync.archive.billing import objects_of
from s3sync.archive.thaw import Price, price_of
from s3sync.config import Settings
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.costs import COLD
from s3sync.core.archive.records import Archived
from s3sync.errors import Halt, declined
from s3sync.store.aspects import ThawState, Tier

WORTH_A_QUESTION = 1.0
"""Price from which reading back asks."""


def reading_price(settings: Settings, archives: Iterable[Archived]) -> Price:
    """Price of reading these archives. Cold ones are not read, but for those that are thawed by now."""
    classes: dict[str, list[int]] = {}
    for one in archives:
        thawed = one.thaw is not None and one.thaw.state == ThawState.THAWED
        if one.storage_class in COLD and not thawed:
            continue
        objects = objects_of(one)
        sizes = classes.setdefault("STANDARD" if thawed else one.storage_class, [])
        sizes += [one.size // objects] * (objects - 1) + [one.size - one.size // objects * (objects - 1)]
    return price_of(settings, classes, (), Tier.BULK, 0)


def agree(settings: Settings, price: Price, limit: float | None, confirm: Callable[[Price], bool]) -> None:
    """Ask `confirm` about a price that is worth it, or not known as a whole where AWS bills it.

    With `limit` nobody is asked. Raises `Halt` for more than that, or a price that is not known, and where it is no.
    """
    if scheme_of(settings.store).is_folder or not price.objects:
        return
    total = price.cost.total if price.cost is not None else None
    is_known = total is not None and not total.unknown
    if limit is not None:
        if total is None or not is_known or total.amount > limit:
            why = price.unknown or "not all prices are known"
            if total is not None and is_known:
                why = f"it is {total.amount:.2f} {price.currency}"
            raise Halt(f"nothing was read back for {limit:.2f} or less", why=why, hint="raise --max-cost, or say --yes")
        return
    dear = total is not None and total.amount >= WORTH_A_QUESTION
    if (dear or (settings.endpoint_url is None and not is_known)) and not confirm(price):
        raise declined("nothing was read back")
