"""The search for a deleted name that is in no trash: bounded, side by side, and it says what was looked at."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from pathlib import Path

import pytest

from s3sync import Project
from s3sync.core.etag import PART_SIZE
from s3sync.errors import UsageError
from s3sync.store.folder import FolderStore
from s3sync.store.port import ObjectHead
from s3sync.sync import lives_on
from tests.kit.people import PROJECT, REPO, Person, pair
from tests.promises.hostile.test_words_about_copies import forge_at

GONE = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def david(tmp_path: Path) -> Person:
    david, _ = pair(tmp_path, f"file://{tmp_path / 'store'}", {})
    david.write("kept.mov", "kept")
    david.ok("sync")
    return david


def tell(david: Person, **more: object) -> None:
    """Have metadata.json say that jan deleted `old.mov`, and more."""
    path = david.root.parent / "store" / REPO / PROJECT / "metadata.json"
    manifest = json.loads(path.read_text())
    gone = {"name": "old.mov", "deleted_by": "jan", "deleted_at": "2026-01-02T03:04:05Z", "md5": GONE}
    path.write_text(json.dumps(manifest | {"deleted": [gone], **more}))


def large_in_trash(tmp_path: Path, count: int, said: bytes = b"") -> None:
    """Objects in the remote trash whose ETag does not say what they hold."""
    store = FolderStore(tmp_path / "store")
    for number in range(count):
        key = f"{REPO}/.s3sync/trash/{PROJECT}/20260101-000000-0123abcd-jan/{number}.mov"
        forge_at(store, key, os.urandom(PART_SIZE // 1000), said)


def heads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many objects were being asked for whenever one was, within this process."""
    plain, seen, lock = FolderStore.head, list[int](), threading.Lock()
    asked, together = [0], threading.Barrier(4)

    def head(self: FolderStore, key: str) -> ObjectHead:
        with lock:
            asked[0] += 1
            seen.append(asked[0])
        try:
            if "/trash/" in key:
                together.wait(30)  # so many are under way at once, or the test fails
            return plain(self, key)
        finally:
            with lock:
                asked[0] -= 1

    monkeypatch.setattr(FolderStore, "head", head)
    return seen


def test_a_name_that_is_in_no_trash_costs_a_bounded_number_of_looks(
    david: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(david)
    large_in_trash(tmp_path, 12)
    monkeypatch.setattr(lives_on, "MOST_LOOKS", 8)
    project, seen = Project.open(PROJECT, path=david.project, environ=david.env()), heads(monkeypatch)
    with pytest.raises(UsageError) as refused:
        project.restore_from_trash("old.mov")
    assert len(seen) == 8 and max(seen) >= 4
    assert "8 objects were asked for its content, 4 more that may hold it were not" in str(refused.value.why)


def test_as_many_records_as_anybody_writes_cost_no_more(david: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    record = {"size_bytes": 4, "uploaded_by": "jan", "uploaded_at": "2025-11-03T10:00:00Z", "md5": GONE, "etag": GONE}
    tell(david, files=[{"name": f"{number}.mov", **record} for number in range(1000)])
    project, seen = Project.open(PROJECT, path=david.project, environ=david.env()), heads(monkeypatch)
    with pytest.raises(UsageError) as refused:
        project.restore_from_trash("old.mov")
    assert len(seen) == lives_on.MOST_LOOKS
    assert f"{1000 - lives_on.MOST_LOOKS} more that may hold it were not" in str(refused.value.why)


def test_what_was_looked_for_is_said(david: Person, tmp_path: Path) -> None:
    tell(david)
    large_in_trash(tmp_path, 2)
    said = david.expect(2, "trash", "restore", "old.mov").err
    assert "jan deleted it on the remote on 2026-01-02" in said
    assert "its content is under no other name there, nor in the trash" in said
    plain = david.expect(2, "trash", "restore", "neverthere.mov").err
    assert "no 'neverthere.mov' in the trash" in plain and "deleted it" not in plain


def test_what_metadata_json_tells_of_is_asked_first(
    david: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = os.urandom(5000)
    md5 = hashlib.md5(content).hexdigest()
    large_in_trash(tmp_path, 5)
    store = FolderStore(tmp_path / "store")
    forge_at(store, f"{REPO}/.s3sync/trash/{PROJECT}/20250101-000000-0123abcd-jan/new name.mov", content, content)
    told = {"deleted_by": "jan", "deleted_at": "2026-01-02T03:04:05Z", "md5": md5}
    tell(david, deleted=[{"name": name, **told} for name in ("old.mov", "new name.mov")])
    monkeypatch.setattr(lives_on, "MOST_LOOKS", 1)
    Project.open(PROJECT, path=david.project, environ=david.env()).restore_from_trash("old.mov")
    assert david.read("old.mov") == content
