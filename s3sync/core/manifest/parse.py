"""metadata.json parsed: what is too large, too deep, broken or of a newer schema is refused with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any

import msgspec

from s3sync.core import limits
from s3sync.core.history import kept
from s3sync.core.inboxes import read_claims, read_inboxes
from s3sync.core.manifest.layout import Fields, OtherLayout, Parts
from s3sync.core.manifest.record import (
    SCHEMA,
    CleanedRecord,
    ConflictRecord,
    DeletedRecord,
    FileRecord,
    Manifest,
    MemberRecord,
)
from s3sync.core.names import nfc, refuse_reason
from s3sync.core.receipts import read_receipts
from s3sync.decoding import ready
from s3sync.errors import ManifestError

MAX_DEPTH = 64
"""Depth to which fields of a newer version may nest: what is read must also be writable."""


class _Head(msgspec.Struct):
    """The fields at the top, with their types; all may be missing in an older file."""

    schema: int = SCHEMA
    project_id: str = ""
    repo: str = ""
    revision: int = 0
    write_id: str | None = None
    last_sync: str | None = None
    last_sync_by: str | None = None
    deleted: list[dict[str, Any]] = []
    conflicts: list[dict[str, Any]] = []
    members: dict[str, dict[str, Any]] = {}
    cleaned: Any = None
    events: Any = None
    receipts: Any = None
    inboxes: Any = None
    arriving: Any = None


_HEAD_FIELDS = frozenset([*_Head.__struct_fields__, "files"])
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def parse(data: bytes | bytearray, files: MutableMapping[str, FileRecord] | None = None) -> Manifest:
    """Parse the text. `files` is an empty mapping that takes the records, None for a dictionary.

    Raises `ManifestError` for what is too large or too deep, no JSON, of a wrong type, or of a newer schema.
    """
    reason = too_large(data)
    if reason:
        raise broken(reason)
    try:
        fields = msgspec.json.decode(data, type=ready(Fields))
        records = fields.pop("files", b"[]")
        manifest = _without_files(fields)
        listed = msgspec.json.decode(records, type=list[msgspec.Raw])
        manifest.files = {} if files is None else files
        _add_files(manifest, listed)
    except _UNREADABLE as error:
        raise broken(str(error)) from error
    _refuse_deep([manifest.extra, manifest.events, *manifest.extras.values()], MAX_DEPTH)
    return manifest


def parse_in_pieces(pieces: Iterable[bytes], files: MutableMapping[str, FileRecord]) -> Manifest | None:
    """Parse a text that `render` made, holding only a few of its pieces at once; `files` takes the records.

    None for another layout, and for what cannot be read: the whole text has to be parsed to tell what it says. `files`
    may then hold records already. That the text is not `too_much` is for whoever gives the pieces to see.
    """
    parts = Parts(pieces)
    found = Manifest("", "", files=files)
    try:
        for records in parts.lists():
            _add_files(found, msgspec.json.decode(records, type=list[msgspec.Raw]))
        manifest = _without_files(parts.around())
    except (OtherLayout, *_UNREADABLE):
        return None
    manifest.files, manifest.refused = found.files, found.refused
    manifest.extras.update(found.extras)
    _refuse_deep([manifest.extra, manifest.events, *manifest.extras.values()], MAX_DEPTH)
    return manifest


def too_large(data: bytes | bytearray) -> str | None:
    """Reason why a file of this content is more than a reader takes; told from the bytes, before it costs memory."""
    return too_much(len(data), values_in(data))


def values_in(data: bytes | bytearray) -> int:
    """At least how many JSON values there are in a text."""
    return sum(map(data.count, (b",", b"[", b"{")))


def too_much(size: int, values: int) -> str | None:
    """Reason why a file of so many bytes and values is more than a reader takes."""
    if size > limits.now.manifest_bytes:
        return f"it is larger than {limits.now.manifest_bytes} bytes"
    if values > limits.now.manifest_values:
        return f"it has more than {limits.now.manifest_values} values"
    return None


def broken(why: str) -> ManifestError:
    return ManifestError(
        "metadata.json cannot be read",
        why=why,
        hint="nothing was changed; restore it from an older version, or delete it from the store: the files "
        "themselves are whole, and the next `s3sync up` writes a new one",
    )


def _refuse_newer(raw: Mapping[str, Any]) -> None:
    schema = raw.get("schema", SCHEMA)
    if isinstance(schema, int) and schema > SCHEMA:
        raise ManifestError(
            "metadata.json was written by a newer s3sync",
            why=f"its schema is {schema}, and this version reads up to {SCHEMA}",
            hint="upgrade s3sync: docs/upgrade-and-remove.md says how",
        )


def _without_files(fields: Fields) -> Manifest:
    raw = {name: msgspec.json.decode(field) for name, field in fields.items()}
    _refuse_newer(raw)
    head = msgspec.convert(raw, ready(_Head))
    manifest = Manifest(
        project_id=head.project_id,
        repo=head.repo,
        revision=head.revision,
        write_id=head.write_id,
        last_sync=head.last_sync,
        last_sync_by=head.last_sync_by,
        conflicts=msgspec.convert(head.conflicts, ready(list[ConflictRecord])),
        members=msgspec.convert(head.members, ready(dict[str, MemberRecord])),
        cleaned=_cleaned(head.cleaned),
        events=kept(head.events),
        receipts=read_receipts(head.receipts),
        inboxes=read_inboxes(head.inboxes),
        arriving=read_claims(head.arriving),
        extra={key: value for key, value in raw.items() if key not in _HEAD_FIELDS},
    )
    for deletion in msgspec.convert(head.deleted, ready(list[DeletedRecord])):
        deletion.name = nfc(deletion.name)
        manifest.deleted[deletion.name] = deletion
    _keep_extras(manifest, "deleted", DeletedRecord, ((nfc(item["name"]), item) for item in head.deleted))
    _keep_extras(manifest, "conflicts", ConflictRecord, ((item["kept_as"], item) for item in head.conflicts))
    _keep_extras(manifest, "members", MemberRecord, head.members.items())
    return manifest


def _cleaned(found: object) -> CleanedRecord | None:
    """It only explains: one that is no such record is passed over."""
    try:
        return msgspec.convert(found, ready(CleanedRecord) | None)
    except msgspec.ValidationError:
        return None


def _add_files(manifest: Manifest, listed: Iterable[msgspec.Raw]) -> None:
    _keep_extras(manifest, "files", FileRecord, _added(manifest, listed))


def _added(manifest: Manifest, listed: Iterable[msgspec.Raw]) -> Iterator[tuple[str, dict[str, Any]]]:
    """One at a time: of many files, what JSON makes of a record takes more memory than all the rest."""
    for text in listed:
        item = msgspec.json.decode(text, type=dict[str, Any])
        record = msgspec.convert(item, ready(FileRecord))
        record.name = nfc(record.name)
        record.md5 = record.md5.lower() if record.md5 else None
        if refuse_reason(record.name):
            manifest.refused[record.name] = record
        else:
            manifest.files[record.name] = record
            yield record.name, item


def _keep_extras(
    manifest: Manifest, kind: str, record: type[msgspec.Struct], items: Iterable[tuple[str, Mapping[str, Any]]]
) -> None:
    """Of a name that is there twice, the last record counts, with its own unknown fields only."""
    known = frozenset(record.__struct_fields__)
    for key, item in items:
        if not item.keys() <= known:
            manifest.extras[kind, key] = {field: value for field, value in item.items() if field not in known}
        elif manifest.extras:
            manifest.extras.pop((kind, key), None)


def _refuse_deep(values: Iterable[object], depth: int) -> None:
    for value in values:
        if isinstance(value, (dict, list)):
            if not depth:
                raise broken(f"its fields nest deeper than {MAX_DEPTH} levels")
            _refuse_deep(value.values() if isinstance(value, dict) else value, depth - 1)
