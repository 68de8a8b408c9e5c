"""`versions`: the versions of one file that still exist, wherever they lie."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from s3sync.aside import Aside
from s3sync.core.etag import plain_md5
from s3sync.core.manifest.record import Manifest
from s3sync.core.names import refuse_reason
from s3sync.core.near import near
from s3sync.core.times import moment, parse_time
from s3sync.core.versions import FileVersion, Where, named
from s3sync.errors import AccessDenied, NotFound, StoreError, Unsupported, UsageError
from s3sync.shared.manifest import read_manifest
from s3sync.shared.scan import LOOKUPS_AT_ONCE
from s3sync.store.aspects import Version, Versions, aspect
from s3sync.store.port import ObjectHead
from s3sync.sync.report import OfProject, ProjectAddress
from s3sync.sync.select import paths_of
from s3sync.sync.session import Session
from s3sync.sync.trash import Trashed, md5_of, trash_here, trash_there

MOST_HEADS = 200
"""Versions that are asked who sent them, the newest first: of more only what the listing says is known."""


class Keeps(StrEnum):
    """Answer to whether the store keeps versions of what is replaced and deleted."""

    YES = "yes"
    NO = "no"
    """The bucket has no versioning."""
    CANNOT = "cannot"
    """Nothing of this kind of store is read."""
    DENIED = "denied"
    """This user may not list them."""


class VersionsReport(OfProject, Struct):
    """Versions of one file, the newest first; `keeps`: whether the store keeps more than the trash."""

    place: ProjectAddress
    name: str
    versions: list[FileVersion] = field(default_factory=list)
    keeps: Keeps = Keeps.CANNOT
    exit_code: int = 0


def versions(session: Session, word: str, cwd: Path) -> VersionsReport:
    """Find them. Raises `UsageError` for a file that was never there, as far as anything tells, and `StoreError`."""
    paths = [path for path in paths_of(word, session.project.staging, cwd) if path and refuse_reason(path) is None]
    if not paths:
        raise UsageError(f"{word!r} is no name of a file", hint="name one file as `s3sync status` does")
    manifest = read_manifest(session.store, session.project.prefix).manifest
    trash = [*trash_here(session.project), *trash_there(session.store, session.project.prefix)]
    reports = []
    for path in paths:
        reports.append(versions_of(session, path, manifest, trash))
        if reports[-1].versions:
            return reports[-1]
    for report in reports:
        if (session.project.staging / report.name).is_file():
            return report
    known = {*(one.name for one in trash), *manifest.files}
    meant = near(paths[-1], known)
    raise UsageError(
        f"no file called {word!r}, and no version of one",
        why="neither the staging folder, the remote and its old versions, nor a trash has that name",
        hint=f"did you mean {meant[0]!r}?" if meant else "`s3sync status` and `s3sync trash list` show the names",
    )


def versions_of(
    session: Session, path: str, manifest: Manifest, trash: Iterable[Trashed], *, size: int | None = None
) -> VersionsReport:
    """The versions of a path, or those of one size; `trash` is what lies in the trashes."""
    here = [_trashed_here(one) for one in trash if one.name == path and one.side == "local"]
    there = [_trashed_there(one) for one in trash if one.name == path and one.side == "remote"]
    old, keeps = _old_versions(session, path)
    current = [] if any(one.where is Where.REMOTE for one in old) else _current(session, path)
    found = [one for one in (*current, *old, *there) if size in (None, one.size)]
    found.sort(key=lambda one: one.until is None or one.where is Where.REMOTE, reverse=True)
    with Aside(LOOKUPS_AT_ONCE, "s3sync-versions") as threads:
        told = list(threads.map(lambda one: _described(session, one), found[:MOST_HEADS]))
    every = (_recorded(one, manifest) for one in [*(one for one in told if one is not None), *found[MOST_HEADS:]])
    return VersionsReport(session.place, path, named([*every, *here]), keeps)


def _spellings(session: Session, path: str) -> list[str]:
    """Keys that a path may have: those of other programs may be in another of Unicode's forms."""
    names = dict.fromkeys((path, unicodedata.normalize("NFD", path)))
    return [session.project.prefix + name for name in names]


def _current(session: Session, path: str) -> list[FileVersion]:
    found = []
    for key in _spellings(session, path):
        try:
            head = session.store.head(key)
        except NotFound:
            continue
        info = head.info
        found.append(FileVersion(path, Where.REMOTE, key, info.size, since=info.modified, etag=info.etag))
    return found


def _old_versions(session: Session, path: str) -> tuple[list[FileVersion], Keeps]:
    """What the bucket keeps, and the present version among it; each ends where the next one begins."""
    store = aspect(session.store, Versions)
    if store is None:
        return [], Keeps.CANNOT
    found: list[FileVersion] = []
    try:
        if not store.keeps_versions():
            return [], Keeps.NO
        for key in _spellings(session, path):
            oldest_first = list(store.list_versions(key, alone=True))[::-1]
            of_key = sorted(oldest_first, key=_age)
            ends = [one.modified for one in of_key[1:]]
            found += [_kept(path, one, one.until or end) for one, end in zip(of_key, [*ends, None], strict=False)]
    except AccessDenied:
        return [], Keeps.DENIED
    except Unsupported:
        return [], Keeps.CANNOT
    return found, Keeps.YES


def _age(one: Version) -> tuple[bool, float]:
    return one.is_latest, one.modified.timestamp()


def _kept(path: str, one: Version, until: datetime | None) -> FileVersion:
    where = Where.REMOTE if one.is_latest and not one.is_marker else Where.OLD_VERSION
    return FileVersion(
        path,
        where,
        one.key,
        one.size,
        since=one.modified,
        until=until,
        etag=one.etag or None,
        version_id=one.version_id,
        is_deletion=one.is_marker,
    )


def _trashed_here(one: Trashed) -> FileVersion:
    """Its content is as old as the file is."""
    since = None
    with suppress(OSError):
        since = moment(Path(one.where).lstat().st_mtime_ns)
    return FileVersion(
        one.name,
        Where.LOCAL_TRASH,
        one.where,
        one.size,
        since=since,
        until=parse_time(one.at) if one.at else None,
        ended_by=one.by,
    )


def _trashed_there(one: Trashed) -> FileVersion:
    until = parse_time(one.at) if one.at else None
    return FileVersion(
        one.name, Where.REMOTE_TRASH, one.where, one.size, until=until, ended_by=one.by, md5=one.md5, etag=one.etag
    )


def head_of(session: Session, one: FileVersion) -> ObjectHead:
    """Describe the object that holds a version. Raises `NotFound`, `StoreError`."""
    store = aspect(session.store, Versions)
    if one.version_id is not None and store is not None:
        return store.head_version(one.key, one.version_id)
    return session.store.head(one.key)


def _described(session: Session, one: FileVersion) -> FileVersion | None:
    """The version with what its object says of it; None for one that is gone meanwhile."""
    if one.is_deletion:
        return one
    try:
        head = head_of(session, one)
    except NotFound:
        return None
    except StoreError:  # in a class or under a key that this user may not read: it is there all the same
        return one
    edited = parse_time(head.metadata.get("mtime", "")) if one.where is Where.REMOTE_TRASH else None
    return replace(
        one,
        by=head.metadata.get("uploaded-by") or None,
        md5=one.md5 or md5_of(head),
        since=one.since or edited,
    )


def _recorded(one: FileVersion, manifest: Manifest) -> FileVersion:
    """The version with what metadata.json says of it, where that is of this very one."""
    record = manifest.files.get(one.name)
    if one.where is not Where.REMOTE or record is None or record.etag != one.etag:
        return one
    return replace(one, by=one.by or record.uploaded_by, md5=one.md5 or plain_md5(record.md5 or ""))
