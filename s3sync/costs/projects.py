"""Books of a repository's projects: a listing with classes, and of each project metadata.json and its events."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from threading import Lock

from msgspec import Struct, field

from s3sync.core import limits
from s3sync.core.history import read_event
from s3sync.core.manifest.record import Manifest
from s3sync.core.money.books import (
    ALL_PROJECTS,
    FILES,
    NO_PERSON,
    NOBODY,
    OLD,
    RECORDS,
    STANDARD,
    Lot,
    Lots,
    Movements,
    Traffic,
)
from s3sync.core.money.keys import Owned, owned
from s3sync.errors import ENDS_THE_RUN, NotAStore, S3syncError, StoreError
from s3sync.shared.history import read_month
from s3sync.shared.manifest import read_manifest
from s3sync.shared.projects import MOST_PROJECTS
from s3sync.spill.sequence import SpilledList
from s3sync.store.aspects import Thaws, Versions, aspect
from s3sync.store.port import ObjectInfo, Store

AT_ONCE = 16
"""Projects whose metadata.json is read side by side."""
SMALL = 1024 * 1024
"""Size of a month of events above which one is read after the other: its events take several times as much memory."""
MOST_EVENTS = 200_000
"""Events of a project that are counted: of hostile ones there are as many as somebody likes."""
MOST_OF_A_WORD = 256
"""Characters of a user or a class: others may have written what they like."""
_one_large = Lock()


class Found(Struct):
    """Books of the projects. `first`: the earliest month that has events, whatever was asked for."""

    lots: list[Lot] = field(default_factory=list)
    traffic: list[Traffic] = field(default_factory=list)
    first: str | None = None
    warnings: list[str] = field(default_factory=list)


class _Project(Struct):
    """Objects of one project as they were listed, and those that hold the events of the months asked for."""

    objects: SpilledList[ObjectInfo]
    months: list[ObjectInfo] = field(default_factory=list)
    has_manifest: bool = False


class _Read(Struct):
    lots: Lots
    events: Movements
    warnings: list[str] = field(default_factory=list)


def project_books(store: Store, repo: str, months: Collection[str], apart: Collection[str] = ()) -> Found:
    """Lots of all objects of a repository, and its traffic in some months. `apart`: prefixes counted elsewhere.

    Raises `StoreError` where the repository cannot be listed; one project that cannot be read hides no other.
    """
    found = Found()
    projects = _listed(store, f"{repo}/", months, apart, found)
    movements = Movements()

    def read(item: tuple[str, _Project]) -> _Read:
        return _read(store, repo, *item, months)

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="s3sync-costs") as threads:
        for one in threads.map(read, projects.items()):
            found.lots += one.lots
            found.warnings += one.warnings
            for traffic in one.events:
                movements.add(traffic)
    found.traffic = [one for one in movements if one.month in months]
    known = [one.month for one in movements if one.month[:4] != "0000"]
    found.first = min([*known, *([found.first] if found.first else [])], default=None)
    return found


def old_versions(store: Store, repo: str, apart: Collection[str] = ()) -> Found:
    """Lots of what the bucket keeps of replaced and deleted objects: none where it keeps none.

    Raises `StoreError`: `AccessDenied` for who may not list them.
    """
    found, lots = Found(), Lots()
    versions = aspect(store, Versions)
    if versions is None or not versions.keeps_versions():
        return found
    for count, one in enumerate(versions.list_versions(f"{repo}/")):
        if count >= limits.now.objects_listed:
            found.warnings.append(f"more than {limits.now.objects_listed} old versions: the rest is not counted")
            break
        if one.is_latest or one.is_marker or any(one.key.startswith(prefix) for prefix in apart):
            continue
        project = owned(one.key.removeprefix(f"{repo}/")).project
        storage_class = (one.storage_class or STANDARD)[:MOST_OF_A_WORD]
        lots.add(project, NOBODY, OLD, storage_class, max(0, one.size), one.modified.timestamp())
    found.lots = list(lots)
    return found


def _objects(store: Store, prefix: str) -> Iterator[ObjectInfo]:
    """Objects with their classes, which a plain listing need not tell."""
    thaws = aspect(store, Thaws)
    if thaws is None:
        return store.list(prefix)
    return (info for info, _ in thaws.list_thaws(prefix))


def _listed(
    store: Store, prefix: str, months: Collection[str], apart: Collection[str], found: Found
) -> dict[str, _Project]:
    projects: dict[str, _Project] = {}
    for count, info in enumerate(_objects(store, prefix)):
        if not info.key.startswith(prefix):
            raise NotAStore(f"could not list {store.url}/{prefix}", why="the store names what is not there")
        if count >= limits.now.objects_listed or len(projects) > MOST_PROJECTS:
            raise StoreError(
                f"could not count what {store.url}/{prefix} costs",
                why=f"it has more than {limits.now.objects_listed} objects or {MOST_PROJECTS} projects",
            )
        if any(info.key.startswith(one) for one in apart):
            continue
        one = owned(info.key.removeprefix(prefix))
        project = projects.setdefault(one.project, _Project(SpilledList(ObjectInfo)))
        project.objects.append(info)
        project.has_manifest = project.has_manifest or one.is_manifest
        if one.events is not None and one.events[:4] != "0000":
            found.first = one.events if found.first is None else min(found.first, one.events)
            if one.events in months:
                project.months.append(info)
    for project in projects.values():
        project.objects.flush()
    return projects


def _read(store: Store, repo: str, name: str, project: _Project, months: Collection[str]) -> _Read:
    done, prefix = _Read(Lots(), Movements()), f"{repo}/{name}/"
    manifest: Manifest | None = None
    if project.has_manifest and name != ALL_PROJECTS:
        try:
            manifest = read_manifest(store, prefix).manifest
        except S3syncError as error:
            if isinstance(error, ENDS_THE_RUN):
                raise
            done.warnings.append(f"who sent the files of {name} is not known: {error}")
    for found in manifest.events if manifest is not None else ():
        event = read_event(found)
        if event is not None:
            done.events.event(name, event)
    for info in project.months:
        with _one_large if info.size > SMALL else nullcontext():
            month = read_month(store, info)
            done.warnings += month.warnings
            for event in month.events[: max(0, MOST_EVENTS - len(done.events.seen))]:
                done.events.event(name, event)
            del month
        if len(done.events.seen) >= MOST_EVENTS:
            done.warnings.append(f"{name} has more than {MOST_EVENTS} events in these months: the rest is not counted")
            break
    for info in project.objects:
        one = owned(info.key.removeprefix(f"{repo}/"))
        user = _user_of(one, manifest)[:MOST_OF_A_WORD]
        size, storage_class = max(0, info.size), (info.storage_class or STANDARD)[:MOST_OF_A_WORD]
        done.lots.add(one.project, user, one.kind, storage_class, size, info.modified.timestamp())
    return done


def _user_of(one: Owned, manifest: Manifest | None) -> str:
    if one.kind == FILES and one.path is not None and manifest is not None:
        record = manifest.files.get(one.path)
        return NOBODY if record is None else record.uploaded_by or NOBODY
    if one.kind == RECORDS:
        return NO_PERSON
    return one.by or NOBODY
