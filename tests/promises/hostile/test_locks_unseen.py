"""A lock that could not be read may be a colleague's: nothing says how to break it, and nothing takes it over."""

from __future__ import annotations

from hashlib import md5
from pathlib import Path

import pytest

from s3sync.core.team import LockState, lock_body, lock_id, locks_prefix
from s3sync.errors import AccessDenied, LocalError, NotAuthentic, StoreError
from s3sync.shared.locks import acquire, lock_at, read_locks, release
from s3sync.store import Store
from s3sync.store.aspects import TimedBody
from s3sync.store.folder import FolderStore
from s3sync.store.port import Headers, Overwrite
from s3sync.store.sealed import RepositoryKey, seal
from s3sync.sync.locked import warnings_of
from tests.kit.people import Person
from tests.promises.hostile.test_unreadable_objects import opened

PREFIX, NAME, OTHER = "repo/project/", "cut.mp4", "mix.wav"
KEY = locks_prefix(PREFIX) + lock_id(NAME)
ERRORS = [AccessDenied("not allowed"), StoreError("could not be read", why="status 500"), LocalError("a pipe")]


def refuse_reads(monkeypatch: pytest.MonkeyPatch, error: Exception, *ids: str) -> None:
    read = FolderStore.read_timed

    def refused(self: FolderStore, key: str, most_bytes: int) -> TimedBody:
        if key.rpartition("/")[2] in ids:
            raise error
        return read(self, key, most_bytes)

    monkeypatch.setattr(FolderStore, "read_timed", refused)


def put(store: Store, body: bytes) -> None:
    digest = md5(body, usedforsecurity=False).digest()
    store.put(KEY, body, mode=Overwrite(), headers=Headers(), md5=digest)


@pytest.fixture
def plain(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store", create=True)


@pytest.mark.parametrize("error", ERRORS)
def test_one_that_cannot_be_read_is_told_without_a_way_to_break_it(
    error: Exception, plain: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (NAME, OTHER):
        acquire(plain, locks_prefix(PREFIX) + lock_id(name), name, "jan", 3600, None)
    refuse_reads(monkeypatch, error, lock_id(NAME))
    found = read_locks(plain, PREFIX)
    assert list(found.by_name) == [OTHER] and not found.unreadable
    (told,) = warnings_of(found)
    assert told.startswith("1 lock could not be looked at and may be somebody's") and str(error) in told
    assert "force" not in told and "unlock" not in told
    with pytest.raises(type(error)):
        acquire(plain, KEY, NAME, "david", 3600, None)


def test_the_command_says_so_and_goes_on(synced: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    synced.ok("lock", "a.txt")
    refuse_reads(monkeypatch, AccessDenied("not allowed"), lock_id("a.txt"))
    report = opened(synced).locks()
    assert not report.locks and "not allowed" in report.warnings[0] and "may be somebody's" in report.warnings[0]
    assert "force" not in report.warnings[0]
    synced.write("b.txt", "b")
    assert [one.name for one in opened(synced).up().uploaded] == ["b.txt"]


def test_what_no_member_encrypted_is_no_lock_and_can_be_removed(plain: FolderStore) -> None:
    sealed = seal(plain, "repo", lambda: RepositoryKey(bytes(32)))
    put(plain, lock_body(NAME, "mallory", 3600, "n", None, None))
    (lock,) = read_locks(sealed, PREFIX).unreadable
    found = lock_at(sealed, KEY)
    assert found is not None and found.state is LockState.UNREADABLE and found.etag == lock.etag
    assert found.reason is not None and "not encrypted" in found.reason
    assert acquire(sealed, KEY, NAME, "jan", 3600, None)[1] and list(read_locks(sealed, PREFIX).by_name) == [NAME]
    put(plain, b"other content")
    assert (there := lock_at(sealed, KEY)) is not None and release(sealed, KEY, there.etag, deletes=True)
    assert lock_at(sealed, KEY) is None


@pytest.mark.parametrize("theirs", ["another key", "a newer form"])
def test_what_another_may_understand_is_left_to_him(theirs: str, plain: FolderStore) -> None:
    mine = seal(plain, "repo", lambda: RepositoryKey(bytes(32)))
    other = seal(plain, "repo", lambda: RepositoryKey(b"o" * 32))
    acquire(other if theirs == "another key" else mine, KEY, NAME, "jan", 3600, None)
    if theirs == "a newer form":
        with plain.get(KEY) as reader:
            body = bytearray(b"".join(bytes(piece) for piece in reader))
        body[3] += 1
        put(plain, bytes(body))
    found = read_locks(mine, PREFIX)
    assert not found.by_name and not found.unreadable
    assert "force" not in found.warnings[0] and theirs in found.warnings[0]
    with pytest.raises(NotAuthentic):
        acquire(mine, KEY, NAME, "david", 3600, None)
