"""metadata.json: parsed, changed and written back without losing what a newer version added (docs/metadata-json.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Annotated, Any

import msgspec

from s3sync.core import limits
from s3sync.core.batches import batched
from s3sync.core.manifest.layout import Fields, OtherLayout, Parts
from s3sync.core.names import nfc, refuse_reason
from s3sync.errors import ManifestError

SCHEMA = 1
MAX_DEPTH = 64
"""How deep the fields of a newer version may nest: what is read must also be writable."""

Extra = dict[str, Any]


class FileRecord(msgspec.Struct, omit_defaults=True, gc=False):
    """Who uploaded what. `etag` ties the record to one version of the object; without it the record is a hint."""

    name: str
    size_bytes: int
    uploaded_by: str
    uploaded_at: str
    md5: str | None = None
    etag: str | None = None
    part_size: int | None = None
    modified_at: str | None = None
    executable: bool = False


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
    name: str
    kept_as: str
    by: str
    at: str
    resolved: bool = False


class MemberRecord(msgspec.Struct):
    """What a member saw last: the manifest's revision, when, and on which computer."""

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
    extra: Extra = {}
    extras: dict[tuple[str, str], Extra] = {}
    refused: dict[str, FileRecord] = {}
    """Records whose names are refused (`core.names.refuse`). They are not written back."""

    def is_cleaned(self, name: str) -> bool:
        """Whether a file that is not there was cleaned up, and not deleted.

        Only so many deletions are recorded: of a cleanup of more files, what has no record counts as cleaned up.
        """
        record = self.deleted.get(name)
        if record is None:
            return self.cleaned is not None and self.cleaned.files > limits.now.deletions_kept
        return record.cleaned


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
        fields = msgspec.json.decode(data, type=Fields)
        records = fields.pop("files", b"[]")
        manifest = _without_files(fields)
        listed = msgspec.json.decode(records, type=list[msgspec.Raw])
        manifest.files = {} if files is None else files
        _add_files(manifest, listed)
    except _UNREADABLE as error:
        raise broken(str(error)) from error
    _refuse_deep([manifest.extra, *manifest.extras.values()], MAX_DEPTH)
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
    _refuse_deep([manifest.extra, *manifest.extras.values()], MAX_DEPTH)
    return manifest


def too_large(data: bytes | bytearray) -> str | None:
    """Why a file of this content is more than a reader takes; told from the bytes, before it costs memory."""
    return too_much(len(data), values_in(data))


def values_in(data: bytes | bytearray) -> int:
    """At least how many JSON values there are in a text."""
    return sum(map(data.count, (b",", b"[", b"{")))


def too_much(size: int, values: int) -> str | None:
    """Why a file of so many bytes and values is more than a reader takes."""
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
    head = msgspec.convert(raw, _Head)
    manifest = Manifest(
        project_id=head.project_id,
        repo=head.repo,
        revision=head.revision,
        write_id=head.write_id,
        last_sync=head.last_sync,
        last_sync_by=head.last_sync_by,
        conflicts=msgspec.convert(head.conflicts, list[ConflictRecord]),
        members=msgspec.convert(head.members, dict[str, MemberRecord]),
        cleaned=_cleaned(head.cleaned),
        extra={key: value for key, value in raw.items() if key not in _HEAD_FIELDS},
    )
    for deletion in msgspec.convert(head.deleted, list[DeletedRecord]):
        deletion.name = nfc(deletion.name)
        manifest.deleted[deletion.name] = deletion
    _keep_extras(manifest, "deleted", DeletedRecord, ((nfc(item["name"]), item) for item in head.deleted))
    _keep_extras(manifest, "conflicts", ConflictRecord, ((item["kept_as"], item) for item in head.conflicts))
    _keep_extras(manifest, "members", MemberRecord, head.members.items())
    return manifest


def _cleaned(found: object) -> CleanedRecord | None:
    """It only explains: one that is no such record is passed over."""
    try:
        return msgspec.convert(found, CleanedRecord | None)
    except msgspec.ValidationError:
        return None


def _add_files(manifest: Manifest, listed: Iterable[msgspec.Raw]) -> None:
    _keep_extras(manifest, "files", FileRecord, _added(manifest, listed))


def _added(manifest: Manifest, listed: Iterable[msgspec.Raw]) -> Iterator[tuple[str, dict[str, Any]]]:
    """One at a time: of many files, what JSON makes of a record takes more memory than all the rest."""
    for text in listed:
        item = msgspec.json.decode(text, type=dict[str, Any])
        record = msgspec.convert(item, FileRecord)
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
