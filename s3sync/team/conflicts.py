"""`conflicts`: the open ones, with both versions: files that both sides changed, and copies that are still kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from s3sync.core.entries import same
from s3sync.core.manifest.record import ConflictRecord
from s3sync.core.names import is_conflict_name, nfc, refuse_reason
from s3sync.core.outcome import Problem
from s3sync.core.reconcile import ConflictKind, Decision, State
from s3sync.core.team import FileLock
from s3sync.core.times import format_time, moment
from s3sync.sync.locked import warnings_of
from s3sync.sync.report import EXIT_DONE, EXIT_SOME_FAILED, OfProject, ProjectAddress
from s3sync.sync.scan import scan
from s3sync.sync.select import Selector
from s3sync.sync.session import Session
from s3sync.sync.status import open_state
from s3sync.sync.view import View, uploader

HERE, THERE = "local", "remote"


class Whose(StrEnum):
    """Owner of a version, as this user sees it."""

    MINE = "mine"
    THEIRS = "theirs"


class Kind(StrEnum):
    LIVE = "live"
    """Both sides changed the file, and nothing was done about it yet."""
    KEPT = "kept"
    """Both versions were kept: one under the name, one as a copy."""


class Version(Struct, frozen=True):
    """One of the two versions: which file has it, on which side, its size, its author and time.

    `size_bytes` is None where it is not there. `whose` is None where both versions, or none, are this user's. `etag`
    is the store's version, `key` its object; `path` is where this disk has it, if it does.
    """

    name: str
    side: str
    size_bytes: int | None
    by: str | None
    at: str | None
    whose: Whose | None
    etag: str | None = None
    key: str | None = None
    path: str | None = None


class OpenConflict(Struct, frozen=True):
    """One open conflict. `versions` are mine and theirs of a live one; of a kept one, what has the name and the copy.

    `by` and `at` say who kept the copy, when. `is_sound` is False where the record's copy has no name that such a copy
    of the file gets: nothing is deleted because of it.
    """

    name: str
    kind: Kind
    versions: tuple[Version, Version]
    conflict: ConflictKind | None = None
    kept_as: str | None = None
    by: str | None = None
    at: str | None = None
    is_sound: bool = True
    is_same: bool = False
    """True if both versions of a kept one have the same content."""
    lock: FileLock | None = None
    decision: Decision | None = None
    record: ConflictRecord | None = None


class ConflictsReport(OfProject, Struct):
    place: ProjectAddress
    conflicts: list[OpenConflict] = field(default_factory=list)
    resolved: list[ConflictRecord] = field(default_factory=list)
    """Conflicts that somebody has decided."""
    failed: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return EXIT_SOME_FAILED if self.failed else EXIT_DONE


def conflicts(session: Session, selector: Selector | None = None) -> ConflictsReport:
    """List the open conflicts. Raises `StoreError`, `ScanError`, `ManifestError`; `UsageError` for an unknown name."""
    with open_state(session) as state:
        seen = scan(session, state, locks=True)
        if selector:
            seen.limit_to(selector)
        found = list(open_conflicts(seen, session.settings.user, selector))
    records = seen.there.stored.manifest.conflicts
    return ConflictsReport(
        session.place,
        found,
        [one for one in records if one.resolved and (selector is None or selector(one.name) or selector(one.kept_as))],
        list(seen.problems),
        list(dict.fromkeys(warnings_of(seen.locks))),
    )


def open_conflicts(seen: View, user: str | None, wanted: Callable[[str], bool] | None = None) -> Iterator[OpenConflict]:
    """The conflicts of these files, live ones first. A file and its copy are one conflict, however often it is told."""
    locks = seen.locks.keeping_out(user)
    for decision in seen.decisions():
        if decision.state is State.CONFLICT and (wanted is None or wanted(decision.path)):
            yield _live(seen, decision, user, locks)
    told = {(one.name, one.kept_as): one for one in seen.there.stored.manifest.conflicts if not one.resolved}
    for record in (told[names] for names in sorted(told)):
        if record.kept_as in seen.there.files and (wanted is None or wanted(record.name) or wanted(record.kept_as)):
            yield _kept(seen, record, user, locks)


def half_decided(seen: View, user: str | None) -> Iterator[OpenConflict]:
    """Conflicts whose copy a run of this user has deleted on the remote, and was killed before it did so here."""
    locks = seen.locks.keeping_out(user)
    for record in seen.there.stored.manifest.conflicts:
        copy, is_ours = record.kept_as, not record.resolved or record.resolved_by == user
        if is_ours and copy in seen.base and copy not in seen.there.files and not seen.is_hidden(copy):
            decision, found = seen.decision(copy), _kept(seen, record, user, locks)
            if found.is_sound and (decision.gone or decision.state is State.REMOTE_DELETED):
                yield found


def _live(seen: View, decision: Decision, user: str | None, locks: Mapping[str, FileLock]) -> OpenConflict:
    path, here = decision.path, seen.here.files.get(decision.path)
    by, at = uploader(seen, path)
    mine = Version(
        path,
        HERE,
        here.size if here else None,
        user,
        format_time(moment(here.mtime_ns)) if here else None,
        Whose.MINE,
        path=here.where if here else None,
    )
    there, object_ = decision.remote, seen.there.files.get(path)
    theirs = Version(
        path,
        THERE,
        there.size if there else None,
        by,
        at,
        Whose.THEIRS,
        there.etag if there is not None else None,
        object_.key if object_ is not None else None,
    )
    lock = locks.get(path)
    return OpenConflict(path, Kind.LIVE, (mine, theirs), decision.conflict_kind, lock=lock, decision=decision)


def _kept(seen: View, record: ConflictRecord, user: str | None, locks: Mapping[str, FileLock]) -> OpenConflict:
    """A record is what a peer wrote: its name may lead elsewhere, and its copy may be any file."""
    name = nfc(record.name)
    is_sound = refuse_reason(name) is None and is_conflict_name(record.kept_as, name, record.by)
    named, copy = (_version(seen, path) for path in (name, record.kept_as))
    ours = [user is not None and user == one.by for one in (named, copy)]
    if ours[0] != ours[1]:
        named = replace(named, whose=Whose.MINE if ours[0] else Whose.THEIRS)
        copy = replace(copy, whose=Whose.MINE if ours[1] else Whose.THEIRS)
    return OpenConflict(
        name,
        Kind.KEPT,
        (named, copy),
        kept_as=record.kept_as,
        by=record.by,
        at=record.at,
        is_sound=is_sound,
        is_same=same(seen.remote.get(name), seen.remote.get(record.kept_as)),
        lock=locks.get(name) or locks.get(record.kept_as),
        record=record,
    )


def _version(seen: View, path: str) -> Version:
    """A version as the remote has it: that is what everybody has, or can fetch."""
    there = seen.there.files.get(path)
    if there is None:
        return Version(path, THERE, None, None, None, None)
    record, here = there.record, seen.here.files.get(path)
    is_here = here is not None and not seen.is_hidden(path) and seen.decision(path).state is State.IN_SYNC
    where = here.where if here is not None and is_here else None
    return Version(
        path, THERE, there.entry.size, record.uploaded_by, record.uploaded_at, None, there.etag, there.key, where
    )
