"""metadata.json: whatever stands in it is read or refused, and two writers lose nothing of each other."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from s3sync.core.manifest.edits import Edits, apply
from s3sync.core.manifest.parse import parse
from s3sync.core.manifest.record import FileRecord, Manifest
from s3sync.core.names import refuse_reason
from s3sync.errors import ManifestError
from tests.kit.manifests import text_of
from tests.promises.property.strategies import almost_manifests, edits_of, json_values, manifests

MINE, THEIRS = ["a", "b", "c"], ["x", "y", "z"]


@given(st.binary(max_size=400))
@example(b'{"files": [{"name": "\xff"}]}')
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(ManifestError):
        parse(data)


@given(json_values)
def test_any_json_is_read_or_refused(value: object) -> None:
    with suppress(ManifestError):
        text_of(parse(json.dumps(value).encode()))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(almost_manifests)
def test_what_is_read_can_be_written_and_read_again(document: dict[str, Any]) -> None:
    try:
        manifest = parse(json.dumps(document).encode())
    except ManifestError:
        return
    again = parse(text_of(manifest))
    manifest.refused = {}
    assert again.files == manifest.files
    assert text_of(again) == text_of(manifest)
    assert all(refuse_reason(name) is None and record.name == name for name, record in manifest.files.items())


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(manifests())
def test_reading_what_was_written(manifest: Manifest) -> None:
    assert parse(text_of(manifest)) == manifest


@given(st.data())
def test_two_writers_of_different_files_lose_nothing(data: st.DataObject) -> None:
    """In either order the files, the deletions and the conflicts are those of both."""
    jans = data.draw(edits_of("jan", MINE))
    davids = data.draw(edits_of("david", THEIRS))
    known = {
        name: FileRecord(name, 1, "old", "x", etag=data.draw(st.sampled_from(["e1", "e2"])))
        for name in data.draw(st.lists(st.sampled_from(MINE + THEIRS), unique=True))
    }
    before = Manifest("p", "r", files=known)
    one = apply(apply(before, jans, "1"), davids, "2")
    other = apply(apply(before, davids, "1"), jans, "2")
    assert one.files == other.files
    assert one.deleted == other.deleted
    assert {(c.name, c.kept_as, c.resolved) for c in one.conflicts} == {
        (c.name, c.kept_as, c.resolved) for c in other.conflicts
    }
    assert {**jans.files, **davids.files}.items() <= one.files.items()
    assert one.deleted == {**jans.deleted, **davids.deleted}
    assert not one.files.keys() & one.deleted.keys()


@given(st.data())
def test_edits_applied_again_change_nothing(data: st.DataObject) -> None:
    """After a lost answer a writer may apply the same edits to what it wrote itself."""
    edits: Edits = data.draw(edits_of("jan", MINE))
    before = Manifest("p", "r", files={name: FileRecord(name, 1, "old", "x", etag="e1") for name in MINE})
    once = apply(before, edits, "1")
    twice = apply(once, edits, "2")
    assert (twice.files, twice.deleted, twice.conflicts) == (once.files, once.deleted, once.conflicts)
    assert (twice.last_sync, twice.last_sync_by) == (once.last_sync, once.last_sync_by)
