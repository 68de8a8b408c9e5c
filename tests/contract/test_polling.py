"""The contract: what a watcher, a log and a lock ask for. Has it changed, what came after, and when was it by the
store's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from s3sync.errors import NotFound, PreconditionFailed, Unchanged, Unsupported
from s3sync.store import Store
from s3sync.store.aspects import Tags, aspect
from s3sync.store.port import Create, Headers, Overwrite, Update, Written
from s3sync.store.wrapped import Wrapped
from tests.contract.stores import KNOWN_DEVIATIONS, MIB, UnderTest, keys, md5, noise, put, read
from tests.kit.servers import Server


def poll(store: Store, key: str, etag: str, start: int = 0, stop: int | None = None) -> bytes:
    with store.get(key, start=start, stop=stop, if_none_match=etag) as reader:
        return b"".join(reader)


@pytest.mark.parametrize("key", ["a/metadata.json", "odd//name"])
def test_what_is_unchanged_is_not_sent_again(under_test: UnderTest, key: str) -> None:
    """The second key goes the other way on S3, as obstore cannot name it."""
    under_test.require(f"key {key}")
    if "//" in key:
        under_test.require("key a//b")
        if under_test.root is not None:
            pytest.skip("a disk has no such name")
    store = under_test.open()
    first = put(store, key, b"first")
    for again in (store, Wrapped(store)):
        with pytest.raises(Unchanged):
            poll(again, key, first)
    second = put(store, key, b"second")
    assert poll(store, key, first) == b"second"
    with pytest.raises(Unchanged):
        poll(store, key, second)


def test_unchanged_is_known_for_ranges_too(store: Store) -> None:
    etag = put(store, "a", b"0123456789")
    for start, stop in ((2, 5), (3, 3), (20, None)):
        with pytest.raises(Unchanged):
            poll(store, "a", etag, start, stop)
    assert poll(store, "a", "0" * 32, 2, 5) == b"234"
    assert poll(store, "a", "0" * 32, 3, 3) == b""


def test_what_is_gone_is_not_unchanged(store: Store) -> None:
    etag = put(store, "a")
    store.delete("a")
    with pytest.raises(NotFound):
        poll(store, "a", etag)


def test_unchanged_is_no_failure_that_is_tried_again(s3: UnderTest) -> None:
    store = s3.open()
    etag = put(store, "a")
    began = datetime.now(UTC)
    for _ in range(20):
        with pytest.raises(Unchanged):
            poll(store, "a", etag)
    assert datetime.now(UTC) - began < timedelta(seconds=10)


NAMES = ["a", "b/a", "b/b", "b/bb/c", "c", "c.d", "é", "🎬"]


@pytest.mark.parametrize("after", ["a", "b/a", "b/b", "b/bb/c", "b/zzz", "bb", "c", "zz", "🎬", "🎬x"])
def test_only_what_comes_after(store: Store, after: str) -> None:
    for name in NAMES:
        put(store, f"log/{name}")
    put(store, "lo")
    put(store, "zoo")
    found = sorted(info.key for info in store.list("log/", after=f"log/{after}"))
    assert found == [f"log/{name}" for name in NAMES if name > after]


def test_after_is_a_whole_key_and_need_not_be_there(store: Store) -> None:
    for name in ("log/2025-11", "log/2025-12", "log/2026-01"):
        put(store, name)
    assert [info.key for info in store.list("log/", after="log/2025-12")] == ["log/2026-01"]
    assert len(list(store.list("log/", after="log/"))) == 3
    assert len(list(store.list("log/", after="a"))) == 3
    assert list(store.list("log/", after="z")) == []
    assert sorted(info.key for info in store.list("", after="log/2025-12")) == ["log/2026-01"]


def test_after_holds_in_byte_order_where_a_folder_and_a_file_share_a_beginning(under_test: UnderTest) -> None:
    under_test.require("order of bytes")
    store = under_test.open()
    for name in ("a-b", "a.b/x", "a/b", "a0"):
        put(store, f"p/{name}")
    assert sorted(info.key for info in store.list("p/", after="p/a-b")) == ["p/a.b/x", "p/a/b", "p/a0"]
    assert sorted(info.key for info in store.list("p/", after="p/a.b/x")) == ["p/a/b", "p/a0"]
    assert sorted(info.key for info in store.list("p/", after="p/a/b")) == ["p/a0"]


def test_after_beside_odd_keys(s3: UnderTest) -> None:
    """A control character, which obstore cannot name, and a folder marker, whose `/` it drops."""
    store = s3.open()
    for name in ("03", "05", "05\x01odd", "06", "07/", "08"):
        put(store, f"log/{name}", b"" if name.endswith("/") else b"content")
    assert keys_after(store, "log/", "log/04") == ["log/05", "log/05\x01odd", "log/06", "log/07/", "log/08"]
    assert keys_after(store, "log/", "log/06") == ["log/07/", "log/08"]
    assert keys_after(store, "log/", "log/07/") == ["log/08"]
    assert len(keys(store, "log/")) == 6


def test_after_an_odd_key(s3: UnderTest) -> None:
    s3.require("after a control character")
    store = s3.open()
    for name in ("05", "05\x01odd", "06"):
        put(store, f"log/{name}")
    assert keys_after(store, "log/", "log/05\x01odd") == ["log/06"]


def keys_after(store: Store, prefix: str, after: str) -> list[str]:
    return sorted(info.key for info in store.list(prefix, after=after))


def timed(store: Store, body: bytes, mode: Create | Overwrite | Update) -> Written:
    return store.put("lock", body, mode=mode, headers=Headers(), md5=md5(body), timed=True)


@pytest.mark.parametrize("size", [10, 2 * MIB])
def test_the_time_of_a_write_is_the_stores(under_test: UnderTest, store: Store, size: int) -> None:
    under_test.require("time of a write")
    first = timed(store, noise(size), Create())
    assert first.at is not None and first.at.tzinfo is not None
    head = store.head("lock").info
    assert head.etag == first.etag
    assert abs(head.modified - first.at) <= timedelta(seconds=2)
    second = timed(store, b"again", Update(first.etag))
    assert second.at is not None and second.at >= first.at.replace(microsecond=0)
    with pytest.raises(PreconditionFailed):
        timed(store, b"third", Update(first.etag))
    assert read(store, "lock") == b"again"


def test_the_time_is_the_servers_and_not_ours(moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the answer gives it: a laptop's clock may be anything."""
    from s3sync.store.s3 import full
    from tests.contract.stores import on_server

    told = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
    store = on_server(moto).open()
    client = store._full.client  # type: ignore[attr-defined]

    def answered(parsed: dict[str, object], **_: object) -> None:
        parsed["ResponseMetadata"]["HTTPHeaders"]["date"] = "Tue, 06 May 2031 07:08:09 GMT"  # type: ignore[index]

    client.meta.events.register("after-call.s3.PutObject", answered)
    assert timed(store, b"x", Create()).at == told
    for text in ("garbage", "Tue, 06 May 2031 07:08:09 +99999999999999999"):
        assert full.date_of({"ResponseMetadata": {"HTTPHeaders": {"date": text}}}) is None
    assert full.date_of(None) is None


def test_a_folders_time_is_that_of_its_disk(tmp_path: Path) -> None:
    from tests.contract.stores import in_folder

    under_test = in_folder(tmp_path / "store")
    store = under_test.open()
    written = timed(store, b"x", Create())
    assert under_test.root is not None and written.at is not None
    assert written.at == store.head("lock").info.modified
    assert abs(written.at.timestamp() - (under_test.root / "lock").stat().st_mtime) < 0.001


def test_tags_travel_with_an_object_or_are_refused(under_test: UnderTest) -> None:
    under_test.require("parts")
    store = under_test.open()
    kind = "video 4k+a/b=c:d" + ("" if (under_test.name, "@ in a tag") in KNOWN_DEVIATIONS else "@e")
    tagged = Headers({"uploaded-by": "jan"}, tags={"archive": "fast", "kind": kind})
    tags = aspect(store, Tags)
    if tags is None:
        with pytest.raises(Unsupported, match="tag"):
            put(store, "a", headers=tagged)
        with pytest.raises(Unsupported, match="tag"):
            store.start_upload("a", tagged)
        with pytest.raises(NotFound):
            store.head("a")
        assert list(store.list_uploads("")) == []
        return
    odd = "odd//name" if (under_test.name, "key ctrl\x01x") in KNOWN_DEVIATIONS else "odd\x01"
    for key, size in (("small", 10), ("large", 2 * MIB), (odd, 10)):
        put(store, key, noise(size), headers=tagged)
        assert tags.get_tags(key) == tagged.tags
        assert store.head(key).metadata == {"uploaded-by": "jan"}
    etag = put(store, "copied", headers=tagged)
    store.copy("copied", "same", source_etag=etag, mode=Overwrite(), headers=None)
    store.copy("copied", "other", source_etag=etag, mode=Overwrite(), headers=Headers(tags={"archive": "delayed"}))
    store.copy("copied", "none", source_etag=etag, mode=Overwrite(), headers=Headers())
    assert tags.get_tags("same") == tagged.tags
    assert tags.get_tags("other") == {"archive": "delayed"}
    assert tags.get_tags("none") == {}
    if (under_test.name, "tags of a replaced object") not in KNOWN_DEVIATIONS:
        put(store, "small")
        assert tags.get_tags("small") == {}


def test_tags_travel_with_an_upload_in_parts(s3: UnderTest) -> None:
    s3.require("tags of an upload in parts")
    from tests.contract.stores import send

    store = s3.open()
    upload = store.start_upload("big", Headers(tags={"archive": "fast"}))
    store.complete_upload("big", upload, [send(store, "big", upload, 1, b"part")], mode=Overwrite())
    found = aspect(store, Tags)
    assert found is not None and found.get_tags("big") == {"archive": "fast"}
