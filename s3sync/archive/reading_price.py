"""Price of reading archives back as a whole, before it: what it has to be agreed to for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from s3sync.archive.billing import objects_of
from s3sync.archive.run_report import RunReport, UnitState
from s3sync.archive.thaw import Price, price_of
from s3sync.config import Settings
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.costs import COLD
from s3sync.core.archive.records import Archived
from s3sync.core.archive.values import ArchiveSet, Pack
from s3sync.errors import declined
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


def price_of_run(settings: Settings, rules: ArchiveSet, report: RunReport) -> Price:
    """Price of reading back all that a run, by its plan, sends or finds archived. What is packed may be less."""
    sizes: list[int] = []
    for unit in report.units:
        if unit.state not in (UnitState.PLANNED, UnitState.KNOWN):
            continue
        size = unit.stored or unit.size
        parts = -(-size // rules.max_size) if rules.max_size else 1
        objects = max(1, unit.files if rules.pack is Pack.NONE else parts)
        sizes += [size // objects] * (objects - 1) + [size - size // objects * (objects - 1)]
    classes = {rules.storage_class: sizes} if sizes and rules.storage_class not in COLD else {}
    return price_of(settings, classes, (), Tier.BULK, 0)


class Agreement:
    """Consent to what a run reads back: to all of it before the run begins, or to each archive that has to be read.

    With `limit` nobody is asked, and all together costs no more.
    """

    def __init__(self, settings: Settings, limit: float | None, confirm: Callable[[Price], bool]) -> None:
        self._settings, self._limit, self._confirm = settings, limit, confirm
        self._is_given, self._spent = False, 0.0
        self._open: list[Archived] = []
        self._open_price = 0.0

    def to_all(self, price: Price) -> None:
        """Agree to all that a run will read. Raises `Halt`."""
        agree(self._settings, price, self._limit, self._confirm)
        self._is_given = True

    def to_one(self, archived: Archived) -> None:
        """Agree to one more archive, together with those that were not worth a question. Raises `Halt`."""
        if self._is_given:
            return
        price = reading_price(self._settings, [archived])
        amount = price.cost.total.amount if price.cost is not None else 0.0
        if self._limit is not None:
            agree(self._settings, price, self._limit - self._spent, self._confirm)
            self._spent += amount
            return
        self._open.append(archived)
        self._open_price += amount
        if price.cost is None or price.cost.total.unknown or self._open_price >= WORTH_A_QUESTION:
            together = reading_price(self._settings, self._open)
            self._open, self._open_price = [], 0.0
            agree(self._settings, together, None, self._confirm)


def agree(settings: Settings, price: Price, limit: float | None, confirm: Callable[[Price], bool]) -> None:
    """Ask `confirm` about a price that is worth it, or not known as a whole where AWS bills it.

    With `limit` nobody is asked. Raises `Halt` for more than that, or a price that is not known, and where it is no.
    """
    if scheme_of(settings.store).is_folder or not price.objects:
        return
    amount = price.amount
    if limit is not None:
        if amount is None or amount > limit:
            raise price.above(limit, "nothing was read back")
        return
    if is_worth_a_question(settings, price) and not confirm(price):
        raise declined("nothing was read back")


def is_worth_a_question(settings: Settings, price: Price) -> bool:
    """True for a price that is much, or is not known as a whole where AWS bills it."""
    if price.amount is None:
        return settings.endpoint_url is None and scheme_of(settings.store).has_server
    return price.amount >= WORTH_A_QUESTION
