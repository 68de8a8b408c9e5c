"""Look at the units of all sets for `auto`: where each lies, in which steps before, and who worked on it last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct, field

from s3sync.archive.analyze import items_of, sending_cost
from s3sync.archive.auto_state import digest_of
from s3sync.archive.billing import region_of
from s3sync.archive.chain import key_before, step_before
from s3sync.archive.sets import source_base
from s3sync.archive.walk import light_of
from s3sync.archives.auto_team import Team
from s3sync.archives.moving import Moving
from s3sync.config import Settings
from s3sync.config.schemes import scheme_of
from s3sync.core.archive.automation import AHEAD, DAY_S, DAYS, Tier, Touch
from s3sync.core.archive.costs import Money, month_cost
from s3sync.core.archive.prices import RegionPrices
from s3sync.core.archive.records import Status
from s3sync.core.archive.values import ArchiveSet, Kind, Unit
from s3sync.core.outcome import Problem
from s3sync.core.times import moment, parse_time
from s3sync.core.versions import time_text
from s3sync.errors import ConfigError, S3syncError

FILES = "its newest file was changed"


class AutoRules(Struct, frozen=True):
    """Choices for a run. `after`: seconds by tier that count instead of what the sets and the defaults say.

    `cold`: the class of the last step, where a set does not name one and its store has it; None for GLACIER in a bucket
    on AWS, Archive on Azure, ARCHIVE on Google Cloud, and none elsewhere: few other servers have cold classes.
    `region`: prices of that region count.
    """

    set: str | None = None
    after: Mapping[Tier, int] = field(default_factory=dict)
    cold: str | None = None
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


class Looks:
    """Units on disks. Sets that cannot be looked at are in `problems`, and the others are looked at."""

    def __init__(self, archives: Moving, rules: AutoRules, agreed: Mapping[str, str]) -> None:
        self.archives, self.rules, self._agreed = archives, rules, agreed
        self.now, self.root = archives.now(), archives.settings.root
        self.sets = {name: one for name, one in archives.sets().items() if one.rows is None}
        self._team = Team(archives.environ, archives.flags, self.now)
        self.units: dict[str, dict[str, Seen]] = {}
        self._keys: dict[str, Mapping[str, str]] = {}
        self._restored: dict[tuple[str, str], Touch] | None = None
        self.problems: list[Problem] = []
        self.not_due = self.by_rule = 0
        self.newest: list[datetime] = []
        self.storage: Money | None = None
        """Price of a month of all archives in buckets; None where there are none."""
        self.no_price: str | None = None

    def wanted(self) -> list[ArchiveSet]:
        """Sets that files may leave by. Whoever commits to the repository does not say that for its users."""
        chosen = [one for one in self.sets.values() if self.rules.set in (None, one.name)]
        return [one for one in chosen if not one.confined or self._agreed.get(one.name) == digest_of(one)]

    def say_unagreed(self) -> None:
        """Tell of the repository's sets that the user has not agreed to."""
        wanted = self.wanted()
        for one in self.sets.values():
            if one not in wanted and self.rules.set in (None, one.name):
                was = "was changed since" if one.name in self._agreed else "was not agreed to"
                self.problems.append(
                    Problem(
                        f"archives.{one.name}",
                        f"it is a set of the repository, and {was}: whoever commits does not say what leaves your disk",
                        "see what it does (s3sync archive auto --agree --dry-run), and agree: without --dry-run",
                    )
                )

    def look(self, chosen: ArchiveSet) -> None:
        """Look at all units of a set."""
        prices, _ = self.prices(chosen)
        settings = self.archives.settings_of(chosen)
        try:
            self.units[chosen.name] = {
                unit.id: _seen(chosen, unit, prices, settings) for unit in self.archives.units(chosen, due_only=False)
            }
        except S3syncError as error:
            if chosen in self.wanted() and not self._is_ahead(chosen):
                self.problems.append(Problem(f"archives.{chosen.name}", str(error), error.hint))
            return
        self.newest += [one.newest for one in self.units[chosen.name].values()]

    def _is_ahead(self, chosen: ArchiveSet) -> bool:
        """True for a set behind a step by which nothing was ever sent from here: it has nothing to find yet."""
        before = step_before(chosen, self.sets, self.root)
        return before is not None and not self.archives.places(before.name)[0].catalogue_path.exists()

    def is_earlier(self, chosen: ArchiveSet, unit: str) -> bool:
        """True if files of a unit still lie in a step before, from where they come first."""
        return any(one.heavy for _, one in self._before(chosen, unit))

    def _before(self, chosen: ArchiveSet, unit: str) -> Iterator[tuple[ArchiveSet, Seen]]:
        """The unit in the steps before, as far as there is something of it."""
        for before, name in self._names_before(chosen, unit):
            found = self.units.get(before.name, {}).get(name)
            if found is not None:
                yield before, found

    def _names_before(self, chosen: ArchiveSet, unit: str) -> Iterator[tuple[ArchiveSet, str]]:
        seen = {chosen.name}
        while (before := step_before(chosen, self.sets, self.root)) is not None and before.name not in seen:
            seen.add(before.name)
            unit = self._sent(before).get(key_before(chosen, before, unit, self.root), unit)
            chosen = before
            yield chosen, unit

    def _sent(self, chosen: ArchiveSet) -> Mapping[str, str]:
        """Units of a set by the keys under which they were sent, also of those that went further since."""
        if chosen.name not in self._keys:
            (place,) = self.archives.places(chosen.name)
            with place.catalogue() as catalogue:
                archives = catalogue.archives(set=chosen.name, status=Status)
            self._keys[chosen.name] = {one.key: one.unit for one in archives}
        return self._keys[chosen.name]

    def work_on(self, chosen: ArchiveSet, unit: str, seen: Seen | None) -> tuple[list[Touch], list[str]]:
        """Signs of work on a unit, wherever it came from, and reasons why it has to stay."""
        found = [*([(chosen, seen)] if seen else []), *self._before(chosen, unit)]
        here = self.units.get(chosen.name, {}).get(unit) if seen is None else None
        found += [(chosen, here)] if here is not None else []
        touches = [Touch(one.newest, FILES) for _, one in found]
        names = [(chosen.name, unit), *((one.name, name) for one, name in self._names_before(chosen, unit))]
        touches += [touch for name in names if (touch := self._restores().get(name)) is not None]
        signs = self._team.signs(self._origin(chosen, unit, seen))
        obstacles = [*signs.obstacles]
        if signs.error is not None:
            problem = Problem("the team's store", str(signs.error), signs.error.hint)
            self.problems += [problem] if problem not in self.problems else []
        if any(touch.at > self.now + AHEAD for touch in touches):
            latest = max(touch.at for touch in touches)
            obstacles.append(f"its newest file is of the future ({time_text(latest)})")
        return [*touches, *signs.touches], obstacles

    def _restores(self) -> Mapping[tuple[str, str], Touch]:
        """Last restores by set and unit, also for the units of the steps before: who asks for one has use for it."""
        if self._restored is None:
            self._restored = {}
            for place in self.archives.places():
                with place.catalogue() as catalogue:
                    rows = catalogue.restored()
                for name, unit, at, by in rows:
                    when, chosen = parse_time(at), self.sets.get(name)
                    if when is None or chosen is None:
                        continue
                    for one in [(name, unit), *((s.name, n) for s, n in self._names_before(chosen, unit))]:
                        if one not in self._restored or self._restored[one].at < when:
                            self._restored[one] = Touch(when, f"{by or 'somebody'} restored it")
        return self._restored

    def _origin(self, chosen: ArchiveSet, unit: str, seen: Seen | None) -> Path:
        """Path that a unit has, or had, in the first of the steps."""
        *_, (first, name) = [(chosen, unit), *self._names_before(chosen, unit)]
        known = seen if first.name == chosen.name and seen is not None else self.units.get(first.name, {}).get(name)
        return Path(known.root) if known is not None else source_base(first, self.root)[0] / name

    def after(self, chosen: ArchiveSet, tier: Tier) -> int:
        """Seconds without work after which a step is due. A repository's set may put it off, and never hasten it."""
        given = self.rules.after.get(tier)
        if given is not None:
            return given
        usual = DAYS[tier] * DAY_S
        said = chosen.older_than_s if tier is not Tier.GLACIER else None
        if said is None:
            return usual
        return max(said, usual) if chosen.confined else said

    def prices(self, chosen: ArchiveSet) -> tuple[RegionPrices | None, str | None]:
        """Prices of a set's store; None where there are none, with the reason. A folder has none, and needs none."""
        settings = self.archives.settings_of(chosen)
        if scheme_of(chosen.store).is_folder:
            return None, None
        from s3sync.archive.price_list import price_book

        try:
            return price_book(self.archives.settings.prices).of(region_of(settings, self.rules.region)), None
        except ConfigError as error:
            return None, error.why or error.message


def _seen(chosen: ArchiveSet, unit: Unit, prices: RegionPrices | None, settings: Settings) -> Seen:
    light = light_of(chosen) if chosen.keep_light else lambda path: False
    files = [one for one in unit.sources if one.kind is Kind.FILE]
    heavy = sum(1 for one in unit.sources if one.kind is not Kind.FOLDER and not light(one.path))
    month = sending = None
    if prices is not None and heavy:
        items = items_of(chosen, unit, settings)
        month, sending = month_cost(items, prices), sending_cost(items, chosen, prices)
    return Seen(
        unit.id, unit.root, unit.key, moment(unit.newest_ns), unit.newest_ns, len(files), unit.size, heavy,
        unit.refused, month, sending,
    )  # fmt: skip
