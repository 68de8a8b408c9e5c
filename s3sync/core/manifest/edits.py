"""Changes that one run makes to metadata.json: applied again to whatever is there when a write lost a race."""

from __future__ import annotations

import copy
from collections.abc import Container, Iterable, Mapping, MutableMapping
from itertools import chain
from types import MappingProxyType

from msgspec import UNSET, Struct, field
from msgspec.structs import replace

from s3sync.core import limits
from s3sync.core.history import RECEIVED, Draft, Event, added
from s3sync.core.inboxes import InboxChange, changed_claims, changed_inboxes
from s3sync.core.manifest.record import (
    CleanedRecord,
    ConflictRecord,
    DeletedRecord,
    FileRecord,
    Manifest,
    MemberRecord,
)
from s3sync.core.receipts import Seen, received

KEPT_NAME, KEPT_COPY, KEPT_BOTH = "kept_name", "kept_copy", "kept_both"
"""Decisions about a conflict whose versions were both kept: the one under the name stays, or the copy, or both."""

NO_DELETIONS: Mapping[str, DeletedRecord] = MappingProxyType({})


class Edits(Struct):
    """Idempotent: applying the same edits twice changes nothing but the revision.

    `files` are objects that this run put there. An object that another user put over one of them meanwhile makes the
    record stale, which the next reader sees by its ETag and repairs from the object itself.
    """

    by: str
    at: str
    host: str
    files: MutableMapping[str, FileRecord] = field(default_factory=dict)
    repaired: MutableMapping[str, FileRecord] = field(default_factory=dict)
    """Records for objects that the manifest did not explain: only written where none names that version yet."""
    deleted: MutableMapping[str, DeletedRecord] = field(default_factory=dict)
    """Files that this run deleted: what is recorded under their names by then with other content is not theirs."""
    announced: MutableMapping[str, DeletedRecord] = field(default_factory=dict)
    """Files that this cleanup is about to delete: whoever sees them gone before it has ended sees why."""
    vanished: MutableMapping[str, FileRecord] = field(default_factory=dict)
    """Records whose object was not there: dropped, if they are still the same records."""
    conflicts: list[ConflictRecord] = field(default_factory=list)
    resolved: list[ConflictRecord] = field(default_factory=list)
    """Conflicts that this run decided, as they are to be recorded. Who decided one first stays recorded."""
    reopened: list[ConflictRecord] = field(default_factory=list)
    """Conflicts whose decision this run took back, as they are to be recorded: still with who decided, and when."""
    doubted: set[str] = field(default_factory=set)
    """Names of vanished files that this run tried to upload: an answer may have been lost, so that they are there."""
    cleaned: CleanedRecord | None = None
    events: list[Event] = field(default_factory=list)
    """Events for the history. They ride along: no write is made for it alone."""
    moved: frozenset[str] = frozenset()
    """Ids of the events that the objects of past months have by now."""
    seen: Seen = field(default_factory=Seen)
    """Knowledge of what this user has and lacks. It rides along, too."""
    acknowledges: bool = False
    """True for a write that is wanted even where nothing else changed: it says what this user has."""
    leaves: str | None = None
    """A member that is no more."""
    inboxes: InboxChange = field(default_factory=InboxChange)
    arrived: dict[str, FileRecord] = field(default_factory=dict)
    """Files that clients sent and that stand in the project now, by their keys in the inboxes: recorded once."""
    counts_as_sync: bool = True

    @property
    def substantial(self) -> bool:
        """True if there is anything to write beyond the member's own mark."""
        return self.acknowledges or any(
            (self.files, self.repaired, self.deleted, self.announced, self.vanished, self.conflicts, self.resolved,
             self.inboxes, self.arrived, self.reopened)
        )  # fmt: skip


def doubtful(manifest: Manifest, edits: Edits, seen: Manifest) -> list[str]:
    """Names whose record the edits would drop although their object may be there: the store has to be asked.

    `seen` is the manifest that the edits were made from. A record that somebody else wrote since then may be of the
    version that is gone, or of one that was put there afterwards, with the same content.
    """
    return [
        name
        for name in chain(edits.deleted, (name for name in edits.doubted if name in edits.vanished))
        if name in manifest.files
        and name not in edits.files
        and (name in edits.doubted or manifest.files[name] != seen.files.get(name))
    ]


def deleted_since(manifest: Manifest, edits: Edits, seen: Manifest) -> list[str]:
    """Names that this run sent and whose deletion somebody recorded since `seen`: the store has to be asked."""
    if manifest is seen:
        return []
    return [name for name, said in manifest.deleted.items() if name in edits.files and said != seen.deleted.get(name)]


def apply(
    manifest: Manifest,
    edits: Edits,
    write_id: str,
    there: Container[str] = (),
    outlived: Mapping[str, DeletedRecord] = NO_DELETIONS,
    gone: Container[str] = (),
    looked: Mapping[str, FileRecord] | None = None,
) -> Manifest:
    """A new manifest with the edits in it, its revision one higher.

    `there` are the doubtful names whose object is there: their records stay. `outlived` are the deletions known when
    the store was listed: what it holds nevertheless was put there since. `gone` are files of this run that somebody
    else has deleted by now. `looked`: see `core.receipts.received`.
    """
    new = copy.copy(manifest)
    new.files = copy.copy(manifest.files)
    new.deleted = dict(manifest.deleted)
    new.revision = manifest.revision + 1
    new.write_id = write_id
    for name, record in edits.vanished.items():
        if new.files.get(name) == record and name not in there:
            del new.files[name]
    for name, record in edits.repaired.items():
        known = new.files.get(name)
        if known is None or (known.etag, known.size_bytes) != (record.etag, record.size_bytes):
            new.files[name] = record
        said = new.deleted.get(name)
        is_ours = said is not None and not said.cleaned and (said.deleted_by, said.md5) == (edits.by, record.md5)
        if said is not None and (is_ours or said == outlived.get(name)):
            del new.deleted[name]  # a run that was killed put it back, perhaps an undo of our own
    for name, deletion in edits.deleted.items():
        if name in there or _is_newer(new.files.get(name), deletion):
            continue
        new.files.pop(name, None)
        _note_deletion(new, deletion)
    for name, deletion in edits.announced.items():
        if name in new.files or name not in new.deleted:  # else somebody else was first to delete it
            _note_deletion(new, deletion)
    _note_files(new, edits, outlived, gone)
    arrived = _take_in(new, manifest, edits)
    new.cleaned = edits.cleaned or manifest.cleaned
    new.extras = {key: extra for key, extra in manifest.extras.items() if _speaks_of(key, manifest, new)}
    new.conflicts = _conflicts(manifest.conflicts, edits, new.files)
    events = [*edits.events, *_received(arrived, edits.at, write_id)]
    new.events = added(manifest.events, events, edits.moved, new.revision)
    if edits.counts_as_sync:
        new.last_sync, new.last_sync_by = edits.at, edits.by
    _note_members(new, manifest, edits, [*edits.repaired, *(record.name for record in arrived)], looked)
    return new


def _take_in(new: Manifest, before: Manifest, edits: Edits) -> list[FileRecord]:
    """Enter what became of inboxes and of what lies in them; returns the files that this write takes in.

    A file that somebody recorded or deleted since it was copied is left as he left it.
    """
    if not edits.inboxes and not edits.arrived:
        return []
    new.inboxes = changed_inboxes(before.inboxes, edits.inboxes)
    new.arriving = changed_claims(before.arriving, edits.inboxes, lambda name: name in new.files or name in new.deleted)
    taken: list[FileRecord] = []
    for entry, record in edits.arrived.items():
        claim = new.arriving.get(entry)
        if claim is None or claim.done or claim.name != record.name:
            continue
        new.arriving[entry] = replace(claim, done=True)
        there = new.files.get(record.name)
        if there is None and record.name not in new.deleted:
            new.files[record.name] = record
        if new.files.get(record.name) == record or (there is not None and there.etag == record.etag):
            taken.append(record)
    return taken


def _received(arrived: Iterable[FileRecord], at: str, write_id: str) -> list[Event]:
    """An event for each client whose files this write takes in."""
    drafts: dict[str, Draft] = {}
    for record in arrived:
        draft = drafts.setdefault(record.uploaded_by, Draft("receive", write_id[:16]))
        draft.add(RECEIVED, record.name, record.size_bytes)
    events = (draft.event(f"{write_id}-{n}", by, at, "") for n, (by, draft) in enumerate(drafts.items()))
    return [event for event in events if event is not None]


def _note_members(
    new: Manifest, before: Manifest, edits: Edits, found: Iterable[str], looked: Mapping[str, FileRecord] | None
) -> None:
    """Enter who wrote this, what he has, what the others now lack, and who has left."""
    new.members = {**before.members, edits.by: MemberRecord(new.revision, edits.at, edits.host)}
    new.receipts = received(before.receipts, edits.by, edits.seen, edits.files, found, before.files, new.files, looked)
    if edits.leaves is not None:
        new.members.pop(edits.leaves, None)
        new.receipts.pop(edits.leaves, None)


def _note_files(new: Manifest, edits: Edits, outlived: Mapping[str, DeletedRecord], gone: Container[str]) -> None:
    """Enter what this run sent; a deletion that a cleanup under way announced stays, as it may take the file yet."""
    for name, record in edits.files.items():
        if name in gone:
            continue
        new.files[name] = record
        said = new.deleted.get(name)
        if said is not None and not (said.cleaned and said != outlived.get(name)):
            del new.deleted[name]


def _note_deletion(new: Manifest, deletion: DeletedRecord) -> None:
    new.deleted.pop(deletion.name, None)
    new.deleted[deletion.name] = deletion
    while len(new.deleted) > limits.now.deletions_kept:
        del new.deleted[next(iter(new.deleted))]


def _is_newer(record: FileRecord | None, deletion: DeletedRecord) -> bool:
    """True if somebody put another version there since the deletion, and was first to write it down."""
    return record is not None and None not in (record.md5, deletion.md5) and record.md5 != deletion.md5


def _speaks_of(key: tuple[str, str], before: Manifest, after: Manifest) -> bool:
    """True if unknown fields still speak of what is recorded: those of a file are of one version of it."""
    kind, name = key
    if kind == "files":
        return _version(before.files.get(name)) == _version(after.files.get(name))
    return kind != "deleted" or before.deleted.get(name) == after.deleted.get(name)


def _version(record: FileRecord | None) -> tuple[str | None, str | None] | None:
    return (record.etag, record.md5) if record else None


def _conflicts(known: Iterable[ConflictRecord], edits: Edits, files: Mapping[str, FileRecord]) -> list[ConflictRecord]:
    """A conflict is resolved once somebody decided it, or its copy is gone from the project."""
    merged = {(record.name, record.kept_as): record for record in known}
    for found in edits.conflicts:  # perhaps told before, by a run that was killed, and decided since
        merged.setdefault((found.name, found.kept_as), found)
    for decided in edits.resolved:
        there = merged.get((decided.name, decided.kept_as))
        if there is not None and not there.resolved:
            merged[there.name, there.kept_as] = decided
    for found in edits.reopened:
        there = merged.get((found.name, found.kept_as))
        if there is not None and (there.resolved_by, there.resolved_at) == (found.resolved_by, found.resolved_at):
            merged[there.name, there.kept_as] = as_open(there)
    return [
        record if record.resolved or record.kept_as in files else replace(record, resolved=True)
        for record in merged.values()
    ]


def as_open(record: ConflictRecord) -> ConflictRecord:
    """The record of a conflict as it was before anybody decided it."""
    return replace(record, resolved=False, resolved_by=UNSET, resolved_at=UNSET, resolution=UNSET)
