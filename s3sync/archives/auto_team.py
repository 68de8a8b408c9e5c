"""Signs of work on a unit that its files do not show: the team's history and locks, conflicts, and what is shared.

They are those of the project that the unit is, or lies in: of the repository around it, as far as there is one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct, field

from s3sync.config import REPO_FILE, Settings, find_repo_root, load_settings
from s3sync.config.locate import exists
from s3sync.connect import connect
from s3sync.core.archive.automation import Touch
from s3sync.core.history import ARCHIVED, FREED, Event, read_event
from s3sync.core.names import nfc
from s3sync.core.quantities import counted
from s3sync.core.team import FileLock, LockState
from s3sync.core.times import parse_time
from s3sync.core.versions import time_text
from s3sync.errors import BucketMissing, ConfigError, S3syncError
from s3sync.project import ProjectFolder, find_project, list_projects
from s3sync.shared.locks import read_locks
from s3sync.shared.manifest import read_manifest
from s3sync.shared.pages import SharedUntil, shared_until
from s3sync.state.untold import Untold
from s3sync.store.port import Store
from s3sync.sync.session import Session
from s3sync.sync.status import open_state
from s3sync.team.conflicts import conflicts

OURS = {ARCHIVED, FREED}
"""Deeds of archiving itself: they are no work on a project, or each step would put off the next one."""


class Signs(Struct):
    """Last touches of a project, and reasons why it has to stay where it is. `error`: it could not be asked about."""

    touches: list[Touch] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)
    error: S3syncError | None = None

    def add(self, other: Signs) -> None:
        self.touches += other.touches
        self.obstacles += other.obstacles


class _Around(Struct, frozen=True):
    """A project by its prefix in the store of its repository; `folder` where it is on this disk."""

    settings: Settings
    prefix: str
    folder: ProjectFolder | None


class Team:
    """Asks the repositories around units. Each project is asked about once; nothing is written."""

    def __init__(self, environ: Mapping[str, str], flags: Mapping[str, str | None], now: datetime) -> None:
        self._environ, self._now = environ, now
        self._flags = {name: value for name, value in flags.items() if name in ("user", "profile")}
        self._settings: dict[Path, Settings | None] = {}
        self._stores: dict[str, Store] = {}
        self._known: dict[tuple[str, str], Signs] = {}

    def signs(self, place: Path) -> Signs:
        """Signs of work on the unit at a path, which need not exist any more. What cannot be asked is an obstacle."""
        found = Signs()
        try:
            for around in self._around(place):
                key = (around.settings.store, around.prefix)
                if key not in self._known:
                    self._known[key] = self._asked(around)
                found.add(self._known[key])
        except S3syncError as error:
            found.obstacles.append("it cannot be seen whether somebody works on it")
            found.error = error
        return found

    def _around(self, place: Path) -> Iterator[_Around]:
        place = Path(os.path.realpath(place))
        existing = next(folder for folder in (place, *place.parents) if folder.exists())
        root = find_repo_root(existing)
        if root is None:
            return
        settings = self._settings_of(root)
        if settings is None:
            return
        parts = place.relative_to(root).parts
        if not parts:
            yield from (_Around(settings, one.prefix, one) for one in list_projects(settings, root))
            return
        folder = root / parts[0]
        try:
            project = find_project(settings, folder if folder.exists() else root, None if folder.exists() else parts[0])
            yield _Around(settings, project.prefix, project)
        except S3syncError:  # no project here: it may be one in the store
            yield _Around(settings, f"{settings.repo}/{nfc(parts[0])}/", None)

    def _settings_of(self, root: Path) -> Settings | None:
        """Settings of a repository; None for one that s3sync was never set up in, and cannot be."""
        if root not in self._settings:
            try:
                self._settings[root] = load_settings(root, flags=self._flags, environ=self._environ)
            except ConfigError:
                if exists(root / REPO_FILE):
                    raise
                self._settings[root] = None
        return self._settings[root]

    def _asked(self, around: _Around) -> Signs:
        try:
            store = self._store(around.settings)
            signs = self._told(store, around.prefix)
        except BucketMissing:
            if around.settings.store_is_default:  # nothing was ever synced from here
                return Signs()
            raise
        if around.folder is not None and around.folder.staging.is_dir():
            session = Session(around.settings, around.folder, store)
            with open_state(session) as state:
                _add_events(signs, Untold(state).events())
            if not signs.obstacles:
                signs.obstacles += _conflict_text([one.name for one in conflicts(session).conflicts])
        return signs

    def _store(self, settings: Settings) -> Store:
        key = f"{settings.store}\n{settings.endpoint_url}\n{settings.profile}"
        if key not in self._stores:
            self._stores[key] = connect(settings, create=False)
        return self._stores[key]

    def _told(self, store: Store, prefix: str) -> Signs:
        """Signs in the store: events, locks, kept conflicts, pages and inboxes."""
        signs, now = Signs(), self._now
        manifest = read_manifest(store, prefix).manifest
        _add_events(signs, (event for raw in manifest.events if (event := read_event(raw)) is not None))
        last = parse_time(manifest.last_sync) if manifest.last_sync and not manifest.events else None
        if last is not None:
            signs.touches.append(Touch(last, f"{manifest.last_sync_by or 'somebody'} synced it"))
        locks = read_locks(store, prefix)
        for lock in (*locks.by_name.values(), *locks.unreadable):
            _add_lock(signs, lock)
        signs.obstacles += [f"it cannot be seen whether it is locked: {text}" for text in locks.warnings]
        signs.obstacles += _conflict_text([one.name for one in manifest.conflicts if not one.resolved])
        _add_shares(signs, shared_until(store, prefix, now))
        for inbox in manifest.inboxes.values():
            until = parse_time(inbox.until)
            if inbox.ended is None and until is not None and until > now:
                signs.obstacles.append(f"a client may send files to it until {time_text(until)}")
        return signs


def _add_events(signs: Signs, events: Iterable[Event]) -> None:
    for event in events:
        at = parse_time(event.at)
        if at is not None and not set(event.counts) <= OURS:
            signs.touches.append(Touch(at, f"{event.by} worked on it ({event.verb})"))


def _add_lock(signs: Signs, lock: FileLock) -> None:
    """A lock that holds keeps its project here, whosever it is; one that ended is a sign of work."""
    if lock.state is LockState.HELD:
        until = f" until {time_text(lock.until)}" if lock.until is not None else ""
        signs.obstacles.append(f"{lock.by} has locked {lock.name}{until}")
    elif lock.state is LockState.EXPIRED and lock.since is not None:
        signs.touches.append(Touch(lock.since, f"{lock.by or 'somebody'} locked {lock.name or 'a file'}"))


def _add_shares(signs: Signs, shared: SharedUntil) -> None:
    if shared.unclear:
        signs.obstacles.append("it cannot be seen whether it is shared: it has too many pages and links")
    if shared.page is not None:
        signs.obstacles.append(f"it is shared on a page until {time_text(shared.page)}")
    if shared.link is not None:
        signs.obstacles.append(f"somebody has a link to it until {time_text(shared.link)}")


def _conflict_text(names: list[str]) -> list[str]:
    if not names:
        return []
    return [f"{counted(len(names), 'conflict')} is open: {names[0]}" if len(names) == 1 else
            f"{counted(len(names), 'conflict')} are open, such as {names[0]}"]  # fmt: skip
