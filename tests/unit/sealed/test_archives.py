"""What is believed of an encrypted archive: that the key here opens it, and what an object must be made of."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from s3sync.archive.carrier import open_carrier
from s3sync.archive.sealing import holds, is_made_of, key_id_of, require_opens, size_in_store
from s3sync.archive.stored import size_there
from s3sync.archive.thaw import price_of
from s3sync.config import Settings
from s3sync.core.archive.values import SINGLE_FORMAT, Index, Pack
from s3sync.core.sealed import OfArchives, sealed_size
from s3sync.errors import ArchiveError
from s3sync.store import StoreOptions, open_store
from s3sync.store.aspects import Tier
from s3sync.store.own_word import tells_content
from s3sync.store.port import Create, Headers, Overwrite, Part, Store
from s3sync.store.sealed import RepositoryKey, seal

BODY = bytes(range(256)) * 9000
KEY = RepositoryKey(bytes(32))


@pytest.fixture
def inner(tmp_path: Path) -> Store:
    return open_store(f"file://{tmp_path}", StoreOptions(create=True))


def sealed(inner: Store, secret: bytes = bytes(32)) -> Store:
    return seal(inner, "films", lambda: RepositoryKey(secret), OfArchives)


def put(store: Store, key: str, body: bytes = BODY) -> str:
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    return store.put(key, body, mode=Overwrite(), headers=Headers(metadata={"unit": "m42"}), md5=digest).etag


def index_of(etag: str, key_id: str | None = KEY.id.hex(), size: int = len(BODY)) -> Index:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    return Index(
        SINGLE_FORMAT, "m42", "raw", "m42.tar", Pack.TAR, (), size, size, made, "ana", etag=etag, key_id=key_id
    )


def opens(inner: Store, index: Index) -> str | None:
    """The reason for which nothing is deleted."""
    with open_carrier(sealed(inner), "ana") as carrier:
        try:
            require_opens(carrier, index)
        except ArchiveError as error:
            return f"{error}: {error.why}"
        return None


def changed(inner: Store, key: str, change: Callable[[bytearray], object]) -> str:
    """Change the ciphertext as the store's owner can, and return the ETag."""
    with inner.get(key) as reader:
        body = bytearray(b"".join(bytes(chunk) for chunk in reader))
    change(body)
    metadata = inner.head(key).metadata
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    return inner.put(key, bytes(body), mode=Overwrite(), headers=Headers(metadata=metadata), md5=digest).etag


def test_files_leave_the_disk_only_for_what_the_key_here_opens(inner: Store) -> None:
    """Whatever the ETag is: the store's owner says that, too."""
    good = put(sealed(inner), "m42.tar")
    assert opens(inner, index_of(good)) is None
    assert "names the key None" in str(opens(inner, index_of(good, None)))
    assert "names the key 00" in str(opens(inner, index_of(good, "00" * 12)))
    etag = changed(inner, "m42.tar", lambda body: body.__setitem__(100, body[100] ^ 1))
    assert "does not open" in str(opens(inner, index_of(etag)))
    put(sealed(inner), "m42.tar")
    etag = changed(inner, "m42.tar", lambda body: body.__setitem__(len(body) - 1, body[-1] ^ 1))
    assert "does not open" in str(opens(inner, index_of(etag)))
    etag = put(sealed(inner, bytes([1]) * 32), "m42.tar")
    assert "does not open" in str(opens(inner, index_of(etag)))
    put(sealed(inner), "m43.tar")
    with inner.get("m43.tar") as reader:
        other = b"".join(bytes(chunk) for chunk in reader)
    etag = changed(inner, "m42.tar", lambda body: body.__setitem__(slice(None), other))
    assert "does not open" in str(opens(inner, index_of(etag))), "what lies in another's place"
    inner.delete("m42.tar")
    assert "does not open" in str(opens(inner, index_of(etag)))


def test_objects_say_nothing_and_are_known_by_what_they_are_made_of(inner: Store) -> None:
    store = sealed(inner)
    put(store, "m42.tar")
    assert inner.head("m42.tar").metadata == {"key-id": KEY.id.hex()} == {"key-id": key_id_of(store)}
    head = store.head("m42.tar")
    assert (head.info.size, inner.head("m42.tar").info.size) == (len(BODY), size_in_store(store, len(BODY)))
    assert size_in_store(store, len(BODY)) == sealed_size(len(BODY)) and size_in_store(inner, 7) == 7
    assert holds(store, head, BODY) and not holds(store, head, BODY[:-1]) and not holds(inner, head, BODY)
    assert not tells_content(store), "what a folder says of a file is a note"
    upload = store.start_upload("m43.tar", Headers())
    halves = BODY[: 1024 * 1024], BODY[1024 * 1024 :]
    parts = tuple(
        Part(number, len(half), store.put_part("m43.tar", upload, number, half))
        for number, half in enumerate(halves, 1)
    )
    store.complete_upload("m43.tar", upload, parts, mode=Create())
    head = store.head("m43.tar")
    assert is_made_of(store, head, parts) and not is_made_of(inner, head, parts)
    assert not is_made_of(store, head, parts[:1]) and not is_made_of(store, head, tuple(reversed(parts)))
    assert not is_made_of(store, head, (Part(1, len(BODY), "0x8D"),)), "of some stores an ETag is no digest"


def test_prices_are_of_what_the_store_has() -> None:
    plain = Settings(store="s3://b", repo="films", region="us-east-1")
    sealing = dataclasses.replace(plain, archives_of=plain)
    assert size_there(plain, 10**9, 3) == 10**9
    assert size_there(sealing, 10**9) == sealed_size(10**9) > 10**9
    assert size_there(sealing, 10, 3) == 2 * sealed_size(3) + sealed_size(4)
    classes = {"STANDARD": [50 * 10**9]}
    costs = [price_of(one, classes, (), Tier.BULK, 0) for one in (plain, sealing)]
    assert costs[0].size == costs[1].size, "what is told are the files' own sizes"
    amounts = [one.amount or 0 for one in costs]
    assert amounts[0] < amounts[1] < amounts[0] * 1.001
