"""The contract: a listing is complete and exact, or it is an error."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from s3sync.errors import NotFound
from s3sync.store import Store
from tests.contract.stores import UnderTest, keys, put, read


def test_an_empty_store_lists_nothing(store: Store) -> None:
    assert keys(store) == []
    assert keys(store, "nothing/here/") == []


def test_prefixes_are_exact(store: Store) -> None:
    names = ["test/a", "test-123.txt", "test.txt", "foo.txt", "foo/bar", "foo-/x", "fo", "test/deep/er/b", "foo/bar2/x"]
    for name in names:
        put(store, name)
    assert keys(store) == sorted(names)
    assert keys(store, "test/") == ["test/a", "test/deep/er/b"]
    assert keys(store, "foo/") == ["foo/bar", "foo/bar2/x"]
    assert keys(store, "foo/bar2/") == ["foo/bar2/x"]
    assert keys(store, "fo/") == []


def test_a_whole_page_and_more(under_test: UnderTest, store: Store) -> None:
    under_test.require("a thousand objects")
    names = [f"p/{number:05d}" for number in range(1100)]
    for page in (names[:1000], names[1000:]):
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda name: put(store, name, name.encode()), page))
        listed = [info.key for info in store.list("p/")]
        assert sorted(listed) == names[: names.index(page[-1]) + 1]


def test_empty_objects_are_listed(store: Store) -> None:
    names = [f"{number}" for number in range(9)]
    for name in names:
        put(store, name, b"")
    put(store, "few/a", b"")
    assert keys(store, "few/") == ["few/a"]
    assert keys(store) == sorted([*names, "few/a"])


ODD = [
    "a b+c",
    "%41",
    "a%2Fb",
    "ü/é.txt",
    "e\u0301",
    "🎬.mp4",
    "q?x=1&y",
    "#1",
    "~$x",
    "'\"<&>",
    "[x]{y}|^`",
    " lead",
    "nbsp\u00a0",
]


@pytest.mark.parametrize("key", ODD)
def test_unusual_keys_work_throughout(store: Store, key: str) -> None:
    put(store, f"d/{key}", b"12345")
    assert keys(store) == [f"d/{key}"]
    assert read(store, f"d/{key}") == b"12345"
    assert store.head(f"d/{key}").info.size == 5
    store.delete(f"d/{key}")
    assert keys(store) == []


@pytest.mark.parametrize("key", ["ctrl\x01x", "tab\tx", "a\nb", "a\rb", "a//b", "a/../b", "del\x7f"])
def test_odd_keys_of_other_tools(under_test: UnderTest, key: str) -> None:
    under_test.require("objects of other tools")
    if under_test.root is not None and ("//" in key or ".." in key):
        pytest.skip("a disk has no such name")
    under_test.require("odd keys")
    under_test.require(f"key {key}")
    store = under_test.open()
    put(store, "plain")
    under_test.put_raw(key, b"odd")
    assert keys(store) == sorted([key, "plain"])
    assert read(store, key) == b"odd"
    assert store.head(key).info.size == 3
    store.delete(key)
    assert keys(store) == ["plain"]


def test_folder_markers_are_not_files(s3: UnderTest) -> None:
    store = s3.open()
    put(store, "cut/draft.mp4")
    put(store, "empty", b"")
    s3.put_raw("cut/", b"")
    s3.put_raw("other/", b"")
    assert keys(store) == ["cut/", "cut/draft.mp4", "empty", "other/"]
    assert keys(store, "cut/") == ["cut/", "cut/draft.mp4"]
    for number in range(5):
        s3.put_raw(f"more{number}/", b"")
    assert len(keys(store)) == 9
    with pytest.raises(NotFound):
        store.head("other")


def test_the_marker_of_the_store_itself_is_no_object(s3: UnderTest) -> None:
    s3.put_raw("", b"")
    store = s3.open()
    assert keys(store) == []
    put(store, "a")
    assert keys(store) == ["a"]


def test_a_store_below_a_prefix_sees_only_that(s3: UnderTest) -> None:
    put(s3.open(), "a")
    sibling = UnderTest(s3.name, f"{s3.url}-more", s3.env, s3.server).open()
    put(sibling, "b")
    assert keys(s3.open()) == ["a"]
    assert keys(sibling) == ["b"]
