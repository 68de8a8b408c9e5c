"""An encrypted archive is what was sent, or it is told: whatever the store's owner makes of it and older ones."""

from __future__ import annotations

import hashlib
import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3sync.archive.carrier import Carrier, open_carrier
from s3sync.archive.verify import Proof, verify_archive
from s3sync.core.archive.values import SINGLE_FORMAT, Index, Kind, Member, Pack
from s3sync.core.sealed import SEALED_BLOCK, SEALED_SEGMENT, OfArchives, Sphere, sphere_of
from s3sync.errors import S3syncError
from s3sync.store import StoreOptions, open_store
from s3sync.store.port import Headers, Overwrite, Store
from s3sync.store.sealed import RepositoryKey, seal

KEY = RepositoryKey(bytes(range(32)))
SIZE = 2 * 1024 * 1024 + 100_000
NEWER = random.Random(1).randbytes(SIZE)
OLDER = NEWER[: SIZE // 2] + random.Random(2).randbytes(SIZE // 2 + 70_000)
PARTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=4)
"""Blocks of which an object is put together: of which object, and which one of it."""


def put(store: Store, key: str, body: bytes, metadata: dict[str, str] | None = None) -> str:
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    return store.put(key, body, mode=Overwrite(), headers=Headers(metadata=metadata or {}), md5=digest).etag


def got(store: Store, key: str) -> bytes:
    with store.get(key) as reader:
        return b"".join(bytes(chunk) for chunk in reader)


def index_of(etag: str) -> Index:
    cuts = [0, 10, 70_000, 1024 * 1024, 1024 * 1024 + 5, SIZE]
    members = tuple(
        Member(f"{start}", Kind.FILE, stop - start, 0o644, 0, hashlib.sha256(NEWER[start:stop]).hexdigest(), start)
        for start, stop in pairwise(cuts)
    )
    made, key_id = datetime(2026, 1, 1, tzinfo=UTC), KEY.id.hex()
    return Index(
        SINGLE_FORMAT, "m42", "raw", "m42.tar", Pack.TAR, members, SIZE, SIZE, made, "ana", etag=etag, key_id=key_id
    )  # fmt: skip


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Store, Carrier, list[bytes], Index]]:
    """A store with an archive, what its owner has to put together, and the archive's index."""
    with tempfile.TemporaryDirectory() as folder:
        inner = open_store(f"file://{folder}", StoreOptions(create=True))
        store = seal(inner, "films", lambda: KEY, OfArchives)
        made, etag = [], ""
        for key, body in (("m42.tar", OLDER), ("other.tar", NEWER), ("m42.tar", NEWER)):
            etag = put(store, key, body)
            made.append(got(inner, key))
        with open_carrier(store, "ana") as carrier:
            yield inner, carrier, [made[2], made[0], made[1], NEWER], index_of(etag)


def is_told(place: tuple[Store, Carrier, list[bytes], Index], body: bytes) -> bool:
    inner, carrier, _, index = place
    put(inner, "m42.tar", body, {"key-id": KEY.id.hex()})
    try:
        return verify_archive(carrier, index, deep=True, copies=True) is not Proof.READ
    except S3syncError:
        return True


@settings(max_examples=40, deadline=None)
@given(PARTS)
def test_blocks_of_anything_in_any_order_are_the_archive_or_are_told(
    place: tuple[Store, Carrier, list[bytes], Index], parts: list[tuple[int, int]]
) -> None:
    """Of the archive, of an older one under its key, of the same content under another key, and of plaintext."""
    bodies = place[2]
    made = b"".join(bodies[of][n * SEALED_BLOCK : (n + 1) * SEALED_BLOCK] for of, n in parts)
    assert is_told(place, made) is (made != bodies[0])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 255), st.sampled_from(["flip", "cut", "cut a segment", "again", "same"]))
def test_any_changed_byte_and_any_cut_is_told(
    place: tuple[Store, Carrier, list[bytes], Index], where: int, bit: int, how: str
) -> None:
    body = bytearray(place[2][0])
    at = where % len(body)
    if how == "flip":
        body[at] ^= bit
    elif how == "cut":
        del body[at:]
    elif how == "cut a segment":
        del body[at : at + SEALED_SEGMENT]
    elif how == "again":
        body += body[at:]
    assert is_told(place, bytes(body)) is (how != "same")


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), st.text(st.sampled_from("a/.b")))
def test_no_key_of_an_archive_shares_its_keys_with_anything_else(one: str, other: str) -> None:
    spheres = OfArchives("films")
    assert (spheres.sphere_of(one).name() == spheres.sphere_of(other).name()) is (one == other)
    of_repository = [
        sphere_of("films", key) for key in (one, f"films/{one}", f"films/b63/{one}", f"films/.s3sync/{one}")
    ]
    names = {sphere.name() for sphere in [*of_repository, Sphere("films", "", one)] if sphere is not None}
    assert spheres.sphere_of(one).name() not in names
    assert OfArchives("other").sphere_of(one).name() != spheres.sphere_of(one).name()
