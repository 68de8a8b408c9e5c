"""metadata.json: parsed, changed and written back without losing what a newer version added (docs/metadata-json.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Annotated, Any

import msgspec

from s3sync.core import limits
from s3sync.core.batches import batched
from s3sync.core.inboxes import Claim, Inbox
from s3sync.core.receipts import Receipt

SCHEMA = 1
Extra = dict[str, Any]


class FileRecord(msgspec.Struct, omit_defaults=True, gc=False):
    """Record of an upload. `etag` ties the record to one version of the object; without it the record is a hint.

    `checksum` is what the store verified of the whole object, as `crc64nvme:mX9gfsGhEb8=`; only large files have one.
    """

    name: str
    size_bytes: int
    uploaded_by: str
    uploaded_at: str
    md5: str | None = None
    etag: str | None = None
    part_size: int | None = None
    modified_at: str | None = None
    executable: bool = False
    checksum: str | None = None


class DeletedRecord(msgspec.Struct, omit_defaults=True):
    name: str
    deleted_by: str
    deleted_at: str
    md5: str | None = None
    cleaned: bool = False
    """Deleted by a cleanup: the copies of the others stay."""


class CleanedRecord(msgspec.Struct):
    """The last cleanup of the remote: who, when, and how many files went."""

    by: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    at: Annotated[str, msgspec.Meta(max_length=64)]
    files: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]


class ConflictRecord(msgspec.Struct):
    """Conflict of which both versions were kept. The last three fields say who decided it, when, and how
    (`core.manifest.edits.KEPT_NAME` and its like); they are absent until somebody did."""

    name: str
    kept_as: str
    by: str
    at: str
    resolved: bool = False
    resolved_by: str | msgspec.UnsetType | None = msgspec.UNSET
    resolved_at: str | msgspec.UnsetType | None = msgspec.UNSET
    resolution: str | msgspec.UnsetType | None = msgspec.UNSET


class MemberRecord(msgspec.Struct):
    """Last visit of a member: the manifest's revision, when, and on which computer."""

    revision: int
    at: str
    host: str


class Manifest(msgspec.Struct):
    """The parsed metadata.json. `extra` holds unknown fields at the top, `extras` those of single records.

    `files` may be a dictionary that keeps its entries elsewhere: one that is taken out and changed is put in again.
    Any other than a plain one gives its entries in the order of their names, by code point.

    The keys of `extras` are the list's name and what identifies the record in it, as `("files", "cut/a.mp4")`.
    """

    project_id: str
    repo: str
    revision: int = 0
    write_id: str | None = None
    last_sync: str | None = None
    last_sync_by: str | None = None
    files: MutableMapping[str, FileRecord] = msgspec.field(default_factory=dict)
    deleted: dict[str, DeletedRecord] = {}
    conflicts: list[ConflictRecord] = []
    members: dict[str, MemberRecord] = {}
    cleaned: CleanedRecord | None = None
    events: list[Extra] = []
    """The newest events of the history, the oldest first, as they were written (`core.history`)."""
    receipts: dict[str, Receipt] = {}
    inboxes: dict[str, Inbox] = {}
    """Inboxes to which clients may send files, by their ids."""
    arriving: dict[str, Claim] = {}
    """Files of inboxes that are being taken in, by their keys in there."""
    extra: Extra = {}
    extras: dict[tuple[str, str], Extra] = {}
    refused: dict[str, FileRecord] = {}
    """Records whose names are refused (`core.names.refuse`). They are not written back."""

    def is_cleaned(self, name: str) -> bool:
        """True if a file that is not there was cleaned up, and not deleted.

        Only so many deletions are recorded: of a cleanup of more files, what has no record counts as cleaned up.
        """
        record = self.deleted.get(name)
        if record is None:
            return self.cleaned is not None and self.cleaned.files > limits.now.deletions_kept
        return record.cleaned


def render(manifest: Manifest) -> Iterator[bytes]:
    """The file's bytes, in pieces: indented JSON, files sorted by name, so that a person can read it and a diff is
    small."""

    def item(kind: str, key: str, record: msgspec.Struct) -> object:
        extra = manifest.extras.get((kind, key))
        return {**msgspec.to_builtins(record), **extra} if extra else record

    deleted = list(manifest.deleted.values())[-limits.now.deletions_kept :]
    before = {
        "schema": SCHEMA,
        "project_id": manifest.project_id,
        "repo": manifest.repo,
        "revision": manifest.revision,
        "write_id": manifest.write_id,
        "last_sync": manifest.last_sync,
        "last_sync_by": manifest.last_sync_by,
    }
    after = {
        "deleted": [item("deleted", record.name, record) for record in deleted],
        "conflicts": [item("conflicts", record.kept_as, record) for record in manifest.conflicts],
        "members": {user: item("members", user, record) for user, record in manifest.members.items()},
        **({"cleaned": manifest.cleaned} if manifest.cleaned else {}),
        **({"receipts": manifest.receipts} if manifest.receipts else {}),
        **({"inboxes": manifest.inboxes} if manifest.inboxes else {}),
        **({"arriving": manifest.arriving} if manifest.arriving else {}),
        **({"events": manifest.events} if manifest.events else {}),
        **manifest.extra,
    }
    yield _indented(before)[:-2] + b',\n  "files": ['  # without what closes it
    comma = b""
    for records in _in_order(manifest.files):
        lines = _indented([item("files", record.name, record) for record in records])
        yield comma + lines[1:-2].replace(b"\n", b"\n  ")
        comma = b","
    yield (b"\n  ],\n" if comma else b"],\n") + _indented(after)[2:] + b"\n"


def _indented(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2)


def _in_order(files: Mapping[str, FileRecord]) -> Iterator[list[FileRecord]]:
    """By name, some at a time."""
    plain = isinstance(files, dict)
    records = (files[name] for name in sorted(files)) if plain else (record for _, record in files.items())
    return batched(records, limits.now.entries_at_once)
