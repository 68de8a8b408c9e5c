"""The contract: a checksum over a whole object that came in parts, which the store verifies and tells later."""

from __future__ import annotations

import pytest

from s3sync.errors import ChecksumMismatch, NotFound
from s3sync.store import Store
from s3sync.store.aspects import WholeChecksums, aspect
from s3sync.store.port import Create, Headers, Overwrite, Update
from s3sync.store.s3.checksums import is_full_crc64nvme
from tests.contract.stores import UnderTest, keys, noise, put, read, send
from tests.contract.test_multipart import BIG, PART, start


def checksum_over(store: Store, *pieces: bytes) -> str:
    whole = aspect(store, WholeChecksums)
    running = whole.new_checksum() if whole else None
    assert running is not None
    for piece in pieces:
        running.update(piece)
    return running.value()


def test_the_right_one_is_kept_and_told(under_test: UnderTest, store: Store) -> None:
    under_test.require("whole checksums")
    upload_id, parts = start(store)
    whole = aspect(store, WholeChecksums)
    assert whole is not None and whole.verifies(upload_id)
    checksum = checksum_over(store, BIG[:7], BIG[7:])
    store.complete_upload("cut/draft.mp4", upload_id, parts, mode=Create(), checksum=checksum)
    assert read(store, "cut/draft.mp4") == BIG
    assert whole.checksum_of("cut/draft.mp4") == checksum
    assert checksum.startswith("crc64nvme:")


def test_a_wrong_one_publishes_nothing(under_test: UnderTest, store: Store) -> None:
    under_test.require("whole checksums")
    under_test.require("wrong whole checksum")
    upload_id, parts = start(store)
    with pytest.raises(ChecksumMismatch):
        store.complete_upload(
            "cut/draft.mp4", upload_id, parts, mode=Create(), checksum=checksum_over(store, BIG[:-1], b"?")
        )
    assert keys(store) == []


def test_another_process_goes_on(under_test: UnderTest, store: Store) -> None:
    """Where ListParts does not say that the store agreed, the upload ends without the comparison."""
    under_test.require("whole checksums")
    upload_id, _ = start(store)
    other = under_test.open()
    whole = aspect(other, WholeChecksums)
    assert whole is not None and not whole.verifies(upload_id)
    parts = list(other.list_parts("cut/draft.mp4", upload_id))
    checksum = checksum_over(other, BIG)
    other.complete_upload("cut/draft.mp4", upload_id, parts, mode=Create(), checksum=checksum)
    assert whole.checksum_of("cut/draft.mp4") == checksum


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [
        ({"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "FULL_OBJECT"}, True),
        ({"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "COMPOSITE"}, False),
        ({"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}, False),
        ({"ChecksumAlgorithm": "CRC64NVME"}, False),
        ({}, False),
    ],
)
def test_what_counts_as_agreed(answer: dict[str, str], agreed: bool) -> None:
    """Answers to CreateMultipartUpload and ListParts, as the API reference has them."""
    assert is_full_crc64nvme(answer | {"UploadId": "x"}) is agreed


def test_parts_that_are_copied_count_too(under_test: UnderTest, store: Store) -> None:
    under_test.require("whole checksums")
    etag = put(store, "old", BIG)
    upload_id = store.start_upload("old", Headers())
    copied = store.copy_part("old", upload_id, 1, source="old", source_etag=etag, start=0, stop=PART)
    new = noise(12345)[::-1]
    second = send(store, "old", upload_id, 2, new)
    first = second.__class__(1, PART, copied)
    checksum = checksum_over(store, BIG[:PART], new)
    store.complete_upload("old", upload_id, [first, second], mode=Update(etag), checksum=checksum)
    assert read(store, "old") == BIG[:PART] + new
    whole = aspect(store, WholeChecksums)
    assert whole is not None and whole.checksum_of("old") == checksum


def test_where_none_is_kept(under_test: UnderTest, store: Store) -> None:
    """A store without the aspect, or that did not agree, takes an upload with a checksum as one without."""
    upload_id, parts = start(store)
    whole = aspect(store, WholeChecksums)
    if whole is not None and whole.verifies(upload_id):
        pytest.skip("it keeps one")
    store.complete_upload("cut/draft.mp4", upload_id, parts, mode=Overwrite(), checksum="crc64nvme:AAAAAAAAAAA=")
    assert read(store, "cut/draft.mp4") == BIG


def test_of_what_is_not_there(under_test: UnderTest, store: Store) -> None:
    whole = aspect(store, WholeChecksums)
    if whole is None:
        pytest.skip("a folder keeps none")
    with pytest.raises(NotFound):
        whole.checksum_of("nope")
