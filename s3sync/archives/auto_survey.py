"""Look at all sets for `auto`: which units are older than the place where they are says, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from s3sync.archive.analyze import items_of, sending_cost
from s3sync.archive.billing import item_of, move_cost, objects_of, region_of, remainder
from s3sync.archive.catalogue import Catalogue
from s3sync.archive.chain import folder_of, key_before, step_before
from s3sync.archive.disks import require_disk
from s3sync.archive.sets import source_base
from s3sync.archive.units import EMPTY
from s3sync.archive.walk import light_of
from s3sync.archives.auto_team import Team
from s3sync.archives.moving import Moving
from s3sync.archives.opened import Place
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.automation import AHEAD, DAY_S, DAYS, Candidate, Tier, Touch, is_due
from s3sync.core.archive.costs import COLDNESS, SMALLEST, Money, month_cost
from s3sync.core.archive.lifecycle import Rule, moves_of
from s3sync.core.archive.prices import RegionPrices
from s3sync.core.archive.records import Archived, Status
from s3sync.core.archive.values import ArchiveSet, Kind, Unit
from s3sync.core.outcome import Problem
from s3sync.core.times import moment, parse_time
from s3sync.core.versions import time_text
from s3sync.errors import ConfigError, S3syncError
from s3sync.store.aspects import Administers, aspect

FILES = "its newest file was changed"


class AutoRules(Struct, frozen=True):
    """Choices for a run. `after`: seconds by tier that count instead of what the sets and the defaults say.

    `cold`: the class of the last step, where a set does not name one. `region`: prices of that region count.
    """

    set: str | None = None
    after: Mapping[Tier, int] = field(default_factory=dict)
    cold: str = "GLACIER"
    region: str | None = None


class Seen(Struct, frozen=True):
    """Unit on a disk, without its files. `heavy`: files that leave it, of that size; `month`: a month in the bucket."""

    id: str
    root: str
    key: str
    newest: datetime
    newest_ns: int
    files: int
    size: int
    heavy: int
    refused: str | None
    month: Money | None = None
    sending: Money | None = None


class Survey:
    """All that a plan needs. Sets that cannot be looked at are in `problems`, and the others are looked at."""

    def __init__(self, archives: Moving, rules: AutoRules) -> None:
        self._archives, self._rules = archives, rules
        self._now, self._root = archives.now(), archives.settings.root
        self._sets = archives.sets()
        self._team = Team(archives.environ, archives.flags, self._now)
        self._units: dict[str, dict[str, Seen]] = {}
        self._keys: dict[str, Mapping[str, str]] = {}
        self.problems: list[Problem] = []
        self.not_due = self.by_rule = 0
        self.newest: list[datetime] = []
        self.storage: Money | None = None
        """Price of a month of all archives in buckets; None where there are none."""
        self.no_price: str | None = None

    def candidates(self) -> list[Candidate]:
        """Units whose files are old enough for the next tier, with all that speaks for or against it."""
        if self._rules.set is not None or not self._sets:
            self._archives.chosen(self._rules.set)  # which says what is wrong
        for chosen in self._sets.values():
            self._look(chosen)
        found = [one for chosen in self._wanted() if chosen.name in self._units for one in self._on_disk(chosen)]
        for place in self._archives.places():
            if not scheme_of(place.url).is_folder:
                found += self._in_bucket(place)
        return found

    def _wanted(self) -> list[ArchiveSet]:
        return [one for one in self._sets.values() if self._rules.set in (None, one.name)]

    # -- disks

    def _look(self, chosen: ArchiveSet) -> None:
        prices, _ = self._prices(chosen)
        try:
            self._units[chosen.name] = {
                unit.id: _seen(chosen, unit, prices) for unit in self._archives.units(chosen, due_only=False)
            }
        except S3syncError as error:
            if chosen in self._wanted():
                self.problems.append(Problem(f"archives.{chosen.name}", str(error), error.hint))
            return
        self.newest += [one.newest for one in self._units[chosen.name].values()]

    def _on_disk(self, chosen: ArchiveSet) -> Iterator[Candidate]:
        tier = Tier.SSD if scheme_of(chosen.store).is_folder else Tier.S3
        after_s = self._after(chosen, tier)
        due = []
        for one in self._units[chosen.name].values():
            if one.refused == EMPTY or (not one.heavy and one.refused is None):
                continue  # all of it went further, but for its light files
            if not is_due(one.newest, after_s, self._now):
                self.not_due += 1
            elif not self._is_earlier(chosen, one.id):  # else the rest of it comes first
                due.append(one)
        problem = self._cannot_take(chosen) if due else None
        if problem is not None:
            self.problems.append(problem)
            return
        (place,) = self._archives.places(chosen.name)
        with place.catalogue() as catalogue:
            for one in due:
                yield self._candidate(chosen, tier, one, after_s, catalogue)

    def _candidate(self, chosen: ArchiveSet, tier: Tier, one: Seen, after_s: int, catalogue: Catalogue) -> Candidate:
        touches, obstacles = self._work_on(chosen, one.id, one)
        known = catalogue.archive(one.key)
        again = False
        if known is not None and known.status is Status.STORED:
            sent = parse_time(known.uploaded_at)
            again = sent is not None and sent < one.newest and catalogue.newest_ns(one.key) != one.newest_ns
        month, once, no_price = Money(), Money(), None
        if tier is Tier.S3:
            prices, no_price = self._prices(chosen)
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
        old = month_cost([item_of(known, (), "", self._now)], prices)
        return month + old.times(-1), once + remainder([known], prices, self._now)

    def _cannot_take(self, chosen: ArchiveSet) -> Problem | None:
        """Reason why the store of a set takes nothing now: its disk is away, or may be: nothing was ever sent there."""
        folder = folder_of(chosen)
        if folder is None:
            return None
        (place,) = self._archives.places(chosen.name)
        try:
            if place.catalogue_path.exists():
                place.store()
            else:
                require_disk(chosen, folder, create=False, confirm=None)
        except S3syncError as error:
            return Problem(f"archives.{chosen.name}", str(error), error.hint)
        return None

    def _is_earlier(self, chosen: ArchiveSet, unit: str) -> bool:
        """True if files of a unit still lie in a step before, from where they come first."""
        return any(one.heavy for _, one in self._before(chosen, unit))

    def _before(self, chosen: ArchiveSet, unit: str) -> Iterator[tuple[ArchiveSet, Seen]]:
        """The unit in the steps before, as far as there is something of it."""
        for before, name in self._names_before(chosen, unit):
            found = self._units.get(before.name, {}).get(name)
            if found is not None:
                yield before, found

    def _names_before(self, chosen: ArchiveSet, unit: str) -> Iterator[tuple[ArchiveSet, str]]:
        seen = {chosen.name}
        while (before := step_before(chosen, self._sets, self._root)) is not None and before.name not in seen:
            seen.add(before.name)
            unit = self._sent(before).get(key_before(chosen, before, unit, self._root), unit)
            chosen = before
            yield chosen, unit

    def _sent(self, chosen: ArchiveSet) -> Mapping[str, str]:
        """Units of a set by the keys under which they were sent, also of those that went further since."""
        if chosen.name not in self._keys:
            (place,) = self._archives.places(chosen.name)
            with place.catalogue() as catalogue:
                archives = catalogue.archives(set=chosen.name, status=Status)
            self._keys[chosen.name] = {one.key: one.unit for one in archives}
        return self._keys[chosen.name]

    # -- buckets

    def _in_bucket(self, place: Place) -> Iterator[Candidate]:
        prices, no_price = self._prices(place.sets[0])
        self.no_price = self.no_price or no_price
        with place.catalogue() as catalogue:
            archives = catalogue.archives()
            if prices is not None:
                month = month_cost([item_of(one, (), "", self._now) for one in archives], prices)
                self.storage = month + (self.storage or Money())
            self.newest += [at for one in archives if (at := parse_time(one.uploaded_at)) is not None]
            rules: Sequence[Rule] | None = None
            for one in archives:
                chosen = self._sets.get(one.set)
                if chosen is None or chosen not in self._wanted() or not self._may_cool(one, chosen):
                    continue
                after_s = self._after(chosen, Tier.GLACIER)
                newest_ns = catalogue.newest_ns(one.key)
                newest = moment(newest_ns) if newest_ns is not None else parse_time(one.uploaded_at) or self._now
                if not is_due(newest, after_s, self._now):
                    self.not_due += 1
                    continue
                if rules is None:
                    rules = self._rules_of(place)
                yield from self._cooled(place, chosen, one, newest, after_s, rules, prices, no_price)

    def _may_cool(self, one: Archived, chosen: ArchiveSet) -> bool:
        target, now = self._target(chosen), one.storage_class
        is_colder = now in COLDNESS and COLDNESS.index(now) < COLDNESS.index(target)
        here = self._units.get(chosen.name, {}).get(one.unit)
        return one.status is Status.STORED and one.is_complete and is_colder and not (here and here.heavy)

    def _cooled(
        self, place: Place, chosen: ArchiveSet, one: Archived, newest: datetime, after_s: int, rules: Sequence[Rule],
        prices: RegionPrices | None, no_price: str | None,
    ) -> Iterator[Candidate]:  # fmt: skip
        target = self._target(chosen)
        objects = objects_of(one)
        moves = moves_of(rules, f"{place.root}{one.key}", one.tags, one.size // objects)
        if any(COLDNESS.index(name) > COLDNESS.index(one.storage_class) for _, name in moves):
            self.by_rule += 1
            return
        touches, obstacles = self._work_on(chosen, one.unit, None)
        touches.append(Touch(newest, FILES))
        asked = parse_time(one.thaw.requested_at) if one.thaw is not None else None
        if asked is not None:
            touches.append(Touch(asked, "somebody asked for a thaw of it"))
        month = once = None
        if prices is not None:
            item = item_of(one, (), "", self._now)
            month = month_cost([replace(item, storage_class=target)], prices) + month_cost([item], prices).times(-1)
            once = move_cost(one, target, prices, self._now, by_tag=False)
        if one.size < SMALLEST * objects or (month is not None and month.amount >= 0):
            return  # so small that it costs more there
        yield Candidate(
            one.unit, chosen.name, Tier.GLACIER, one.size, one.files, after_s, tuple(touches), 0, tuple(obstacles),
            month, once, no_price, target, (one.key,),
        )  # fmt: skip

    def _target(self, chosen: ArchiveSet) -> str:
        return chosen.lifecycle_class or self._rules.cold

    def _rules_of(self, place: Place) -> Sequence[Rule]:
        """Rules that hold in the bucket. What they move is left to them; where they cannot be seen there are none."""
        try:
            bucket = aspect(place.store(), Administers)
            return bucket.lifecycle_rules() if bucket is not None else ()
        except S3syncError:
            return ()

    # -- both

    def _work_on(self, chosen: ArchiveSet, unit: str, seen: Seen | None) -> tuple[list[Touch], list[str]]:
        """Signs of work on a unit, wherever it came from, and reasons why it has to stay."""
        found = [*([(chosen, seen)] if seen else []), *self._before(chosen, unit)]
        here = self._units.get(chosen.name, {}).get(unit) if seen is None else None
        found += [(chosen, here)] if here is not None else []
        touches = [Touch(one.newest, FILES) for _, one in found]
        signs = self._team.signs(self._origin(chosen, unit, seen))
        obstacles = [*signs.obstacles]
        if signs.error is not None:
            problem = Problem("the team's store", str(signs.error), signs.error.hint)
            self.problems += [problem] if problem not in self.problems else []
        if any(touch.at > self._now + AHEAD for touch in touches):
            latest = max(touch.at for touch in touches)
            obstacles.append(f"its newest file is of the future ({time_text(latest)})")
        return [*touches, *signs.touches], obstacles

    def _origin(self, chosen: ArchiveSet, unit: str, seen: Seen | None) -> Path:
        """Path that a unit has, or had, in the first of the steps."""
        *_, (first, name) = [(chosen, unit), *self._names_before(chosen, unit)]
        known = seen if first.name == chosen.name and seen is not None else self._units.get(first.name, {}).get(name)
        return Path(known.root) if known is not None else source_base(first, self._root)[0] / name

    def _after(self, chosen: ArchiveSet, tier: Tier) -> int:
        """Seconds without work after which a step is due. A repository's set may put it off, and never hasten it."""
        given = self._rules.after.get(tier)
        if given is not None:
            return given
        usual = DAYS[tier] * DAY_S
        said = chosen.older_than_s if tier is not Tier.GLACIER else None
        if said is None:
            return usual
        return max(said, usual) if chosen.confined else said

    def _prices(self, chosen: ArchiveSet) -> tuple[RegionPrices | None, str | None]:
        settings = self._archives.settings_of(chosen)
        if scheme_of(chosen.store).is_folder:
            return None, None
        from s3sync.archive.price_list import price_book

        try:
            return price_book(self._archives.settings.prices).of(region_of(settings, self._rules.region)), None
        except ConfigError as error:
            return None, error.why or error.message


def _seen(chosen: ArchiveSet, unit: Unit, prices: RegionPrices | None) -> Seen:
    light = light_of(chosen) if chosen.keep_light else lambda path: False
    files = [one for one in unit.sources if one.kind is Kind.FILE]
    heavy = sum(1 for one in unit.sources if one.kind is not Kind.FOLDER and not light(one.path))
    month = sending = None
    if prices is not None and heavy:
        items = items_of(chosen, unit)
        month, sending = month_cost(items, prices), sending_cost(items, chosen, prices)
    return Seen(
        unit.id, unit.root, unit.key, moment(unit.newest_ns), unit.newest_ns, len(files), unit.size, heavy,
        unit.refused, month, sending,
    )  # fmt: skip
