"""What is taken for the content, and what the store underneath is told."""

from __future__ import annotations

from hashlib import md5
from pathlib import Path

import pytest

from s3sync.disk.guarded import GuardedFolder
from s3sync.errors import ChecksumMismatch
from s3sync.local.digests import Digests
from s3sync.store import Store, StoreOptions, open_store
from s3sync.store.port import Headers, Overwrite, Part
from s3sync.store.sealed import RepositoryKey, seal
from s3sync.store.sealed.sums import BlockSums
from s3sync.store.whole_md5 import note_md5
from s3sync.store.wrapped import Wrapped
from s3sync.transfer.fetch.wanted import Temp, Wanted
from s3sync.transfer.fetch.whole import verify


@pytest.fixture
def inner(tmp_path: Path) -> Store:
    return open_store((tmp_path / "store").as_uri(), StoreOptions(create=True))


@pytest.fixture
def store(inner: Store) -> Store:
    return seal(inner, "films", lambda: RepositoryKey(bytes(32)))


@pytest.mark.parametrize(("found", "counts"), [(b"the content", True), (b"the same MD5", False)])
def test_an_md5_alone_is_not_believed(store: Store, tmp_path: Path, found: bytes, counts: bool) -> None:
    """Two contents of one MD5 can be made; two of one SHA-256 cannot."""
    sums = BlockSums()
    sums.update(b"the content")
    (tmp_path / "temp").write_bytes(found)
    told = md5(found).hexdigest()
    wanted = Wanted("a", "films/b63/a", len(found), "etag", told, content_sum=sums.value())
    with GuardedFolder.open(str(tmp_path)) as folder:
        temp = Temp(folder, "temp")
        if counts:
            verify(store, wanted, temp, Digests("", told), len(found))
            return
        with pytest.raises(ChecksumMismatch, match="not the content"):
            verify(store, wanted, temp, Digests("", told), len(found))


class Notes(Wrapped):
    """A store that keeps the MD5 that it is told where others can read it."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self.told: list[bytes] = []

    def note_md5(self, upload_id: str, md5: bytes) -> None:
        self.told.append(md5)


def test_the_store_underneath_is_told_no_md5_of_a_plaintext(inner: Store) -> None:
    notes = Notes(inner)
    note_md5(seal(notes, "films", lambda: RepositoryKey(bytes(32))), "id", "00" * 16)
    assert notes.told == []


def test_nothing_of_the_headers_reaches_it(inner: Store, store: Store) -> None:
    headers = Headers({"uploaded-by": "jan", "md5": "0" * 32}, "video/mp4")
    store.put("films/b63/a", b"one", mode=Overwrite(), headers=headers, md5=md5(b"one").digest())
    upload = store.start_upload("films/b63/b", headers)
    part = Part(1, 3, store.put_part("films/b63/b", upload, 1, b"two"))
    store.complete_upload("films/b63/b", upload, [part], mode=Overwrite())
    etag = store.head("films/b63/a").info.etag
    store.copy("films/b63/a", "films/b63/c", source_etag=etag, mode=Overwrite(), headers=headers)
    for name in "abc":
        head = inner.head(f"films/b63/{name}")
        assert dict(head.metadata) == {"key-id": RepositoryKey(bytes(32)).id.hex()}
        assert head.content_type == "application/octet-stream"


def test_the_trash_says_what_it_was_in_a_record_of_its_own(inner: Store, store: Store) -> None:
    headers = Headers({"uploaded-by": "jan", "md5": "0" * 32})
    store.put("films/b63/a", b"one", mode=Overwrite(), headers=headers, md5=md5(b"one").digest())
    there = "films/.s3sync/trash/b63/2026/a"
    etag = store.copy(
        "films/b63/a", there, source_etag=store.head("films/b63/a").info.etag, mode=Overwrite(), headers=headers
    )
    assert dict(store.head(there).metadata) == headers.metadata
    inner.delete(there)
    store.copy("films/b63/a", there, source_etag=etag, mode=Overwrite(), headers=None)
    store.delete(there)
    assert [info.key for info in inner.list("films/.s3sync/")] == []


def test_parts_that_would_not_fit_together_are_refused(store: Store) -> None:
    upload = store.start_upload("films/b63/b", Headers())
    parts = [Part(number, 7, store.put_part("films/b63/b", upload, number, b"no MiB.")) for number in (1, 2)]
    with pytest.raises(Exception, match="put together"):
        store.complete_upload("films/b63/b", upload, parts, mode=Overwrite())
