"""The contract: the folders below a prefix, asked for without listing what is in them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from s3sync.errors import AccessDenied, BucketMissing, NotAStore
from s3sync.store import Store, StoreOptions, open_store
from s3sync.store.folder import FolderStore
from tests.contract.proxy import Fault, proxying
from tests.contract.stores import UnderTest, on_server, put
from tests.kit.azurite import Azurite
from tests.kit.servers import Moto


def folders(store: Store, prefix: str = "") -> list[str]:
    return sorted(store.folders(prefix))


def test_nothing_has_no_folders(store: Store) -> None:
    assert folders(store) == []
    assert folders(store, "nothing/here/") == []


def test_each_once_and_no_files(store: Store) -> None:
    for key in ("r/p/a", "r/p/b/c", "r/p-2/x", "r/q/.s3sync/parts/a", "r/file", "r2/other/a", "top"):
        put(store, key)
    assert folders(store) == ["r", "r2"]
    assert folders(store, "r/") == ["p", "p-2", "q"]
    assert folders(store, "r/p/") == ["b"]
    assert folders(store, "r/file/") == []


@pytest.mark.parametrize("name", ["a b+c", "%41", "é", "e\u0301", "🎬", "q?x=1&y", "#1", "~$x", "'\"<&>", "[x]{y}|^`"])
def test_unusual_names(store: Store, name: str) -> None:
    put(store, f"r/{name}/a")
    assert folders(store, "r/") == [name]
    assert folders(store, f"r/{name}/") == []


@pytest.mark.parametrize("name", ["ctrl\x01x", "tab\tx", "a\nb", "..", "", "del\x7f"])
def test_odd_names_of_other_tools(under_test: UnderTest, name: str) -> None:
    if under_test.root is not None and name in ("", ".."):
        pytest.skip("a disk has no such name")
    under_test.require("odd keys")
    for behaviour in {"": ("key a//b",), "..": ("key a/../b",), "a\nb": ("key a\nb",)}.get(name, (f"key {name}",)):
        under_test.require(behaviour)
    store = under_test.open()
    put(store, "r/plain/a")
    under_test.put_raw(f"r/{name}/a")
    assert folders(store, "r/") == sorted([name, "plain"])


def test_markers_of_consoles(s3: UnderTest) -> None:
    store = s3.open()
    put(store, "r/p/a")
    for marker in ("", "r/", "r/new/"):
        s3.put_raw(marker, b"")
    assert folders(store) == ["r"]
    assert folders(store, "r/") == ["new", "p"]


def test_more_than_a_page(under_test: UnderTest, store: Store) -> None:
    under_test.require("a thousand objects")
    names = [f"{number:04d}" for number in range(1010)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: put(store, f"r/{name}/a"), names))
    assert folders(store, "r/") == names


def test_a_store_that_is_not_there(under_test: UnderTest, tmp_path: Path) -> None:
    if under_test.root is not None:
        store: Store = FolderStore(tmp_path / "unmounted")
    elif isinstance(under_test.server, Azurite):
        url = f"az://{under_test.server.account}/no-such-container"
        store = open_store(url, StoreOptions(env=under_test.env))
    elif under_test.name.startswith("rclone-"):
        store = open_store(f"{under_test.url}-unmounted", StoreOptions(env=under_test.env))
    else:
        kind = under_test.url.partition("://")[0]
        options = StoreOptions(env=under_test.env, endpoint_url=under_test.endpoint)
        store = open_store(f"{kind}://no-such-bucket-of-ours", options)
    with pytest.raises((BucketMissing, AccessDenied)):
        folders(store, "r/")


def test_links_in_a_folder_store_are_no_folders(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store", create=True)
    put(store, "r/p/a")
    (tmp_path / "store" / "r" / "link").symlink_to(tmp_path)
    assert folders(store, "r/") == ["p"]


_PAGE = (
    '<?xml version="1.0"?><ListBucketResult><IsTruncated>{more}</IsTruncated><KeyCount>1</KeyCount>'
    "<NextContinuationToken>t</NextContinuationToken><CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>"
    "</ListBucketResult>"
)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, "<html>log in</html>"),
        (200, _PAGE.format(more="false", name="elsewhere/")),
        (200, _PAGE.format(more="false", name="r/p/deeper/")),
        (200, _PAGE.format(more="true", name="r/again/")),
    ],
    ids=["a web page", "elsewhere", "too deep", "without end"],
)
def test_answers_that_are_none(moto: Moto, status: int, answer: str) -> None:
    with proxying(moto.endpoint_url) as proxy:
        proxy.faults.append(Fault(times=50, answer=(status, answer)))
        env = on_server(moto).env
        store = open_store("s3://bucket", StoreOptions(endpoint_url=proxy.url, env=env))
        with pytest.raises(NotAStore):
            folders(store, "r/")


def test_begins_again_after_a_passing_failure(moto: Moto) -> None:
    under_test = on_server(moto)
    put(under_test.open(), "r/p/a")
    with proxying(moto.endpoint_url) as proxy:
        proxy.faults.append(Fault(times=2, answer=(503, "<Error><Code>SlowDown</Code></Error>")))
        store = open_store(under_test.url, StoreOptions(endpoint_url=proxy.url, env=under_test.env))
        assert folders(store, "r/") == ["p"]
