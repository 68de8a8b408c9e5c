"""Verb that says where a project lives that is not here: in which archive, and what it takes to bring it back.

The catalogue of this computer alone is asked. No store is opened.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from s3sync.archive.restoring import RestoreOptions
from s3sync.archive.thaw import ColdObject, Price, price_of
from s3sync.archives.opened import Place
from s3sync.archives.returning import Returning
from s3sync.config import mask_url
from s3sync.config.schemes import is_on_aws, scheme_of
from s3sync.core.archive.costs import COLD
from s3sync.core.archive.named import units_of
from s3sync.core.archive.records import THAWED, Archived, as_of
from s3sync.core.archive.thaw_times import THAW_TIMES, takes_text
from s3sync.core.archive.values import Pack
from s3sync.core.folder_names import project_reason
from s3sync.core.names import nfc
from s3sync.errors import S3syncError
from s3sync.staging import holds_files
from s3sync.store.aspects import Thaw, ThawState, Tier

MOST_PRICED = 100_000
"""Objects of one archive that are counted for its price."""
_GLOB = frozenset("*?[")


class Way(Struct, frozen=True):
    """Way back. `tier` is None for what is read at once; `takes` the time at most, None where it is not known."""

    tier: Tier | None
    price: Price
    takes: str | None


class Lives(Struct, frozen=True):
    """Home of a project that is not here. `archives` are those that a restore takes, in `store` and further ones."""

    project: str
    unit: str
    store: str
    archives: tuple[Archived, ...]
    ways: tuple[Way, ...]

    @property
    def first(self) -> Archived:
        return self.archives[0]

    @property
    def size(self) -> int:
        return sum(one.size for one in self.archives)

    @property
    def is_cold(self) -> bool:
        """True if it has to be thawed first, or is being thawed, as far as this computer knows."""
        return any(one.storage_class in COLD and not _is_thawed(one) for one in self.archives)

    @property
    def is_thawing(self) -> bool:
        return any(one.thaw is not None and one.thaw.state == ThawState.THAWING for one in self.archives)


class Naming(Returning, frozen=True):
    """The verb about a name."""

    def lives(self, word: str) -> Lives | None:
        """Home of the project that a word means (`units_of`); None where no archive is of such a project, and where it
        is here. What cannot be read tells nothing."""
        word = nfc(word).rstrip("/")
        if not word or "/" in word or _GLOB & set(word) or self.settings.root is None:
            return None
        try:
            if not self.sets():
                return None
            ids = [unit for place in self.places() for unit in self._begun(place, word)]
            named = sorted(units_of(word, ids))
            return self._lives(named[0]) if len(named) == 1 else None
        except (S3syncError, OSError):
            return None

    @staticmethod
    def _begun(place: Place, word: str) -> list[str]:
        if not place.catalogue_path.exists():
            return []
        with place.catalogue() as catalogue:
            return catalogue.units_begun(word)

    def _lives(self, unit: str) -> Lives | None:
        jobs = self._chosen_for([unit], None, RestoreOptions())
        if not jobs:
            return None
        place, first, _ = jobs[0]
        root = self.settings.root
        to = self._destination(self.chosen(first.set), first, None).path
        assert root is not None
        if not to.is_relative_to(root) or to == root:
            return None  # no project of this repository
        name = to.relative_to(root).parts[0]
        if project_reason(nfc(name)) is not None or nfc(name) != unit.rpartition("/")[2]:
            return None
        if holds_files(root / name / self.settings.staging):
            return None
        archives = tuple(as_of(one, self.now()) for _, one, _ in jobs)
        return Lives(name, unit, mask_url(place.url), archives, tuple(self._ways(place, archives)))

    def _ways(self, place: Place, archives: Sequence[Archived]) -> list[Way]:
        classes: dict[str, list[int]] = {}
        cold: list[ColdObject] = []
        for one in archives:
            sizes = self._sizes(place, one)
            classes.setdefault(one.storage_class, []).extend(sizes)
            if one.storage_class in COLD and not _is_thawed(one):
                thaw = Thaw(ThawState.COLD, one.storage_class)
                cold += (ColdObject(one.key, size, thaw) for size in sizes)
        days = RestoreOptions().days
        if not cold:
            return [Way(None, price_of(place.settings, classes, (), Tier.BULK, days), None)]
        is_known = is_on_aws(place.url, place.settings.endpoint_url) or scheme_of(place.url).vendor == "Azure"
        slowest = max((one.thaw.storage_class for one in cold), key=lambda name: name == "DEEP_ARCHIVE")
        times = THAW_TIMES[slowest]
        return [
            Way(
                tier,
                price_of(place.settings, classes, cold, tier, days),
                takes_text(times[str(tier)]) if is_known else None,
            )
            for tier in Tier
            if str(tier) in times and not (tier is Tier.STANDARD and times[str(tier)] == times[str(Tier.BULK)])
        ]

    @staticmethod
    def _sizes(place: Place, one: Archived) -> list[int]:
        """Sizes of the objects that are read. Of files without a container only their sum is known."""
        if one.pack is Pack.NONE:
            return [one.size, *[0] * (min(max(one.files, 1), MOST_PRICED) - 1)]
        with place.catalogue() as catalogue:
            return [size for _, size, _ in catalogue.parts(one.key)] or [one.size]


def _is_thawed(one: Archived) -> bool:
    return one.thaw is not None and one.thaw.state == THAWED
