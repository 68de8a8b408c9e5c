"""The contract: multipart uploads, from any process, with parts from anywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from s3sync.errors import NotFound, PreconditionFailed, StoreError
from s3sync.store import Store
from s3sync.store.port import Create, Headers, Overwrite, Part, Update
from tests.contract.stores import MIB, UnderTest, keys, md5, noise, put, read, send
from tests.contract.test_conditions import race

PART = 5 * MIB
BIG = noise(2 * PART + 12345)


@pytest.fixture(autouse=True)
def in_parts(request: pytest.FixtureRequest) -> None:
    if "under_test" in request.fixturenames:
        request.getfixturevalue("under_test").require("parts")


def start(store: Store, key: str = "cut/draft.mp4", body: bytes = BIG) -> tuple[str, list[Part]]:
    upload_id = store.start_upload(key, Headers({"uploaded-by": "José"}, "video/mp4"))
    pieces = [body[at : at + PART] for at in range(0, len(body), PART)]
    return upload_id, [send(store, key, upload_id, number, piece) for number, piece in enumerate(pieces, 1)]


def whole_etag(parts: Sequence[Part]) -> str:
    return f"{hashlib.md5(b''.join(bytes.fromhex(part.etag) for part in parts)).hexdigest()}-{len(parts)}"


def test_full_life(under_test: UnderTest, store: Store) -> None:
    upload_id, parts = start(store)
    assert keys(store) == []
    assert under_test.sealed or [part.etag for part in parts] == [
        md5(BIG[at : at + PART]).hex() for at in range(0, len(BIG), PART)
    ]
    assert list(store.list_parts("cut/draft.mp4", upload_id)) == parts
    etag = store.complete_upload("cut/draft.mp4", upload_id, parts, mode=Create()).etag
    head = store.head("cut/draft.mp4")
    assert read(store, "cut/draft.mp4") == BIG
    assert (head.info.size, head.info.etag) == (len(BIG), etag)
    if under_test.shows("composite etag"):
        assert (etag, head.etag_is_md5) == (whole_etag(parts), False)
    if under_test.shows("metadata"):
        assert (dict(head.metadata), head.content_type) == ({"uploaded-by": "José"}, "video/mp4")
    assert list(store.list_uploads("")) == []


def test_size_of_the_first_part(under_test: UnderTest, store: Store) -> None:
    under_test.require("first part size")
    upload_id, parts = start(store)
    store.complete_upload("cut/draft.mp4", upload_id, parts, mode=Create())
    assert store.first_part_size("cut/draft.mp4") == PART


def test_first_part_of_a_plain_object(store: Store) -> None:
    put(store, "a")
    assert store.first_part_size("a") is None
    with pytest.raises(NotFound):
        store.first_part_size("nope")


def test_a_single_part_will_do(store: Store) -> None:
    upload_id = store.start_upload("a", Headers())
    parts = [send(store, "a", upload_id, 1, b"small")]
    store.complete_upload("a", upload_id, parts, mode=Overwrite())
    assert read(store, "a") == b"small"
    assert store.first_part_size("a") == 5


def test_another_process_goes_on(under_test: UnderTest) -> None:
    key = "cut/ü +%.mp4"
    first = under_test.open()
    upload_id = first.start_upload(key, Headers())
    send(first, key, upload_id, 2, BIG[PART : 2 * PART])
    second = under_test.open()
    (unfinished,) = second.list_uploads("cut/")
    assert (unfinished.key, unfinished.upload_id) == (key, upload_id)
    assert [part.number for part in second.list_parts(key, upload_id)] == [2]
    for number in (1, 3):
        send(second, key, upload_id, number, BIG[(number - 1) * PART : number * PART])
    second.complete_upload(key, upload_id, list(second.list_parts(key, upload_id)), mode=Create())
    assert read(first, key) == BIG


def test_age_of_an_unfinished_upload(under_test: UnderTest, store: Store) -> None:
    under_test.require("upload time")
    upload_id = store.start_upload("a", Headers())
    (unfinished,) = store.list_uploads("")
    assert abs(unfinished.started - datetime.now(UTC)) < timedelta(minutes=1)
    store.abort_upload("a", upload_id)


def test_a_part_sent_again_replaces_the_first(under_test: UnderTest, store: Store) -> None:
    under_test.require("part sent again")
    upload_id, parts = start(store)
    other = noise(PART)
    parts[0] = send(store, "cut/draft.mp4", upload_id, 1, other)
    assert list(store.list_parts("cut/draft.mp4", upload_id)) == parts
    store.complete_upload("cut/draft.mp4", upload_id, parts, mode=Overwrite())
    assert read(store, "cut/draft.mp4") == other + BIG[PART:]


def test_parts_in_parallel(store: Store) -> None:
    upload_id = store.start_upload("a", Headers())
    body = noise(6 * PART)
    with ThreadPoolExecutor(6) as pool:
        parts = list(pool.map(lambda n: send(store, "a", upload_id, n, body[(n - 1) * PART : n * PART]), range(1, 7)))
    store.complete_upload("a", upload_id, parts, mode=Create())
    assert read(store, "a") == body


def test_more_than_a_page_of_parts(under_test: UnderTest, store: Store) -> None:
    under_test.require("more than a page of parts")
    upload_id = store.start_upload("a", Headers())
    with ThreadPoolExecutor(16) as pool:
        parts = list(pool.map(lambda n: send(store, "a", upload_id, n, b"%d" % n), range(1, 1106)))
    assert list(store.list_parts("a", upload_id)) == parts
    store.abort_upload("a", upload_id)


def test_completing_with_a_part_that_was_never_sent(store: Store) -> None:
    upload_id, parts = start(store)
    with pytest.raises(StoreError):
        store.complete_upload("cut/draft.mp4", upload_id, [*parts, Part(9, 5, "0" * 32)], mode=Overwrite())
    assert keys(store) == []


def test_abort(store: Store) -> None:
    upload_id, _ = start(store)
    store.abort_upload("cut/draft.mp4", upload_id)
    assert list(store.list_uploads("")) == []
    with pytest.raises(NotFound):
        list(store.list_parts("cut/draft.mp4", upload_id))
    store.abort_upload("cut/draft.mp4", upload_id)
    assert keys(store) == []


def test_an_upload_that_is_gone(under_test: UnderTest, store: Store) -> None:
    under_test.require("upload that is gone")
    upload_id, parts = start(store)
    store.abort_upload("cut/draft.mp4", upload_id)
    with pytest.raises(NotFound):
        send(store, "cut/draft.mp4", upload_id, 1, b"late")
    with pytest.raises(NotFound):
        store.complete_upload("cut/draft.mp4", upload_id, parts, mode=Overwrite())


def test_unfinished_uploads_below_a_prefix(store: Store) -> None:
    names = ["a/1", "a/2", "ab/3", "b"]
    ids = {name: store.start_upload(name, Headers()) for name in names}
    assert sorted(upload.key for upload in store.list_uploads("a/")) == ["a/1", "a/2"]
    assert sorted(upload.key for upload in store.list_uploads("")) == names
    for name, upload_id in ids.items():
        store.abort_upload(name, upload_id)


def test_complete_creates_only_what_is_not_there(store: Store) -> None:
    upload_id, parts = start(store)
    put(store, "cut/draft.mp4", b"theirs")
    with pytest.raises(PreconditionFailed):
        store.complete_upload("cut/draft.mp4", upload_id, parts, mode=Create())
    assert read(store, "cut/draft.mp4") == b"theirs"
    store.abort_upload("cut/draft.mp4", upload_id)


def test_complete_updates_only_what_was_expected(under_test: UnderTest, store: Store) -> None:
    under_test.require("complete update")
    upload_id, parts = start(store)
    first = put(store, "cut/draft.mp4", b"first")
    second = put(store, "cut/draft.mp4", b"second")
    with pytest.raises(PreconditionFailed):
        store.complete_upload("cut/draft.mp4", upload_id, parts, mode=Update(first))
    assert read(store, "cut/draft.mp4") == b"second"
    upload_id, parts = start(store)
    store.complete_upload("cut/draft.mp4", upload_id, parts, mode=Update(second))
    assert read(store, "cut/draft.mp4") == BIG


def test_one_of_many_completions_wins(under_test: UnderTest) -> None:
    under_test.require("complete race")
    stores = [under_test.open() for _ in range(6)]
    bodies = [noise(100) for _ in stores]
    begun = [start(store, "a", body) for store, body in zip(stores, bodies, strict=True)]
    won = race(lambda n: stores[n].complete_upload("a", *begun[n], mode=Create()), len(stores))
    assert len(won) == 1
    assert read(stores[0], "a") == bodies[won[0]]


def test_completing_again_gives_the_same_answer(store: Store) -> None:
    upload_id, parts = start(store)
    etag = store.complete_upload("cut/draft.mp4", upload_id, parts, mode=Create()).etag
    assert store.complete_upload("cut/draft.mp4", upload_id, parts, mode=Create()).etag == etag


def test_a_part_copied_from_another_object(under_test: UnderTest, store: Store) -> None:
    under_test.require("copy part")
    under_test.require("copied parts")
    under_test.require("any range of a copy")
    source = put(store, "old ü+.mp4", BIG)
    upload_id = store.start_upload("new", Headers())
    fresh = noise(PART)
    copied = store.copy_part("new", upload_id, 1, source="old ü+.mp4", source_etag=source, start=100, stop=PART + 100)
    parts = [Part(1, PART, copied), send(store, "new", upload_id, 2, fresh)]
    assert [(part.number, part.size) for part in store.list_parts("new", upload_id)] == [(1, PART), (2, PART)]
    store.complete_upload("new", upload_id, parts, mode=Create())
    assert read(store, "new") == BIG[100 : PART + 100] + fresh


def test_a_part_copied_over_the_object_itself(under_test: UnderTest, store: Store) -> None:
    """How a delta upload works: parts of the old version, and a new end."""
    under_test.require("copy part")
    upload_id, parts = start(store, "a")
    etag = store.complete_upload("a", upload_id, parts, mode=Create()).etag
    upload_id = store.start_upload("a", Headers())
    copied = store.copy_part("a", upload_id, 1, source="a", source_etag=etag, start=0, stop=PART)
    parts = [Part(1, PART, copied), send(store, "a", upload_id, 2, b"new end")]
    store.complete_upload("a", upload_id, parts, mode=Update(etag))
    assert read(store, "a") == BIG[:PART] + b"new end"


def test_a_part_of_another_version_is_not_copied(under_test: UnderTest, store: Store) -> None:
    under_test.require("copy part source etag")
    under_test.require("copied parts")
    etag = put(store, "old", BIG)
    put(store, "old", BIG[::-1])
    upload_id = store.start_upload("new", Headers())
    with pytest.raises(PreconditionFailed):
        store.copy_part("new", upload_id, 1, source="old", source_etag=etag, start=0, stop=PART)
    with pytest.raises(NotFound):
        store.copy_part("new", upload_id, 1, source="nope", source_etag=etag, start=0, stop=PART)
    store.abort_upload("new", upload_id)
