"""The public Python API of archiving: the verbs of `s3sync archive` with typed results (docs/python-api.md)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import structs

from s3sync.archive.analyze import Analysis, analyze
from s3sync.archive.init import InitSetReport, init_set
from s3sync.archive.sets import require_units
from s3sync.archives.adopting import Adopting
from s3sync.archives.automating import Automating
from s3sync.archives.everywhere import Everywhere
from s3sync.archives.kept import Kept
from s3sync.archives.polling import Polling
from s3sync.archives.tagging import TaggingByBatch
from s3sync.core.archive.values import ArchiveSet, Unit
from s3sync.disk.current import named_folder

__all__ = ["Archives"]


class Archives(Polling, Automating, TaggingByBatch, Adopting, Kept, Everywhere, frozen=True):
    """The archive sets that hold in a folder. Make one with `Archives.open`.

    Every method raises an `S3syncError`: see `s3sync.errors` for the tree.
    """

    @staticmethod
    def init(
        preset: str,
        *,
        store: str,
        path: str | os.PathLike[str] = ".",
        name: str | None = None,
        source: str | None = None,
        own: bool = False,
        more: Mapping[str, object] | None = None,
        environ: Mapping[str, str] | None = None,
        dry_run: bool = False,
    ) -> InitSetReport:
        """Write a set into the settings, from a preset. `more` are rules as the settings write them."""
        return init_set(
            named_folder(path),
            os.environ if environ is None else environ,
            preset,
            store=store,
            name=name,
            source=source,
            own=own,
            more=more,
            dry_run=dry_run,
        )

    def _units_to_look_at(
        self, chosen: ArchiveSet, names: Sequence[str], told: Callable[[Unit], None]
    ) -> Iterator[Unit]:
        """The units of a set. What is wrong with its source is raised at the first one, and hides no other set."""
        for unit in self.units(chosen, *names, due_only=False):
            told(unit)
            yield unit

    def analyze(
        self,
        *names: str,
        set: str | None = None,
        older_than: int | None = None,
        rate: int | None = None,
        region: str | None = None,
        told: Callable[[Unit], None] = lambda unit: None,
    ) -> Analysis:
        """Forecast of all sets, or one: sizes by year, the time to send, the price. `told` hears of each unit.

        Without `rate` (bytes a second) the time is that of earlier runs of this computer, where there were any.
        """
        sets = (
            [self.chosen(set, older_than=older_than)]
            if set is not None or not self.sets()
            else [self.chosen(name, older_than=older_than) for name in self.sets()]
        )
        every, sets = sets, require_units(sets, named=set is not None)
        found = analyze(
            [(one, self.settings_of(one), self._units_to_look_at(one, names, told)) for one in sets],
            rate=rate,
            region=region,
            measured={one.name: self.measured_rate(one) for one in sets},
            known={one.name: self.archived_units(one) for one in sets},
        )
        return structs.replace(found, tables=tuple(one.name for one in every if one not in sets))
