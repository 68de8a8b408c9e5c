"""Plan of `auto` as far as it needs disks and stores: units older than their place allows, and what each step costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from msgspec.structs import replace

from s3sync.archive.billing import as_stored, item_of, move_cost, objects_of, remainder
from s3sync.archive.catalogue import Catalogue
from s3sync.archive.chain import folder_of
from s3sync.archive.disks import require_disk
from s3sync.archive.units import EMPTY
from s3sync.archives.auto_looks import FILES, Looks, Seen
from s3sync.archives.opened import Place
from s3sync.archives.targets import has_rules
from s3sync.config.archive_classes import class_at, classes_of, last_class
from s3sync.config.schemes import is_on_aws, scheme_of
from s3sync.core.archive.automation import Candidate, Tier, Touch, is_due
from s3sync.core.archive.costs import SMALLEST, Money, month_cost
from s3sync.core.archive.lifecycle import Rule, moves_of
from s3sync.core.archive.prices import RegionPrices
from s3sync.core.archive.records import Archived, Status
from s3sync.core.archive.values import ArchiveSet
from s3sync.core.outcome import Problem
from s3sync.core.times import moment, parse_time
from s3sync.errors import S3syncError, UsageError
from s3sync.store.aspects import Administers, Versions, aspect


class Survey(Looks):
    """All that a plan needs."""

    def candidates(self) -> list[Candidate]:
        """Units whose files are old enough for the next tier, with all that speaks for or against it."""
        if self.rules.set is not None or not self.sets:
            self.archives.chosen(self.rules.set)  # which says what is wrong
        if self.rules.set is not None and self.rules.set not in self.sets:
            raise UsageError(
                f"archives.{self.rules.set} is filled from a table",
                why="rows have no age by which they go from disk to disk",
                hint=f"s3sync archive run --set {self.rules.set}",
            )
        self.say_unagreed()
        for chosen in self.sets.values():
            self.look(chosen)
        found = [one for chosen in self.wanted() if chosen.name in self.units for one in self._on_disk(chosen)]
        for place in self.archives.places():
            if not scheme_of(place.url).is_folder:
                found += self._in_bucket(place)
        return found

    def _on_disk(self, chosen: ArchiveSet) -> Iterator[Candidate]:
        tier = Tier.SSD if scheme_of(chosen.store).is_folder else Tier.S3
        after_s = self.after(chosen, tier)
        due = []
        for one in self.units[chosen.name].values():
            if one.refused == EMPTY or (not one.heavy and one.refused is None):
                continue  # all of it went further, but for its light files
            if not is_due(one.newest, after_s, self.now):
                self.not_due += 1
            elif not self.is_earlier(chosen, one.id):  # else the rest of it comes first
                due.append(one)
        problem = self._cannot_take(chosen) if due else None
        if problem is not None:
            self.problems.append(problem)
            return
        (place,) = self.archives.places(chosen.name)
        with place.catalogue() as catalogue:
            for one in due:
                yield self._candidate(chosen, tier, one, after_s, catalogue)

    def _candidate(self, chosen: ArchiveSet, tier: Tier, one: Seen, after_s: int, catalogue: Catalogue) -> Candidate:
        touches, obstacles = self.work_on(chosen, one.id, one)
        known = catalogue.archive(one.key)
        again = False
        if known is not None and known.status is Status.STORED:
            sent = parse_time(known.uploaded_at)
            again = sent is not None and sent < one.newest and catalogue.newest_ns(one.key) != one.newest_ns
        month, once, no_price = Money(), Money(), None
        if tier is Tier.S3:
            prices, no_price = self.prices(chosen)
            month, once = one.month or Money(), one.sending or Money()
            if known is not None and known.status is Status.STORED and prices is not None:
                month, once = self._replaced(known, again, month, once, prices)
        if one.refused is not None:
            obstacles.append(f"it cannot be archived: {one.refused}")
        return Candidate(
            one.id, chosen.name, tier, one.size, one.files, after_s, tuple(touches), one.newest_ns,
            tuple(obstacles), month if no_price is None else None, once if no_price is None else None, no_price,
            again=again,
        )  # fmt: skip

    def _replaced(
        self, known: Archived, again: bool, month: Money, once: Money, prices: RegionPrices
    ) -> tuple[Money, Money]:
        """Price where an archive of the unit is there: of the same nothing more, of an older one the rest of it."""
        if not again:
            return Money(), Money()
        old = month_cost([item_of(known, (), "", self.now)], prices)
        return month + old.times(-1), once + remainder([known], prices, self.now)

    def _cannot_take(self, chosen: ArchiveSet) -> Problem | None:
        """Reason why the store of a set takes nothing now: its disk is away, or may be: nothing was ever sent there."""
        folder = folder_of(chosen)
        if folder is None:
            return None
        (place,) = self.archives.places(chosen.name)
        try:
            if place.catalogue_path.exists():
                place.store()
            else:
                require_disk(chosen, folder, create=False, confirm=None)
        except S3syncError as error:
            return Problem(f"archives.{chosen.name}", str(error), error.hint)
        return None

    def _in_bucket(self, place: Place) -> Iterator[Candidate]:
        prices, no_price = self.prices(place.sets[0])
        self.no_price = self.no_price or no_price
        with place.catalogue() as catalogue:
            archives = catalogue.archives()
            if prices is not None:
                month = month_cost(
                    [item_of(one, (), "", self.now) for one in as_stored(place.settings, archives)], prices
                )
                self.storage = month + (self.storage or Money())
            self.newest += [at for one in archives if (at := parse_time(one.uploaded_at)) is not None]
            rules: Sequence[Rule] | None = None
            for one in archives:
                chosen = self.sets.get(one.set)
                if chosen is None or chosen not in self.wanted() or not self._may_cool(one, chosen):
                    continue
                after_s = self.after(chosen, Tier.GLACIER)
                newest_ns = catalogue.newest_ns(one.key)
                newest = moment(newest_ns) if newest_ns is not None else parse_time(one.uploaded_at) or self.now
                if not is_due(newest, after_s, self.now):
                    self.not_due += 1
                    continue
                if rules is None:
                    rules = self._rules_of(place)
                yield from self._cooled(place, chosen, one, newest, after_s, rules, prices, no_price)

    def _may_cool(self, one: Archived, chosen: ArchiveSet) -> bool:
        target, classes = self._target(chosen), classes_of(chosen.store)
        if target is None or classes is None or not classes.is_colder(target, one.storage_class):
            return False
        here = self.units.get(chosen.name, {}).get(one.unit)
        return one.status is Status.STORED and one.is_complete and not (here and here.heavy)

    def _cooled(
        self, place: Place, chosen: ArchiveSet, one: Archived, newest: datetime, after_s: int, rules: Sequence[Rule],
        prices: RegionPrices | None, no_price: str | None,
    ) -> Iterator[Candidate]:  # fmt: skip
        target = self._target(chosen)
        assert target is not None
        objects = objects_of(one)
        moves = moves_of(rules, f"{place.root}{one.key}", one.tags, one.size // objects)
        classes = classes_of(chosen.store)
        if any(classes is not None and classes.is_colder(name, one.storage_class) for _, name in moves):
            self.by_rule += 1
            return
        touches, obstacles = self.work_on(chosen, one.unit, None)
        touches.append(Touch(newest, FILES))
        asked = parse_time(one.thaw.requested_at) if one.thaw is not None else None
        if asked is not None:
            touches.append(Touch(asked, "somebody asked for a thaw of it"))
        month = once = None
        if prices is not None:
            (there,) = as_stored(place.settings, [one])
            item = item_of(there, (), "", self.now)
            month = month_cost([replace(item, storage_class=target)], prices) + month_cost([item], prices).times(-1)
            once = move_cost(there, target, prices, self.now, by_tag=False)
        if one.size < SMALLEST * objects or (month is not None and month.amount >= 0):
            return  # so small that it costs more there
        yield Candidate(
            one.unit, chosen.name, Tier.GLACIER, one.size, one.files, after_s, tuple(touches), 0, tuple(obstacles),
            month, once, no_price, target, (one.key,),
        )  # fmt: skip

    def keeps_versions(self, steps: Iterable[Candidate]) -> Iterator[str]:
        """Addresses of stores that keep, and bill, what these steps leave behind when they copy within them."""
        going = {one.set for one in steps if one.tier is Tier.GLACIER}
        for place in self.archives.places() if going else ():
            if going.isdisjoint(one.name for one in place.sets):
                continue
            with suppress(S3syncError):  # a step that is not allowed to ask says so itself
                store = place.store()
                versions = aspect(store, Versions)
                if versions is not None and not has_rules(store) and versions.keeps_versions():
                    yield place.url

    def _target(self, chosen: ArchiveSet) -> str | None:
        on_aws = is_on_aws(chosen.store, self.archives.settings_of(chosen).endpoint_url)
        said = class_at(chosen.store, self.rules.cold) if self.rules.cold is not None else None
        return chosen.lifecycle_class or said or last_class(chosen.store, on_aws=on_aws)

    def _rules_of(self, place: Place) -> Sequence[Rule]:
        """Rules that hold in the bucket. What they move is left to them; where they cannot be seen there are none."""
        try:
            bucket = aspect(place.store(), Administers)
            return bucket.lifecycle_rules() if bucket is not None else ()
        except S3syncError:
            return ()
