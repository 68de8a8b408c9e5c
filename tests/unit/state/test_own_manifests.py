"""A manifest for each user: what somebody who may write there says keeps nobody from the project, nor from writing."""

from __future__ import annotations

from hashlib import md5
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from s3sync.core import limits
from s3sync.core.manifest.merge import PATH, Statement
from s3sync.errors import ManifestError
from s3sync.shared.own_manifests import Text, key_of, read_all, write
from s3sync.store import StoreOptions, open_store
from s3sync.store.port import Headers, Overwrite, Store

PREFIX = "films/proj/"
MOST_REVISION = 1 << 53
NOW = "2025-11-03T10:00:00Z"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"file://{tmp_path / 'store'}", StoreOptions(env={}, create=True))


def put(store: Store, key: str, body: bytes) -> None:
    store.put(key, body, mode=Overwrite(), headers=Headers(), md5=md5(body, usedforsecurity=False).digest())


def forge(store: Store, user: str, revision: int, *values: Any) -> None:
    told = [Statement(PATH, "a.mp4", revision, NOW, user, value) for value in values]
    put(store, key_of(PREFIX, user), msgspec.json.encode(Text(user=user, revision=revision, statements=told)))


def test_nobody_brings_others_to_write_what_cannot_be_read(store: Store) -> None:
    forge(store, "mallory", MOST_REVISION)
    for user, at in (("david", NOW), ("jan", "2025-11-03T10:00:01Z")):
        known = read_all(store, PREFIX)
        new = replace(known.manifest, revision=known.manifest.revision + 1, last_sync=at, last_sync_by=user)
        write(store, PREFIX, known, new, at, user)
        assert read_all(store, PREFIX).manifest.last_sync_by == user
    store.delete(key_of(PREFIX, "mallory"))
    assert read_all(store, PREFIX).manifest.last_sync_by == "jan"


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "zzz", "2999-02-30"])
def test_what_is_said_from_the_future_is_outdone_and_told(store: Store, at: str) -> None:
    """A revision stays at the highest once that is written, so that times decide, and a forged one would for ever."""
    old = {"files": {"name": "a.mp4", "size_bytes": 1, "uploaded_by": "mallory", "uploaded_at": NOW}}
    told = Statement(PATH, "a.mp4", MOST_REVISION, at, "david", old)
    forged = Text(user="mallory", revision=MOST_REVISION, statements=[told])
    put(store, key_of(PREFIX, "mallory"), msgspec.json.encode(forged))
    known = read_all(store, PREFIX)
    assert known.manifest.files["a.mp4"].uploaded_by == "mallory", "where nobody else speaks of it"
    for user in ("david", "jan"):
        files = {"a.mp4": replace(known.manifest.files["a.mp4"], uploaded_by=user)}
        write(store, PREFIX, known, replace(known.manifest, revision=MOST_REVISION + 1, files=files), NOW, user)
        known = read_all(store, PREFIX)
        assert known.manifest.files["a.mp4"].uploaded_by == user
    assert list(known.ahead) == [key_of(PREFIX, "mallory")]
    write(store, PREFIX, known, replace(known.manifest, last_sync=NOW, last_sync_by="jan"), NOW, "jan")
    assert read_all(store, PREFIX).manifest.files["a.mp4"].uploaded_by == "jan", "and nothing of it is dropped"


@pytest.mark.parametrize("value", ["text", {"files": 5}, {"files": {"name": 7}}, [["files"]]])
def test_what_lost_and_is_no_record_counts_for_nothing(store: Store, value: Any) -> None:
    forge(store, "mallory", 1, value)
    forge(store, "david", 2, {"files": {"name": "a.mp4", "size_bytes": 1, "uploaded_by": "david", "uploaded_at": NOW}})
    found = read_all(store, PREFIX)
    assert list(found.manifest.files) == ["a.mp4"]
    assert not found.others.get("a.mp4")


@pytest.mark.parametrize("field", ['"receipts": 5', '"inboxes": ["a"]', '"events": [{}]', '"deleted": [{}]'])
def test_a_metadata_json_of_another_form_is_one_of_our_errors(store: Store, field: str) -> None:
    put(store, f"{PREFIX}metadata.json", b'{"schema": 1, "files": [], %s}' % field.encode())
    try:
        read_all(store, PREFIX)
    except ManifestError as error:
        assert error.hint


def test_together_they_are_not_larger_than_one_may_be(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        forge(store, f"user{number}", 1)
    size = sum(info.size for info in store.list("films/.s3sync/"))
    monkeypatch.setattr(limits, "now", replace(limits.now, manifest_bytes=size))
    read_all(store, PREFIX)
    monkeypatch.setattr(limits, "now", replace(limits.now, manifest_bytes=size - 1))
    with pytest.raises(ManifestError, match="cannot be read") as raised:
        read_all(store, PREFIX)
    assert "larger than" in str(raised.value.why)
