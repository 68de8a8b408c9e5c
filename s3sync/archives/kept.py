"""Verbs for the catalogue itself: made anew from the store, exported, checked, and rid of what is gone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from msgspec import Struct

from s3sync.archive.catalogue import set_aside, take_over
from s3sync.archive.catalogue.rebuild import Compared, Rebuilt, compare, rebuild
from s3sync.archives.opened import Opened
from s3sync.core.archive.records import Archived, LogEntry, Status, as_of
from s3sync.core.archive.values import Member
from s3sync.core.outcome import Problem
from s3sync.errors import StoreError, declined


class StoreRebuilt(Struct, frozen=True):
    """Result of a rebuild for one store. `aside`: where the catalogue that was there before lies now."""

    store: str
    rebuilt: Rebuilt
    aside: str | None = None

    @property
    def was_asked(self) -> bool:
        """False for a store that could not be asked."""
        return not any(problem.path == self.store for problem in self.rebuilt.problems)


class StoreChecked(Struct, frozen=True):
    """State of one store's catalogue: its file, what is damaged in it, and how the store differs from it."""

    store: str
    path: str
    damage: str | None
    compared: Compared | None

    @property
    def is_good(self) -> bool:
        return self.damage is None and (self.compared is None or self.compared.is_same)


class Exported(Struct, frozen=True):
    """An archive with the store that it is in, and its members where they were asked for."""

    store: str
    archive: Archived
    members: tuple[Member, ...] | None = None


class Kept(Opened, frozen=True):
    """Verbs for the catalogue's upkeep."""

    def rebuild_catalogue(
        self, *, set: str | None = None, anew: bool = False, told: Callable[[int, int], None] | None = None
    ) -> list[StoreRebuilt]:
        """Take in what the stores have and the catalogue does not. `anew`: put the old one aside, and read all. `told`
        gets the number of indexes that were read, and of those that are to be.

        Of several stores, one that cannot be asked is a problem, and the others are.
        """
        from s3sync.archive.adopt_proposed import take_proposals

        places, found = self.places(set), []
        for place in places:
            aside = None
            try:
                store = place.store(any_disk=anew)
                for _ in store.folders(""):
                    break  # a store that cannot be asked puts nothing aside
                aside = set_aside(place.catalogue_path) if anew else None
                with place.catalogue(make=True) as catalogue:
                    if aside is not None:
                        take_over(aside, catalogue)
                    also = partial(take_proposals, catalogue, store, place.sets)
                    report = rebuild(catalogue, store, self.now_text(), told, also)
            except StoreError as error:
                if len(places) == 1:
                    raise
                report = Rebuilt(0, 0, 0, (), (_problem(place.url, error),))
            found.append(StoreRebuilt(place.url, report, None if aside is None else str(aside)))
        return found

    def check_catalogue(
        self, *, set: str | None = None, offline: bool = False, told: Callable[[StoreChecked], None] = lambda one: None
    ) -> list[StoreChecked]:
        """Look for damage, and compare with the stores unless `offline`; `told` hears of each. Nothing is changed.

        Of several stores, one that cannot be asked is a problem, and the others are.
        """
        places, found = self.places(set), []
        for place in places:
            with place.catalogue() as catalogue:
                damage = catalogue.damage()
                try:
                    compared = None if damage or offline else compare(catalogue, place.store())
                except StoreError as error:
                    if len(places) == 1:
                        raise
                    compared = Compared(0, (), (), (_problem(place.url, error),))
            found.append(StoreChecked(place.url, str(place.catalogue_path), damage, compared))
            told(found[-1])
        return found

    def export_catalogue(self, *, set: str | None = None, members: bool = False) -> list[Exported]:
        """All archives that the catalogue has, those that are gone or removed among them."""
        found = []
        for place in self.places(set):
            with place.catalogue() as catalogue:
                for archive in catalogue.archives(set=set, status=Status):
                    listed = tuple(catalogue.members(archive.key)) if members else None
                    found.append(Exported(place.url, as_of(archive, self.now()), listed))
        return found

    def prune_catalogue(
        self,
        confirm: Callable[[list[Archived]], bool],
        *,
        set: str | None = None,
        dry_run: bool = False,
        told: Callable[[int, int], None] | None = None,
    ) -> list[Archived]:
        """Forget archives that are gone from the store, after a question. The store is looked at first: `told` hears of
        that as the one of `rebuild_catalogue` does."""
        pruned: list[Archived] = []
        for place in self.places(set):
            store = place.store()
            with place.catalogue() as catalogue:
                rebuild(catalogue, store, self.now_text(), told)
                gone = catalogue.archives(set=set, status=(Status.GONE, Status.REMOVED))
                if gone and not dry_run:
                    if not confirm(gone):
                        raise declined("nothing was forgotten")
                    for one in gone:
                        catalogue.forget(one.key)
                        entry = LogEntry(self.now_text(), self.user, "prune", one.set, one.unit, one.key, one.size)
                        catalogue.note(entry)
                pruned += gone
        return pruned


def _problem(store: str, error: StoreError) -> Problem:
    return Problem(store, str(error), error.hint)
