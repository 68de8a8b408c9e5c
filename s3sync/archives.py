"""The public Python API of archiving: the verbs of `s3sync archive` with typed results (docs/python-api.md)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct, structs

from s3sync.archive.analyze import Analysis, analyze
from s3sync.archive.sets import load_sets, require_set, settings_of
from s3sync.archive.units import find_units, is_named
from s3sync.config import Settings, load_settings
from s3sync.core.archive.values import ArchiveSet, Unit


class Archives(Struct, frozen=True):
    """The archive sets that hold in a folder. Make one with `Archives.open`.

    Every method raises an `S3syncError`: see `s3sync.errors` for the tree.
    """

    settings: Settings
    flags: Mapping[str, str | None]
    environ: Mapping[str, str]

    @classmethod
    def open(
        cls,
        *,
        path: str | os.PathLike[str] = ".",
        flags: Mapping[str, str | None] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Archives:
        """The sets of the repository around `path` and of the user's own settings. Asks nothing of the network.

        `flags` override settings by their name, as `{"profile": "team"}`. `environ` is the process environment if None.
        """
        environ = os.environ if environ is None else environ
        flags = dict(flags or {})
        return cls(load_settings(Path(path).resolve(), flags=flags, environ=environ), flags, environ)

    def sets(self) -> dict[str, ArchiveSet]:
        """The sets by name."""
        return load_sets(self.settings)

    def chosen(self, name: str | None, *, older_than: int | None = None) -> ArchiveSet:
        """The set of that name, or the only one; `older_than` (seconds) instead of its own."""
        found = require_set(self.settings, name)
        return found if older_than is None else structs.replace(found, older_than_s=older_than)

    def settings_of(self, chosen: ArchiveSet) -> Settings:
        """The settings with which the store of a set is opened."""
        return settings_of(chosen, self.settings, self.environ, self.flags)

    def units(self, chosen: ArchiveSet, *names: str, due_only: bool = True) -> Iterator[Unit]:
        """The units of a set on the disk, or those that are named (by id, the last name of it, or a glob).

        Those that cannot be archived come with the reason in `refused`.
        """
        found = find_units(chosen, self.settings.root, due_only=due_only)
        return (unit for unit in found if is_named(unit.id, names))

    def analyze(
        self,
        *names: str,
        set: str | None = None,
        older_than: int | None = None,
        rate: int | None = None,
        region: str | None = None,
    ) -> Analysis:
        """Forecast of all sets, or one: sizes by year, the time to send at `rate` bytes a second, the price."""
        sets = (
            [self.chosen(set, older_than=older_than)]
            if set is not None or not self.sets()
            else [self.chosen(name, older_than=older_than) for name in self.sets()]
        )
        return analyze(
            [(one, self.settings_of(one), self.units(one, *names, due_only=False)) for one in sets],
            rate=rate,
            region=region,
        )
