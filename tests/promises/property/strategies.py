"""What the property tests draw from: contents, replicas, paths, manifests, and odd JSON."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from s3sync.core.entries import Entry
from s3sync.core.manifest.edits import Edits
from s3sync.core.manifest.record import ConflictRecord, DeletedRecord, Extra, FileRecord, Manifest, MemberRecord
from s3sync.core.names import nfc, refuse_reason

# A few contents and paths make collisions, which is where the trouble is.
CONTENTS = ["", "a", "b", "cc", "dd"]
PATHS = ["a.mp4", "b.mp4", "cut/a.mp4", "cut/b.mp4", "été.mp4", "z"]

replicas = st.fixed_dictionaries({}, optional=dict.fromkeys(PATHS, st.sampled_from(CONTENTS)))
"""Path to content, as a tiny model of one side."""


def entry(content: str) -> Entry:
    return Entry(len(content), f"md5 of {content!r}")


def snapshot(replica: dict[str, str]) -> dict[str, Entry]:
    return {path: entry(content) for path, content in replica.items()}


# Whatever a foreign key or a hostile metadata.json may hold, with what is special in paths made likely.
odd_text = st.text(st.one_of(st.sampled_from("./\\: \0\nCAca~"), st.characters(exclude_categories=["Cs"])), max_size=40)
odd_segments = st.one_of(
    st.sampled_from(["", ".", "..", "C:", "metadata.json", ".s3sync", ".S3SYNC", "~", "con"]), odd_text
)
odd_paths = st.lists(odd_segments, max_size=5).map("/".join)

_good_segments = (
    st.text(st.one_of(st.sampled_from(". Aa"), st.characters(exclude_categories=["Cs", "Cc"])), min_size=1, max_size=20)
    .map(lambda text: nfc(text).replace("/", "_").replace("\\", "_"))
    .filter(lambda segment: segment not in (".", ".."))
)
good_paths = (
    st.lists(_good_segments, min_size=1, max_size=4).map("/".join).filter(lambda path: refuse_reason(path) is None)
)
"""Paths that are carried."""

json_numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), json_numbers, odd_text),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(odd_text, inner, max_size=4)),
    max_leaves=15,
)

texts = odd_text
optional_texts = st.none() | texts
sizes = st.integers(0, 2**63)
file_records = st.builds(
    FileRecord,
    good_paths,
    sizes,
    texts,
    texts,
    md5=optional_texts.map(lambda text: text.lower() if text else None),
    etag=optional_texts,
    part_size=st.none() | sizes,
    modified_at=optional_texts,
)
deleted_records = st.builds(DeletedRecord, odd_paths.map(nfc), texts, texts, md5=optional_texts)
decisions = st.just(msgspec.UNSET) | optional_texts
conflict_records = st.builds(
    ConflictRecord, texts, texts, texts, texts, st.booleans(), decisions, decisions, resolution=decisions
)
member_records = st.builds(MemberRecord, sizes, texts, texts)

_unknown = odd_text.map(lambda text: f"new {text}")
extras = st.dictionaries(_unknown, json_values, min_size=1, max_size=2)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    """Any manifest that could have been parsed."""
    files = {record.name: record for record in draw(st.lists(file_records, max_size=4))}
    deleted = {record.name: record for record in draw(st.lists(deleted_records, max_size=3))}
    conflicts = draw(st.lists(conflict_records, max_size=3, unique_by=lambda record: record.kept_as))
    members = draw(st.dictionaries(texts, member_records, max_size=3))
    known = [
        *(("files", name) for name in files),
        *(("deleted", name) for name in deleted),
        *(("conflicts", record.kept_as) for record in conflicts),
        *(("members", name) for name in members),
    ]
    carried: dict[tuple[str, str], Extra] = {}
    if known:
        carried = draw(st.dictionaries(st.sampled_from(known), extras, max_size=3))
    return Manifest(
        project_id=draw(texts),
        repo=draw(texts),
        revision=draw(sizes),
        write_id=draw(optional_texts),
        last_sync=draw(optional_texts),
        last_sync_by=draw(optional_texts),
        files=files,
        deleted=deleted,
        conflicts=conflicts,
        members=members,
        extra=draw(st.just({}) | extras),
        extras=carried,
    )


_DOCUMENT_FIELDS = ["schema", "project_id", "revision", "files", "deleted", "conflicts", "members", "write_id"]
_RECORD_FIELDS = ["name", "size_bytes", "uploaded_by", "uploaded_at", "md5", "kept_as", "by", "at", "deleted_by"]
_almost_records = st.dictionaries(st.sampled_from(_RECORD_FIELDS), json_values | odd_paths, max_size=6)
almost_manifests: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(_DOCUMENT_FIELDS),
    st.one_of(json_values, st.lists(_almost_records, max_size=3), st.dictionaries(texts, _almost_records, max_size=2)),
)
"""Objects with the right names in them, and often the wrong things under those."""


@st.composite
def edits_of(draw: st.DrawFn, user: str, paths: list[str]) -> Edits:
    """What one user's run may want to change, about these paths only."""
    at = draw(st.sampled_from(["2025-11-03T10:00:00Z", "2025-11-04T10:00:00Z"]))
    edits = Edits(user, at, f"{user}s-mac", counts_as_sync=draw(st.booleans()))
    for path in draw(st.lists(st.sampled_from(paths), unique=True)):
        record = FileRecord(path, 1, user, at, etag=draw(st.sampled_from(["e1", "e2"])))
        match draw(st.sampled_from(["file", "repaired", "deleted", "vanished", "conflict"])):
            case "file":
                edits.files[path] = record
            case "repaired":
                edits.repaired[path] = record
            case "deleted":
                edits.deleted[path] = DeletedRecord(path, user, at)
            case "vanished":
                edits.vanished[path] = record
            case _:
                edits.files[path] = record
                edits.conflicts.append(ConflictRecord("x", path, user, at))
    return edits
