"""Everything that a run on one set's store has open: the store, the pool, the catalogue, the journal and their lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct, field, structs

from s3sync.archive.carrier import Carrier, open_carrier
from s3sync.archive.catalogue.database import Catalogue, catalogue_path
from s3sync.archive.journal import Journal, Looks
from s3sync.core.archive.records import Archived, LogEntry
from s3sync.core.archive.values import ArchiveSet, Index, Unit
from s3sync.core.times import format_time
from s3sync.disk.errors import local_errors
from s3sync.disk.guarded import GuardedFolder
from s3sync.disk.own import make_own
from s3sync.state.lock import RUN, project_lock
from s3sync.store.port import Pace, Store, Unlimited
from s3sync.transfer.flow import CEILING
from s3sync.transfer.progress import Progress, Silent

JOURNAL = "uploads.db"
_STORE = structs.replace(RUN, held="another s3sync is working on the archives of this store")


class Channel(Struct, frozen=True):
    """Address of a store of archives, who works on it and how; the store itself when it is open."""

    url: str
    endpoint: str | None
    user: str
    environ: Mapping[str, str]
    progress: Progress = field(default_factory=Silent)
    pace: Pace = field(default_factory=Unlimited)
    workers: int = CEILING
    lock_wait_s: float = 0
    opened: Store | None = None

    def on(self, store: Store) -> Channel:
        return structs.replace(self, opened=store)

    @property
    def store(self) -> Store:
        assert self.opened is not None
        return self.opened

    @property
    def is_known(self) -> bool:
        """True if this computer has a catalogue of the store."""
        return self.catalogue_path.exists()

    @property
    def catalogue_path(self) -> Path:
        return catalogue_path(self.url, self.endpoint, self.environ)

    @property
    def room(self) -> Path:
        """Folder for the lock and the journal of whoever sends to the store."""
        return self.catalogue_path.with_suffix(".work")

    def is_made(self, index: Index) -> bool:
        """True if this computer sent what an index is of."""
        path = self.room / JOURNAL
        if not path.exists():
            return False
        with Journal(path, read_only=True) as journal:
            return journal.is_made(index)

    def as_made(self, index: Index) -> Index | None:
        """The index with the ETags that its objects had when this computer sent them, if else it is the same."""
        path = self.room / JOURNAL
        if not path.exists():
            return None
        with Journal(path, read_only=True) as journal:
            return journal.as_made(index)

    def was_read(self, index: Index, looks: Looks) -> bool:
        """True if this computer read all that an index is of, and its objects look as they did then."""
        path = self.room / JOURNAL
        if not looks or not path.exists():
            return False
        with Journal(path, read_only=True) as journal:
            return journal.was_read(index, looks)

    def note_read(self, index: Index, looks: Looks) -> None:
        """Remember that this computer read all that an index is of."""
        with local_errors("cannot use", self.room, hint="make the folder yours and writable"):
            make_own(self.room)
        with Journal(self.room / JOURNAL) as journal:
            journal.note_read(index, looks)

    @contextmanager
    def record(self) -> Iterator[Journal | None]:
        """This computer's record of what it sent to the store, to be added to; None where it sent nothing."""
        path = self.room / JOURNAL
        if not path.exists():
            yield None
            return
        with Journal(path) as journal:
            yield journal


class Working(Struct, frozen=True):
    """A run on one set."""

    carrier: Carrier
    rules: ArchiveSet
    catalogue: Catalogue
    journal: Journal
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    moved_on: Callable[[Unit], None] = lambda unit: None
    """Told of each unit whose files were deleted, for the step before in a chain."""
    sent: Callable[[Unit], None] = lambda unit: None
    """Told of each unit that was sent."""
    freed: Callable[[Unit, int], None] = lambda unit, files: None
    """Told of each unit whose files were deleted here, and how many those were."""
    leaving: Callable[[Unit], AbstractContextManager[None]] = lambda unit: nullcontext()
    """Held open while a unit's files are deleted here. It raises `S3syncError` where they must not go now."""
    agree_to_read: Callable[[Archived], None] = lambda archived: None
    """Asked before an archive is read back as a whole. Raises `Halt` where the price is not agreed to."""

    def note(self, action: str, unit: str, key: str, size: int = 0, outcome: str = "done", detail: str = "") -> None:
        """Write what was done into the log of the catalogue."""
        at = format_time(self.now())
        self.catalogue.note(
            LogEntry(at, self.carrier.user, action, self.rules.name, unit, key, size, outcome, detail[:2000])
        )


@contextmanager
def carrying(channel: Channel) -> Iterator[Carrier]:
    """Open just what moves bytes, for whoever changes nothing."""
    with open_carrier(channel.store, channel.user, channel.progress, channel.pace, channel.workers) as carrier:
        yield carrier


@contextmanager
def alone(channel: Channel, *, share: str = "") -> Iterator[None]:
    """Keep others on this computer from a store's archives, or from a share of them, while the block runs.

    A run deletes files here as the store has them, and `remove` an archive as this disk has its files: not both at
    once. Raises `LockHeld`.
    """
    folder = channel.room
    with local_errors("cannot use", folder, hint="make the folder yours and writable"):
        make_own(folder)
        place = folder / share if share else folder
        place.mkdir(exist_ok=True, mode=0o700)
        room = GuardedFolder.open(place, private=True)
    with room, project_lock(room, now=datetime.now(UTC), wait_s=channel.lock_wait_s, kind=_STORE):
        yield


@contextmanager
def working(channel: Channel, rules: ArchiveSet, *, share: str = "") -> Iterator[Working]:
    """Open a run on a set. Raises `LockHeld` when another one works on its store.

    `share`: name of a part of the set that this run does, beside others that do other parts; each has its own lock.
    """
    with (
        alone(channel, share=share),
        Catalogue(channel.catalogue_path) as catalogue,
        Journal(channel.room / JOURNAL) as journal,
        carrying(channel) as carrier,
    ):
        yield Working(carrier, rules, catalogue, journal)
