"""One project as the dashboard shows it: one that is here by a scan, another by the listing and metadata.json."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from heapq import nsmallest

from s3sync.core.archive.costs import COLD
from s3sync.core.manifest.record import FileRecord, Manifest
from s3sync.core.names import nfc, path_of_key
from s3sync.core.receipts import Receipt
from s3sync.core.reconcile import State
from s3sync.core.team import FileLock, LockState
from s3sync.core.times import format_time, moment
from s3sync.dashboard import commands
from s3sync.dashboard.values import Conflict, File, Held, Lock, Member, ShownProject, Tiers, Transfer, Version
from s3sync.project import ProjectFolder
from s3sync.shared.listed import ListedStore
from s3sync.shared.locks import courtesies
from s3sync.shared.manifest import read_manifest
from s3sync.store.port import ObjectInfo
from s3sync.sync.report import FileStatus, TransferStatus
from s3sync.sync.scan import scan
from s3sync.sync.session import Session
from s3sync.sync.status import make_report, open_state
from s3sync.sync.unfinished import known_transfers
from s3sync.team.conflicts import OpenConflict, open_conflicts
from s3sync.team.members import member_states

MOST_FILES = 200
"""Files of a project that are named, those with something to do first."""
MOST_NAMES = 50
"""Members that are told of each file, and conflicts, locks and transfers of a project that are shown."""


def look_here(found: ShownProject, session: Session) -> None:
    """Fill in what one scan of the project says. Raises `StoreError`, `ScanError`, `ManifestError`."""
    user = session.settings.user
    with open_state(session) as state:
        seen = scan(session, state, locks=True)
        unfinished = known_transfers(state)
        report = make_report(session, seen, unfinished)
        conflicts = list(open_conflicts(seen, user))
        manifest = seen.there.stored.manifest
    sizes = [(file.size, file.mtime_ns) for _, file in seen.here.files.items()]
    if sizes:
        newest = format_time(moment(max(when for _, when in sizes)))
        found.tiers.local = Held(sum(size for size, _ in sizes), len(sizes), newest)
    found.counts = report.counts
    found.files, found.files_left = _files(report.files, manifest)
    found.conflicts = [_conflict(found.name, one) for one in conflicts[:MOST_NAMES]]
    found.transfers = [_transfer(found.name, one) for one in unfinished[:MOST_NAMES]]
    found.locks = _locks(found.name, seen.locks.by_name.values(), user)
    if report.failed:
        found.problem = f"{len(report.failed)} cannot be synced, the first is {report.failed[0].path}"
    report.files.flush()
    _tell_of(found, manifest)


def look_there(found: ShownProject, session_store: ListedStore, prefix: str, user: str | None) -> None:
    """Fill in what the store has of a project that is not here. Raises `StoreError`, `ManifestError`."""
    manifest = read_manifest(session_store, prefix).manifest
    objects = [
        (path, info)
        for info in session_store.projects.get(found.name, ())
        if (path := path_of_key(prefix, info.key)) is not None and not info.key.endswith("/")
    ]
    there = {path for path, _ in objects}
    files = (_there(path, info, manifest.files.get(path)) for path, info in objects)
    found.counts = {State.REMOTE_NEW.value: len(objects)} if objects else {}
    found.files, found.files_left = _files(files, manifest)
    found.conflicts = [
        Conflict(nfc(one.name), "kept", one.kept_as, (), commands.of_conflict(found.name, nfc(one.name)))
        for one in manifest.conflicts
        if not one.resolved and one.kept_as in there
    ][:MOST_NAMES]
    found.locks = _locks(found.name, courtesies(session_store, prefix).by_name.values(), user)
    _tell_of(found, manifest)


def held_there(infos: Iterable[ObjectInfo], prefix: str, tiers: Tiers) -> None:
    """Fill in how much the store holds of a project, warm and cold."""
    sizes: dict[bool, list[int]] = {True: [], False: []}
    newest: dict[bool, ObjectInfo] = {}
    for info in infos:
        if path_of_key(prefix, info.key) is None or info.key.endswith("/"):
            continue
        cold = info.storage_class in COLD
        sizes[cold].append(info.size)
        if cold not in newest or info.modified > newest[cold].modified:
            newest[cold] = info
    held = {
        cold: Held(sum(found), len(found), format_time(newest[cold].modified), newest[cold].storage_class)
        for cold, found in sizes.items()
        if found
    }
    tiers.s3, tiers.glacier = held.get(False), held.get(True)


def folder_of(project: ProjectFolder) -> str:
    """Folder of a project, relative to the repository."""
    return project.staging.relative_to(project.repo_root).as_posix()


def _tell_of(found: ShownProject, manifest: Manifest) -> None:
    found.last_sync_at, found.last_sync_by = manifest.last_sync, manifest.last_sync_by
    for one in member_states(manifest, None)[:MOST_NAMES]:
        lacks = len(one.lacks) + one.more
        found.members.append(Member(one.name, one.last.at, str(one.has), lacks, one.lacks[:5], one.last.host))


def _files(files: Iterable[FileStatus], manifest: Manifest) -> tuple[list[File], int]:
    """Those that are named, and how many are not: first those with something to do, then by name."""
    total = 0

    def counted() -> Iterator[FileStatus]:
        nonlocal total
        for file in files:
            total += 1
            yield file

    chosen = nsmallest(MOST_FILES, counted(), key=lambda file: (file.state is State.IN_SYNC, file.name))
    receipts = {name: manifest.receipts.get(name) for name in sorted(manifest.members)[:MOST_NAMES]}
    return [_file(file, receipts) for file in chosen], total - len(chosen)


def _file(file: FileStatus, receipts: Mapping[str, Receipt | None]) -> File:
    """A receipt is about the store's version: of a file that is not there nobody has anything."""
    has, lacks = list[str](), list[str]()
    for name, receipt in receipts.items() if file.state is not State.LOCAL_NEW else ():
        if file.uploaded_by == name:
            has.append(name)
        elif receipt is not None and file.name in receipt.lacks:
            lacks.append(name)
        elif receipt is not None and not receipt.more:
            has.append(name)
    by, at = file.uploaded_by, file.uploaded_at
    return File(file.name, file.size_bytes, file.state.value, by, at, tuple(has), tuple(lacks))


def _there(path: str, info: ObjectInfo, record: FileRecord | None) -> FileStatus:
    by, at = (record.uploaded_by, record.uploaded_at) if record is not None else (None, format_time(info.modified))
    return FileStatus(path, State.REMOTE_NEW, info.size, None, by, at)


def _conflict(project: str, one: OpenConflict) -> Conflict:
    versions = [
        Version(each.name, each.side, each.size_bytes, each.by, each.at, each.whose and str(each.whose))
        for each in one.versions
    ]
    return Conflict(one.name, str(one.kind), one.kept_as, tuple(versions), commands.of_conflict(project, one.name))


def _locks(project: str, locks: Iterable[FileLock], user: str | None) -> list[Lock]:
    held = sorted((lock for lock in locks if lock.state is LockState.HELD), key=lambda lock: lock.name or "")
    return [_lock(project, lock, user) for lock in held[:MOST_NAMES]]


def _lock(project: str, lock: FileLock, user: str | None) -> Lock:
    name, is_mine = lock.name or lock.id, lock.by == user and user is not None
    until = format_time(lock.until) if lock.until is not None else None
    release = commands.of_lock(project, name, is_mine=is_mine)
    return Lock(name, lock.by, is_mine, until, lock.host, lock.why, release)


def _transfer(project: str, one: TransferStatus) -> Transfer:
    go_on = commands.of_transfer(project, one.name, one.direction)
    return Transfer(one.name, one.direction, one.done_bytes, one.size_bytes, one.started_at, go_on)
