"""An object to which everybody but whoever put it there is denied access: what looks at many goes on without it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from s3sync.core.records import LONG_PATH, bounded, records
from s3sync.errors import AccessDenied, StoreError
from s3sync.shared.pages import new_page_key, put_page
from s3sync.store.folder import FolderStore
from s3sync.store.port import Headers, Overwrite
from s3sync.sync.trash import Contents, Trashed, trash_there
from tests.kit.people import PROJECT, REPO, Person
from tests.promises.hostile.test_unreadable_objects import opened, refuse_heads

PREFIX = f"{REPO}/{PROJECT}/"
ERRORS = [AccessDenied("not allowed"), StoreError("could not read it", why="its record is a pipe")]


@pytest.fixture
def store(synced: Person, tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store", create=False)


def put(store: FolderStore, key: str, body: bytes, **said: str) -> str:
    digest = hashlib.md5(body)
    store.put(key, body, mode=Overwrite(), headers=Headers(said), md5=digest.digest())
    return digest.hexdigest()


@pytest.mark.parametrize("error", ERRORS)
def test_a_long_name_in_the_trash_that_nobody_tells_hides_no_other(
    error: StoreError, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = f"{records(PREFIX, 'trash')}20260101-000000-abcdef01-mallory/"
    long = ["/".join([letter * 200] * 3) for letter in "ab"]
    assert len(long[0]) > LONG_PATH
    for name in (*long, "a.txt"):
        put(store, run + bounded(name), b"old", name=name)
    assert {one.name for one in trash_there(store, PREFIX)} == {*long, "a.txt"}
    refuse_heads(monkeypatch, error, bounded(long[0]))
    with pytest.warns(UserWarning, match="cannot be told by name"):
        assert {one.name for one in trash_there(store, PREFIX)} == {long[1], "a.txt"}


@pytest.mark.parametrize("error", ERRORS)
def test_what_nobody_may_look_at_in_a_trash_is_taken_for_a_last_copy(
    error: StoreError, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    md5, key = put(store, f"{PREFIX}old.txt", b"old"), f"{PREFIX}old.txt"
    contents = Contents()
    contents.add(3, md5)
    found = Trashed("remote", "old.txt", key, 3, None, None, etag=md5)
    assert contents.has(store, found)
    refuse_heads(monkeypatch, error, "old.txt")
    assert not contents.has(store, found)


@pytest.mark.parametrize("error", ERRORS)
def test_a_page_that_nobody_may_look_at_is_listed_and_can_be_ended(
    error: StoreError, store: FolderStore, synced: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [new_page_key(PREFIX, datetime(2999, 1, day, tzinfo=UTC)) for day in (1, 2)]
    for key in keys:
        put_page(store, key, b"a page", "text/html", {"title": "Cut", "made-by": "jan", "files": "2"})
    refuse_heads(monkeypatch, error, keys[0].rpartition("/")[2])
    pages = opened(synced).shared_pages().pages
    assert [(page.title, page.by, page.files) for page in pages] == [(None, None, None), ("Cut", "jan", 2)]
    assert opened(synced).end_page(pages[0].id).ended
    assert [page.title for page in opened(synced).shared_pages().pages] == ["Cut"]


@pytest.mark.parametrize("by", ["its id", "its link"])
@pytest.mark.parametrize("beside", [1, 3], ids=["an earlier", "a later"])
def test_a_page_that_is_ended_leaves_none_of_its_id(beside: int, by: str, store: FolderStore, synced: Person) -> None:
    """A colleague puts one of the same id and title beside it: ending took the first, and said that it was the page."""
    key = new_page_key(PREFIX, datetime(2999, 1, 2, tzinfo=UTC))
    for each in (key, key.replace("29990102", f"2999010{beside}")):
        put_page(store, each, b"a page", "text/html", {"title": "Cut", "made-by": "jan", "files": "2"})
    (identity,) = {page.id for page in opened(synced).shared_pages().pages}
    word = identity if by == "its id" else f"https://s3.test/{key}?X-Amz-Expires=3600"
    (told,) = opened(synced).end_page(word).pages
    assert told.until == datetime(2999, 1, max(2, beside), tzinfo=UTC)
    assert not opened(synced).shared_pages().pages
