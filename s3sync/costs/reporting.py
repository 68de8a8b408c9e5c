"""Collect the facts of all stores of a repository, and count what they cost."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Self

from s3sync.archive.billing import region_of
from s3sync.archive.price_list import price_book
from s3sync.archives.billed import Billed
from s3sync.archives.opened import Place
from s3sync.config import Settings, load_settings, mask_url
from s3sync.config.schemes import scheme_of
from s3sync.connect import connect
from s3sync.core.archive.costs import MONTH_DAYS, NOTHING, Money
from s3sync.core.archive.prices import PriceBook, RegionPrices
from s3sync.core.money.bill import compare
from s3sync.core.money.books import OLD, TRASH, Books, Lot
from s3sync.core.money.by import By
from s3sync.core.money.month import Month, month_at, month_before, parse_month
from s3sync.core.money.outlook import alarms, outlook, saving
from s3sync.core.money.shares import rate, shares, size_of, total
from s3sync.costs.archived import archive_books
from s3sync.costs.billing import ask_for_bill
from s3sync.costs.projects import old_versions, project_books
from s3sync.costs.report import BillView, CostReport, MonthCost, PricedPlace
from s3sync.costs.told import Told
from s3sync.disk.current import named_folder
from s3sync.errors import ConfigError, Interrupted, NotTrusted, ProjectError, S3syncError, StoreError, UsageError
from s3sync.store.port import Store

MOST_MONTHS = 60


def utc_now() -> datetime:
    return datetime.now(UTC)


class Costs:
    """Costs of the repository around a folder. Make one with `Costs.open`."""

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        flags: Mapping[str, str | None],
        *,
        region: str | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.settings, self._environ, self._flags, self._region = settings, environ, dict(flags), region
        self._now = clock()
        self._prices: PriceBook | None = None
        self._warnings: list[str] = []
        self._is_incomplete = False
        self._known: tuple[frozenset[str], list[Books]] | None = None
        self._first: str | None = None
        self._own: Books | None = None
        """The projects' books."""
        self._misses_versions = False
        self._store: Store | None = None

    @classmethod
    def open(
        cls,
        *,
        path: str | os.PathLike[str] = ".",
        flags: Mapping[str, str | None] | None = None,
        environ: Mapping[str, str] | None = None,
        region: str | None = None,
    ) -> Self:
        """Read the settings that hold in a folder. Asks nothing of the network. `region`: count with its prices."""
        environ = os.environ if environ is None else environ
        flags = dict(flags or {})
        return cls(load_settings(named_folder(path), flags=flags, environ=environ), environ, flags, region=region)

    def report(
        self,
        month: str | None = None,
        *,
        by: By | str = By.CLASS,
        bill: Callable[[], bool] | None = None,
    ) -> CostReport:
        """Costs of a month, divided by project, class or user.

        `bill` is asked before the provider is asked for its bill, which costs a cent. Raises `UsageError` for a month
        that has not begun, one before anything that is known, and nonsense; `StoreError` where nothing can be listed.
        """
        if by not in list(By):
            raise UsageError(f"by cannot be {str(by)[:40]!r}", why=f"it is one of {', '.join(By)}")
        by, which, present = By(by), parse_month(month, self._now), month_at(self._now)
        books = self._books([which])
        if which != present:
            self._require_known(which, books)
        now, is_whole = self._now.timestamp(), which != present
        so_far = total(books, which, now)
        expected = None if is_whole else outlook(books, which, now, self._later(books))
        rules = self.settings.costs
        limits = alarms(so_far, which, now, rules.alarms, None if expected is None else expected.month_end)
        return CostReport(
            repo=self.settings.repo,
            month=which.name,
            is_whole=is_whole,
            currency=self._price_book.currency,
            by=by,
            shares=shares(books, which, now, by),
            classes=shares(books, which, now, By.CLASS),
            total=so_far,
            places=tuple(map(self._place, books)),
            outlook=expected,
            budget=rules.budget,
            alarms=tuple(limits),
            saving=saving(books, which, now),
            trash=rate(books, now, present.days, _is(TRASH)),
            trash_size=size_of(books, now, _is(TRASH)),
            trash_of=tuple(dict.fromkeys(one.project for each in books for one in each.lots if one.kind == TRASH)),
            old_versions=rate(books, now, present.days, _is(OLD)),
            old_versions_size=size_of(books, now, _is(OLD)),
            uncounted=sum(one.uncounted for each in books for one in each.traffic if one.month == which.name),
            bill=None if bill is None else self._bill(which, books, now, bill),
            warnings=tuple(dict.fromkeys(self._warnings)),
            is_incomplete=self._is_incomplete,
        )

    def months(self, count: int = 12) -> list[MonthCost]:
        """Costs of the last months, the oldest first; those before anything that is known are left out."""
        if not 1 <= count <= MOST_MONTHS:
            raise UsageError(f"months cannot be {count}", why=f"it is a number from 1 to {MOST_MONTHS}")
        present = month_at(self._now)
        wanted = [month_before(present, number) for number in reversed(range(count))]
        books = self._books(wanted)
        first = self._first_known(books)
        now, found = self._now.timestamp(), []
        for one in wanted:
            if one == present or (first is not None and one.name >= first):
                amounts = total(books, one, now)
                found.append(MonthCost(one.name, amounts.storage, amounts.requests, amounts.egress, one != present))
        return found

    def told(self) -> Told:
        """Memory of the alarms that were told."""
        return Told(self._environ, self.settings.store, self.settings.repo)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Gaps so far, in words: what could not be asked."""
        return tuple(dict.fromkeys(self._warnings))

    # -- facts

    @property
    def _price_book(self) -> PriceBook:
        if self._prices is None:
            self._prices = price_book(self.settings.prices)
        return self._prices

    def _books(self, months: Collection[Month]) -> list[Books]:
        names = frozenset(one.name for one in months)
        if self._known is None or not names <= self._known[0]:
            self._known = (names, self._collect(names))
        return self._known[1]

    def _collect(self, months: Collection[str]) -> list[Books]:
        self._warnings, self._is_incomplete = [], False
        places = self._archive_places()
        self._own = None
        if self.settings.root is None:
            if not places:
                raise ProjectError(
                    "there is no repository here whose costs could be counted",
                    why="there is no git repository on the way up, and your own settings have no archive set",
                    hint="name one that `s3sync repos` lists: s3sync cost NAME; or take all: s3sync cost --everywhere",
                )
            return [self._of_archives(place, months) for place in places]
        try:
            self._own = self._of_projects(months, places)
        except (Interrupted, NotTrusted):
            raise
        except S3syncError as error:
            if not places:
                raise
            self._lacks(f"the projects are not counted: {error}")
        archives = [self._of_archives(place, months) for place in places]
        return archives if self._own is None else [self._own, *archives]

    def _of_projects(self, months: Collection[str], places: Collection[Place]) -> Books:
        url = mask_url(self.settings.store)
        if scheme_of(self.settings.store).is_folder:
            return Books(url, None, None, None, is_free=True)
        store = self._open()
        base, repo = self.settings.store.rstrip("/"), self.settings.repo
        apart = [f"{place.url.rstrip('/').removeprefix(f'{base}/')}/" for place in places if place.url.startswith(base)]
        apart = [one for one in apart if one.startswith(f"{repo}/")]
        found = project_books(store, repo, months, apart)
        found.lots += self._old_versions(store, apart)
        self._first = found.first
        for warning in found.warnings:
            self._lacks(warning)
        region, prices, as_of = self._prices_of(self.settings)
        return Books(url, region, prices, as_of, tuple(found.lots), tuple(found.traffic))

    def _old_versions(self, store: Store, apart: Collection[str]) -> list[Lot]:
        """Old versions, as far as this user may list them."""
        self._misses_versions = False
        try:
            found = old_versions(store, self.settings.repo, apart)
        except StoreError as error:
            self._misses_versions = True
            why = error.why or error.message
            self._warnings.append(f"old versions, which a bucket with versioning bills, are not counted: {why}")
            return []
        self._warnings += found.warnings
        return found.lots

    def _of_archives(self, place: Place, months: Collection[str]) -> Books:
        url = mask_url(place.url)
        if scheme_of(place.url).is_folder:
            return Books(url, None, None, None, is_free=True)
        found = archive_books(place, months)
        self._warnings += found.warnings
        region, prices, as_of = self._prices_of(place.settings)
        return Books(url, region, prices, as_of, tuple(found.lots), tuple(found.traffic))

    def _archive_places(self) -> list[Place]:
        opened = self._archives()
        return opened.places() if opened.sets() else []

    def _archives(self) -> Billed:
        return Billed(self.settings, self._flags, self._environ)

    def _open(self) -> Store:
        if self._store is None:
            self._store = connect(self.settings, create=False)
        return self._store

    def _prices_of(self, settings: Settings) -> tuple[str | None, RegionPrices | None, str | None]:
        """Region, prices and their month. What there is no price for is told, and never guessed."""
        region: str | None = None
        try:
            region = region_of(settings, self._region)
            return region, self._price_book.of(region), self._price_book.month_of(region)
        except ConfigError as error:
            if self._region is not None:
                raise
            self._lacks(f"{error}; {error.hint}" if error.hint else str(error))
            return region, None, None

    def _lacks(self, warning: str) -> None:
        self._warnings.append(warning)
        self._is_incomplete = True

    # -- answers

    def _first_known(self, books: list[Books]) -> str | None:
        times = [first for one in books if (first := one.first) is not None]
        names = [month_at(datetime.fromtimestamp(min(times), UTC)).name] if times else []
        names += [one.month for each in books for one in each.traffic]
        return min([*names, *([self._first] if self._first else [])], default=None)

    def _require_known(self, which: Month, books: list[Books]) -> None:
        first = self._first_known(books)
        if first is not None and which.name >= first:
            return
        why, hint = f"the first that is known is of {first}", f"--month {first}, or a later one"
        if first is None:
            is_free = all(one.is_free for one in books)
            why = "a folder costs what its disk costs" if is_free else "nothing is in the store, and nothing was sent"
            hint = "`s3sync cost` says what is known now"
        raise UsageError(f"nothing is known of {which.name}", why=why, hint=hint)

    def _later(self, books: list[Books]) -> Money | None:
        """Storage of the next twelve months with the rules of lifecycle that hold; None where there are no archives."""
        archives = [one for one in books if one is not self._own and one.lots and one.prices is not None]
        if not archives:
            return None
        try:
            found = self._archives().cost(region=self._region)
        except S3syncError as error:
            self._warnings.append(
                f"the rules that move archives are not known, and the year is counted without: {error}"
            )
            return None
        self._warnings += [one for one in found.warnings if one.startswith("the rules of ")]
        own = NOTHING if self._own is None else rate([self._own], self._now.timestamp(), MONTH_DAYS).times(12)
        return sum((one.year for one in found.reports), NOTHING) + own

    def _place(self, books: Books) -> PricedPlace:
        note = "a folder costs what its disk costs" if books.is_free else None
        if note is None and books.prices is None:
            note = "no prices are known"
        return PricedPlace(books.store, books.region, books.as_of, books.is_free, note)

    def _bill(self, which: Month, books: list[Books], now: float, agreed: Callable[[], bool]) -> BillView:
        if scheme_of(self.settings.store).is_folder:
            return BillView(why="a folder has no bill")
        if not agreed():
            return BillView(why="it was not asked for: a question costs $0.01 (--yes agrees)")
        try:
            bill = ask_for_bill(self._open(), which, self._now)
        except Interrupted:
            raise
        except S3syncError as error:
            return BillView(why=f"{error}; {error.hint}" if error.hint else str(error))
        is_past = which != month_at(self._now)
        counted = total(books, which, now)
        return BillView(bill, compare(bill, counted, has_versions=self._misses_versions, is_past=is_past))


def _is(kind: str) -> Callable[[Lot], bool]:
    return lambda lot: lot.kind == kind
