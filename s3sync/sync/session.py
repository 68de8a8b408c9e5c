"""Session of a command: the project, its store, this computer's memory of it, who runs it and who watches."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct, field

from s3sync.config import Settings, mask_url
from s3sync.core.manifest.edits import Edits
from s3sync.core.manifest.record import DeletedRecord, FileRecord
from s3sync.core.records import stamp_of
from s3sync.core.times import format_time
from s3sync.project import ProjectFolder
from s3sync.spill.table import SpilledDict
from s3sync.store.aspects import Timed, aspect
from s3sync.store.port import Pace, Store, Unlimited
from s3sync.sync.report import ProjectAddress
from s3sync.transfer.descriptors import most_connections
from s3sync.transfer.flow import CEILING, Flow
from s3sync.transfer.progress import Progress, Silent

if TYPE_CHECKING:
    from s3sync.state.memory import StateDB
    from s3sync.state.seen_text import SeenText
    from s3sync.sync.together import Together
    from s3sync.transfer.line import Line
    from s3sync.transfer.pool import Pool


def utc_now() -> datetime:
    return datetime.now(UTC)


def flow_to(store: Store, workers: int) -> Flow:
    """Limit of the small requests to a store, from what its first answers took."""
    timed = aspect(store, Timed)
    return Flow(workers) if timed is None else Flow(workers, timed.round_trip_s, lambda: timed.breaks)


def line_to(store: Store, expected: float | None = None) -> Line:
    """One direction of the line to a store. `expected`: its rate, in bytes a second, as it was last time."""
    from s3sync.transfer.line import Line

    timed = aspect(store, Timed)
    return Line(round_trip_s=lambda: None if timed is None else timed.round_trip_s, expected=expected)


class Session(Struct, frozen=True):
    """One command on one project. `clock` names times for people; no decision depends on it."""

    settings: Settings
    project: ProjectFolder
    store: Store
    progress: Progress = field(default_factory=Silent)
    clock: Callable[[], datetime] = utc_now
    workers: int = CEILING
    lock_wait_s: float = 0
    pace: Pace = field(default_factory=Unlimited)
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:16])
    """Name of this command in the history: it may write metadata.json several times."""
    told_as: str | None = None
    """Name of this command in the history, where its verb is made of another's steps."""
    together: Together | None = None
    """Threads and bounds that it shares with the runs of other projects beside it."""

    @property
    def place(self) -> ProjectAddress:
        return ProjectAddress(
            self.project.name,
            self.project.repo,
            mask_url(self.settings.store),
            self.project.root,
            self.settings.store_is_default,
            self.project.staging,
        )

    def pool(self) -> Pool:
        """A pool for requests: how many are under way at once finds itself, up to `workers`."""
        from s3sync.transfer.pool import Pool

        if self.together is not None:
            return Pool(crew=self.together.crew)
        workers = most_connections(self.workers)
        return Pool(workers, flow_to(self.store, workers))

    def hashing_pool(self) -> Pool:
        """A pool for reading files of this disk."""
        from s3sync.transfer.pool import HASHERS, Pool

        return Pool(min(self.workers, HASHERS if self.together is None else self.together.hashers))

    def lines(self, expected_up: float | None = None) -> tuple[Line, Line]:
        """Lines to the store, up and down, that know what is under way on them. `expected_up`: as for `line_to`."""
        if self.together is not None:
            return self.together.up, self.together.down
        return line_to(self.store, expected_up), line_to(self.store)

    def edits(self) -> Edits:
        """An empty set of changes to metadata.json, signed and dated. Those of nobody are never published."""
        by, at = self.settings.user or "", format_time(self.clock())
        return Edits(
            by,
            at,
            socket.gethostname(),
            files=SpilledDict(FileRecord),
            repaired=SpilledDict(FileRecord),
            deleted=SpilledDict(DeletedRecord),
            vanished=SpilledDict(FileRecord),
        )

    def trash_stamp(self) -> str:
        """A new name for a trash folder, here and on the remote: by time, and of nobody else in the same second."""
        return stamp_of(self.clock(), uuid.uuid4().hex, self.settings.user or "nobody")

    def memory(self, *, read_only: bool = False, locked: bool = True) -> StateDB:
        """Open state.db for the place in the store that this session works with.

        `locked` False: for whoever does not hold the project's lock. Raises `LocalError` where our folder is none
        of ours.
        """
        from s3sync.local.room import known_room
        from s3sync.state.opening import open_memory
        from s3sync.sync.whereabouts import whereabouts

        room = known_room(self.project.staging)
        if room is not None:
            room.close()
        place = whereabouts(self.settings, self.store, self.project)
        return open_memory(self.project.state_dir, place, self.settings.env, read_only=read_only, locked=locked)

    def kept_manifest(self, state: StateDB) -> SeenText | None:
        """metadata.json as this computer saw it last, where asking for it is a way."""
        if aspect(self.store, Timed) is None:
            return None
        from s3sync.state.seen_text import SeenText

        place = f"{state.place_name} {self.project.prefix}"
        return SeenText(self.project.staging, place, self.settings.env, keeps=not state.read_only)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the project's lock. Raises `LockHeld`, and `LocalError` where our folder cannot be used."""
        from s3sync.disk.tree import kept_folders
        from s3sync.local.room import state_room
        from s3sync.state.lock import project_lock

        with (
            kept_folders(),
            state_room(self.project.staging) as room,
            project_lock(room, now=self.clock(), wait_s=self.lock_wait_s),
        ):
            yield
