"""Verbs about money and the rules of lifecycle that decide it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from s3sync.archive.billing import CostReport, as_stored, cost_report, region_of
from s3sync.archive.price_list import price_book
from s3sync.archive.rules import RulesView, look, write
from s3sync.archives.opened import Opened, Place
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.lifecycle import Rule, wanted_rules
from s3sync.core.archive.prices import PriceBook
from s3sync.core.archive.records import LogEntry
from s3sync.errors import StoreError, declined
from s3sync.store.aspects import Administers, aspect


class Costs(Struct, frozen=True):
    """Costs of each store, and what was not known for certain, in words."""

    reports: tuple[CostReport, ...]
    warnings: tuple[str, ...]


class Billed(Opened, frozen=True):
    """Verbs about costs and rules."""

    @property
    def prices(self) -> PriceBook:
        """The price list, with what the settings say instead."""
        return price_book(self.settings.prices)

    def cost(self, *, set: str | None = None, region: str | None = None, year: str | None = None) -> Costs:
        """Costs of what is archived: a month, the next twelve with the rules of the bucket, and other ways.

        Raises `ConfigError` for a region without prices.
        """
        reports, warnings = [], list[str]()
        for place in self._bucket_places(set, warnings):
            where = region_of(place.settings, region)
            self.prices.of(where)
            with place.catalogue() as catalogue:
                archives = as_stored(place.settings, catalogue.archives(set=set, year=year))
            rules = self._rules_of(place, warnings)
            reports.append(cost_report(archives, rules, place.root, place.url, where, self.prices, self.now()))
        return Costs(tuple(reports), tuple(warnings))

    def lifecycle(self, *, set: str | None = None, more: Sequence[Rule] = (), remove: bool = False) -> list[RulesView]:
        """The rules of the stores' buckets, and how they differ from those that the sets need. Changes nothing."""
        places = self._bucket_places(set, [])
        return [look(place.store(), place.root, place.sets, more=more, remove=remove) for place in places]

    def apply_lifecycle(
        self,
        confirm: Callable[[RulesView], bool],
        *,
        set: str | None = None,
        more: Sequence[Rule] = (),
        remove: bool = False,
        dry_run: bool = False,
    ) -> list[RulesView]:
        """Set the rules that the sets need, or with `remove` take ours away, after a question. Other rules stay.

        With `set`, the rules of the other sets of that store stay, too.
        """
        views = []
        for place in self._bucket_places(set, []):
            store = place.store()
            every = next(one for one in self.places() if one.url == place.url)
            view = look(store, place.root, every.sets, more=more, remove=remove)
            views.append(view)
            if view.difference.is_empty or dry_run:
                continue
            if not confirm(view):
                raise declined(f"the lifecycle rules of {view.store} were not changed")
            write(store, view)
            with place.catalogue() as catalogue:
                action = "lifecycle remove" if remove else "lifecycle apply"
                catalogue.note(LogEntry(self.now_text(), self.user, action, set or "", "", ""))
        return views

    def _bucket_places(self, set: str | None, warnings: list[str]) -> list[Place]:
        """Stores that bill and have rules. A folder is left out beside them, unless it is the one that is meant."""
        places = self.places(set)
        buckets = [place for place in places if not scheme_of(place.url).is_folder]
        if not buckets:
            return places
        skipped = [place.url for place in places if place not in buckets]
        warnings += [f"{url} is not counted: a folder costs what its disk costs" for url in skipped]
        return buckets

    def _rules_of(self, place: Place, warnings: list[str]) -> Sequence[Rule]:
        """Rules that hold in a bucket; those that the sets want where it does not say."""
        try:
            bucket = aspect(place.store(), Administers)
            if bucket is not None:
                return bucket.lifecycle_rules()
        except StoreError as error:
            warnings.append(f"the rules of {place.url} are not known, and those of the sets were taken: {error}")
            return wanted_rules(place.sets, place.root).rules
        return ()
