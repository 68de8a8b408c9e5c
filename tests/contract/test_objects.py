"""The contract: whole objects, their headers, ranges and copies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from s3sync.core.executable import as_metadata, is_executable
from s3sync.errors import ChecksumMismatch, NotFound, PreconditionFailed, StoreError
from s3sync.store import Store
from s3sync.store.port import Create, Headers, Overwrite
from tests.contract.stores import MIB, UnderTest, keys, md5, noise, put, read, send


@pytest.mark.parametrize("size", [0, 1, 4097, MIB, MIB + 1, 5 * MIB + 3])
def test_what_is_put_comes_back(under_test: UnderTest, size: int) -> None:
    store = under_test.open()
    body = noise(size)
    etag = put(store, "cut/draft.mp4", body)
    with store.get("cut/draft.mp4") as reader:
        assert b"".join(reader) == body
        assert (reader.info.key, reader.info.size, reader.info.etag) == ("cut/draft.mp4", size, etag)
    assert (etag == md5(body).hex()) == store.head("cut/draft.mp4").etag_is_md5 == under_test.shows("plain etag")


def test_any_buffer_can_be_put(store: Store) -> None:
    body = bytearray(noise(2 * MIB))
    for buffer in (body, memoryview(body), memoryview(body)[7:99]):
        put(store, "a", buffer)
        assert read(store, "a") == bytes(buffer)


def test_listing_and_head_agree(store: Store) -> None:
    etag = put(store, "a/b", b"12345")
    (listed,) = store.list("a/")
    head = store.head("a/b").info
    assert (listed.key, listed.size, listed.etag) == (head.key, head.size, head.etag) == ("a/b", 5, etag)
    assert abs(listed.modified - datetime.now(UTC)) < timedelta(minutes=1)
    assert head.modified.tzinfo is not None


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [(0, None, b"0123456789"), (3, None, b"3456789"), (3, 5, b"34"), (0, 1, b"0"), (9, 10, b"9")],
)
def test_range(store: Store, start: int, stop: int | None, expected: bytes) -> None:
    put(store, "a", b"0123456789")
    with store.get("a", start=start, stop=stop) as reader:
        assert b"".join(reader) == expected
        assert reader.info.size == 10


@pytest.mark.parametrize(
    ("start", "stop", "expected"), [(5, 99, b"56789"), (10, None, b""), (10, 20, b""), (4, 4, b"")]
)
def test_range_beyond_the_end(store: Store, start: int, stop: int | None, expected: bytes) -> None:
    put(store, "a", b"0123456789")
    assert read(store, "a", start, stop) == expected


def test_range_of_an_empty_object(store: Store) -> None:
    put(store, "a", b"")
    assert read(store, "a", 0, 10) == b""


def test_get_pinned_to_a_version(store: Store) -> None:
    first = put(store, "a", b"first")
    assert read(store, "a", 1, 3, if_match=first) == b"ir"
    put(store, "a", b"second")
    for start, stop in ((0, None), (1, 3), (2, 2), (99, None)):
        with pytest.raises(PreconditionFailed):
            read(store, "a", start, stop, if_match=first)


def test_leaving_a_reader_early(store: Store) -> None:
    put(store, "a", noise(5 * MIB))
    for _ in range(20):
        with store.get("a") as reader:
            next(iter(reader))
    assert len(read(store, "a")) == 5 * MIB


@pytest.mark.parametrize(
    "value",
    [
        "jan",
        "José 張 🎬",
        "two  blanks",
        " edge ",
        "",
        "=?UTF-8?B?no?=",
        "a=?b",
        "100%25",
        "line\nbreak",
        "é" * 300,
        'q"\\',
    ],
)
def test_metadata_comes_back(under_test: UnderTest, store: Store, value: str) -> None:
    under_test.require("metadata")
    put(store, "a", headers=Headers({"uploaded-by": value, "plain": "x"}))
    assert dict(store.head("a").metadata) == {"uploaded-by": value, "plain": "x"}


def test_content_type_comes_back(under_test: UnderTest, store: Store) -> None:
    under_test.require("metadata")
    put(store, "a", headers=Headers(content_type="video/mp4"))
    assert store.head("a").content_type == "video/mp4"


@pytest.mark.parametrize("kind", ["a\r\nX-Amz-Acl: public-read", "video/\0"])
def test_what_no_header_can_carry_as_a_type_is_no_line_of_a_request(
    store: Store, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    """A folder store's records, and other vendors' JSON, hold any text."""
    put(store, "a", b"film", headers=Headers(content_type=kind))
    with store.get("a") as reader:
        assert b"".join(bytes(chunk) for chunk in reader) == b"film"
    assert "panicked" not in capfd.readouterr().err


def test_large_put_keeps_its_headers(under_test: UnderTest, store: Store) -> None:
    under_test.require("metadata")
    put(store, "a", noise(2 * MIB), headers=Headers({"uploaded-by": "José"}, "video/mp4"))
    head = store.head("a")
    assert (dict(head.metadata), head.content_type) == ({"uploaded-by": "José"}, "video/mp4")


@pytest.mark.parametrize("size", [10, 2 * MIB])
def test_wrong_md5_is_refused(store: Store, size: int) -> None:
    with pytest.raises(ChecksumMismatch):
        store.put("a", noise(size), mode=Overwrite(), headers=Headers(), md5=md5(b"other"))


def test_what_is_not_there(store: Store) -> None:
    put(store, "a/b")
    for key in ("nope", "a", "a/b/c", "a/bb"):
        with pytest.raises(NotFound):
            store.head(key)
        with pytest.raises(NotFound):
            read(store, key)
    store.delete("nope")


def test_delete(store: Store) -> None:
    put(store, "a/b/c")
    put(store, "a/d")
    store.delete("a/b/c")
    assert keys(store) == ["a/d"]
    with pytest.raises(NotFound):
        store.head("a/b/c")


def test_copy_keeps_content_and_headers(under_test: UnderTest, store: Store) -> None:
    under_test.require("metadata")
    etag = put(store, "a", b"content", headers=Headers({"uploaded-by": "José"}, "video/mp4"))
    copied = store.copy("a", "b/ü +%&.mp4", source_etag=etag, mode=Overwrite(), headers=None)
    head = store.head("b/ü +%&.mp4")
    assert read(store, "b/ü +%&.mp4") == b"content"
    assert (head.info.etag, dict(head.metadata), head.content_type) == (copied, {"uploaded-by": "José"}, "video/mp4")


def test_a14_the_executable_bit_goes_with_every_way_of_writing(under_test: UnderTest, store: Store) -> None:
    under_test.require("metadata")
    headers = Headers({"uploaded-by": "jan", **as_metadata(True)})
    etag = put(store, "small", b"#!/bin/sh", headers=headers)
    put(store, "large", noise(2 * MIB), headers=headers)
    store.copy("small", "as it was", source_etag=etag, mode=Create(), headers=None)
    store.copy("small", "said anew", source_etag=etag, mode=Create(), headers=headers)
    store.copy("small", "no longer", source_etag=etag, mode=Create(), headers=Headers({"uploaded-by": "jan"}))
    upload_id = store.start_upload("parts", headers)
    parts = [send(store, "parts", upload_id, 1, b"parts")]
    store.complete_upload("parts", upload_id, parts, mode=Create())
    executable = {key for key in keys(store) if is_executable(store.head(key).metadata)}
    assert executable == {"small", "large", "as it was", "said anew", "parts"} == set(keys(store)) - {"no longer"}


def test_copy_with_new_headers(under_test: UnderTest, store: Store) -> None:
    under_test.require("metadata")
    etag = put(store, "a", headers=Headers({"uploaded-by": "jan"}))
    store.copy("a", "b", source_etag=etag, mode=Overwrite(), headers=Headers({"project-id": "b63"}, "audio/wav"))
    head = store.head("b")
    assert (dict(head.metadata), head.content_type) == ({"project-id": "b63"}, "audio/wav")


def test_copy_of_another_version_is_refused(under_test: UnderTest, store: Store) -> None:
    under_test.require("copy source etag")
    etag = put(store, "a", b"first")
    put(store, "a", b"second")
    with pytest.raises(PreconditionFailed):
        store.copy("a", "b", source_etag=etag, mode=Overwrite(), headers=None)
    assert keys(store) == ["a"]


def test_copy_over_something_is_refused(under_test: UnderTest, store: Store) -> None:
    under_test.require("copy target condition")
    etag = put(store, "a", b"first")
    put(store, "b", b"second")
    with pytest.raises(PreconditionFailed):
        store.copy("a", "b", source_etag=etag, mode=Create(), headers=None)
    assert read(store, "b") == b"second"


def test_copy_of_nothing(store: Store) -> None:
    with pytest.raises(NotFound):
        store.copy("nope", "b", source_etag="0" * 32, mode=Overwrite(), headers=None)


@pytest.mark.parametrize("key", ["", "a\0b", "x" * 1100])
def test_keys_that_nobody_can_hold(store: Store, key: str) -> None:
    with pytest.raises(StoreError):
        put(store, key)
