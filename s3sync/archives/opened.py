"""Archive sets with the settings, the stores and the catalogues that belong to them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Self

from msgspec import Struct, field, structs

from s3sync.archive.catalogue import Catalogue, catalogue_path
from s3sync.archive.chain import away, is_empty, not_connected, require_same_disk, step_before
from s3sync.archive.disks import unmounted
from s3sync.archive.sets import load_sets, require_set, settings_of, source_base, unsealable
from s3sync.config import Settings, load_settings
from s3sync.config.schemes import prefix_of, scheme_of
from s3sync.connect import connect
from s3sync.core.archive.values import ArchiveSet
from s3sync.core.times import format_time
from s3sync.disk.current import named_folder
from s3sync.errors import BucketMissing
from s3sync.repositories.note import note_repository
from s3sync.store import identity_of
from s3sync.store.port import Store
from s3sync.sync.session import utc_now
from s3sync.transfer.progress import Progress, Silent


class Place(Struct, frozen=True):
    """One store with the sets that send to it."""

    settings: Settings
    sets: tuple[ArchiveSet, ...]
    environ: Mapping[str, str]

    @property
    def url(self) -> str:
        return self.settings.store

    @property
    def root(self) -> str:
        """Prefix of the store in its bucket: empty, or ending in `/`."""
        if not scheme_of(self.url).has_server:
            return ""
        prefix = prefix_of(self.url)
        return f"{prefix}/" if prefix else ""

    def store(self, *, any_disk: bool = False) -> Store:
        """Open the store. Raises `NotTrusted` for one that the user has not agreed to, `BucketMissing` for a folder
        store whose disk is not connected, or is another one than the catalogue's, unless `any_disk`.
        """
        store = connect(self.settings)
        note_repository(self.settings)
        if not any_disk:
            self.require_same_disk(store)
        return store

    def require_same_disk(self, store: Store) -> None:
        """Raise `BucketMissing` for a folder store on another disk than the one that the catalogue is of."""
        if scheme_of(self.url).is_folder and self.catalogue_path.exists():
            with self.catalogue() as catalogue:
                require_same_disk(store, catalogue, self.sets[0].name)

    @property
    def catalogue_path(self) -> Path:
        return catalogue_path(self.url, self.settings.endpoint_url, self.environ)

    @contextmanager
    def catalogue(self, *, make: bool = False) -> Iterator[Catalogue]:
        """The catalogue of the store, open for as long as the block.

        Where there is none, it is empty and none is made, unless `make`: a catalogue says that the store was used.
        """
        path = self.catalogue_path
        with Catalogue(path, read_only=not make and not path.exists()) as opened:
            yield opened


class Opened(Struct, frozen=True):
    """Settings of a folder, and what all verbs need of them."""

    settings: Settings
    flags: Mapping[str, str | None]
    environ: Mapping[str, str]
    progress: Progress = field(default_factory=Silent)
    lock_wait_s: float = 0
    clock: Callable[[], datetime] = utc_now

    @classmethod
    def open(
        cls,
        *,
        path: str | os.PathLike[str] = ".",
        flags: Mapping[str, str | None] | None = None,
        environ: Mapping[str, str] | None = None,
        progress: Progress | None = None,
        lock_wait_s: float = 0,
        clock: Callable[[], datetime] = utc_now,
    ) -> Self:
        """The sets of the repository around `path` and of the user's own settings. Asks nothing of the network.

        `flags` override settings by their name, as `{"profile": "team"}`. `environ` is the process environment if None.
        `clock` tells what is written down as the time, and by which `auto` decides.
        """
        environ = os.environ if environ is None else environ
        flags = dict(flags or {})
        settings = load_settings(named_folder(path), flags=flags, environ=environ)
        return cls(settings, flags, environ, progress or Silent(), lock_wait_s, clock)

    def sets(self) -> dict[str, ArchiveSet]:
        """The sets by name, but for those that an encrypted repository cannot have."""
        found = load_sets(self.settings)
        return {name: one for name, one in found.items() if unsealable(one, self.settings) is None}

    def chosen(self, name: str | None, *, older_than: int | None = None) -> ArchiveSet:
        """The set of that name, or the only one; `older_than` (seconds) instead of its own."""
        found = require_set(self.settings, name)
        return found if older_than is None else structs.replace(found, older_than_s=older_than)

    def settings_of(self, chosen: ArchiveSet) -> Settings:
        """The settings with which the store of a set is opened."""
        return settings_of(chosen, self.settings, self.environ, self.flags)

    def places(self, name: str | None = None) -> list[Place]:
        """The stores of all sets, each once, or that of one set. Raises `ConfigError` where there is no set."""
        sets = self.sets()
        chosen = list(sets.values()) if name is None and sets else [require_set(self.settings, name)]
        found: dict[tuple[str, str | None], Place] = {}
        for one in chosen:
            settings = self.settings_of(one)
            key = (settings.store.rstrip("/"), settings.endpoint_url)
            place = found.get(key) or Place(settings, (), self.environ)
            found[key] = structs.replace(place, sets=(*place.sets, one))
        return list(found.values())

    def require_source(self, chosen: ArchiveSet) -> None:
        """Raise `ConfigError` for a set whose source is on the disk of the step before, which is not connected.

        An empty mount point, or another disk on it, would look as if nothing were left to archive.
        """
        before = step_before(chosen, self.sets(), self.settings.root)
        base, _ = source_base(chosen, self.settings.root)
        if before is None:
            if is_empty(base) and (why := unmounted(Path(os.path.realpath(base)))) is not None:
                raise away(chosen, base, why)
            return
        (place,) = self.places(before.name)
        try:
            store = place.store()
            if not place.catalogue_path.exists() and is_empty(base):  # nothing was sent there from this computer
                identity_of(store)
        except BucketMissing as error:
            raise not_connected(chosen, base, error) from error

    @property
    def user(self) -> str:
        """Name for the log; empty where none is set."""
        return self.settings.user or ""

    def now(self) -> datetime:
        return self.clock()

    def now_text(self) -> str:
        return format_time(self.now())
