"""What is sealed comes back, any range of it; and whatever somebody does to it in the store is found."""

from __future__ import annotations

import random
import runpy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from s3sync.core.sealed import BLOCK, HEADER, SEALED_BLOCK, SEALED_SEGMENT, SEGMENT, TAG, Sphere, sealed_size
from s3sync.errors import NotAuthentic
from s3sync.store.port import ObjectInfo
from s3sync.store.sealed.bodies import SealedBody, sealed_pieces
from s3sync.store.sealed.keys import RepositoryKey
from s3sync.store.sealed.reading import OpeningReader, range_in_store
from s3sync.store.sealed.sums import BlockSums

KEY, OTHER = RepositoryKey(bytes(range(32))), RepositoryKey(bytes(32))
FILES = Sphere("films", "b63")
unseal: Callable[[bytes, str, str, bytes], bytes] = runpy.run_path(
    str(Path(__file__).parents[3] / "scripts" / "unseal.py")
)["unseal"]

SIZES = st.integers(0, 2 * BLOCK + 3 * SEGMENT) | st.sampled_from(
    [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK]
)


@lru_cache(64)
def content(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def sealed(body: bytes, key: RepositoryKey = KEY, sphere: Sphere = FILES) -> bytes:
    return b"".join(bytes(piece) for piece in sealed_pieces(SealedBody(key.id, key.sphere(sphere), body)))


class Answer:
    """The answer of a store that has these bytes, and cuts them as it likes."""

    def __init__(self, stored: bytes, start: int = 0, stop: int | None = None, cut: int = 50_000) -> None:
        self.info = ObjectInfo("films/b63/a.mp4", len(stored), "e", datetime.now(UTC))
        self._body, self._cut = stored[start:stop], cut

    def __iter__(self) -> Iterator[bytes]:
        return (self._body[at : at + self._cut] for at in range(0, len(self._body), self._cut))

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *_: Any) -> None:
        pass


def opened(
    stored: bytes,
    start: int = 0,
    stop: int | None = None,
    *,
    key: RepositoryKey = KEY,
    sphere: Sphere = FILES,
    cut: int = 50_000,
) -> bytes:
    begin, end = range_in_store(start, stop)
    reader = OpeningReader(Answer(stored, begin, end, cut), key.id, key.sphere(sphere), start, stop, "a.mp4")
    return b"".join(bytes(chunk) for chunk in reader)


@given(SIZES, st.integers(1, 3 * BLOCK))
def test_any_bytes_come_back_however_they_arrive(size: int, cut: int) -> None:
    body = content(size)
    stored = sealed(body)
    assert len(stored) == sealed_size(size)
    assert opened(stored, cut=max(cut, 1 + len(stored) // 200)) == body


@given(SIZES, st.integers(0, 3 * BLOCK), st.none() | st.integers(0, 3 * BLOCK))
@example(BLOCK, BLOCK - 1, None)
@example(BLOCK + 1, BLOCK, None)
@example(0, 0, None)
@example(100, 99, 100)
def test_any_range_comes_back(size: int, start: int, stop: int | None) -> None:
    assume(stop is None or start < stop)
    body = content(size)
    assert opened(sealed(body), start, stop) == body[start:stop]


@given(SIZES)
def test_a_body_that_is_sent_again_is_the_same(size: int) -> None:
    body = SealedBody(KEY.id, KEY.sphere(FILES), content(size))
    first = body.read(len(body) // 2)
    body.seek(0)
    whole = b"".join(bytes(piece) for piece in iter(lambda: body.read(70_001), b""))
    assert whole[: len(first)] == bytes(first)
    assert whole == sealed(content(size))


@given(SIZES)
def test_the_second_decoder_reads_it(size: int) -> None:
    assert unseal(KEY.secret, "films", "films/b63/a.mp4", sealed(content(size))) == content(size)


@given(SIZES, st.data())
def test_any_changed_byte_is_found(size: int, data: st.DataObject) -> None:
    stored = bytearray(sealed(content(size)))
    stored[data.draw(st.integers(0, len(stored) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(NotAuthentic):
        opened(bytes(stored))


@given(st.integers(1, 2 * BLOCK + 3 * SEGMENT), st.data())
def test_cutting_anywhere_is_found_or_gives_another_size(size: int, data: st.DataObject) -> None:
    """Cut between blocks the rest is whole, and shorter than metadata.json says: no record explains it."""
    stored = sealed(content(size))
    at = data.draw(
        st.integers(0, len(stored) - 1)
        | st.sampled_from([HEADER, HEADER + SEALED_SEGMENT, SEALED_BLOCK, SEALED_BLOCK + HEADER + SEALED_SEGMENT])
    )
    assume(at < len(stored))
    if at and at % SEALED_BLOCK == 0:
        assert len(opened(stored[:at])) < size
    else:
        with pytest.raises(NotAuthentic):
            opened(stored[:at])


def test_segments_cannot_change_places() -> None:
    stored = sealed(content(4 * SEGMENT))
    first, second = (stored[HEADER + n * SEALED_SEGMENT : HEADER + (n + 1) * SEALED_SEGMENT] for n in (0, 1))
    for swapped in (second + first, first + first, second + second):
        with pytest.raises(NotAuthentic):
            opened(stored[:HEADER] + swapped + stored[HEADER + 2 * SEALED_SEGMENT :])


def test_segments_of_another_block_do_not_fit() -> None:
    one, other = sealed(content(3 * SEGMENT)), sealed(content(3 * SEGMENT, 1))
    for header, rest in (
        (one[:HEADER], other[HEADER:]),
        (one[: HEADER + SEALED_SEGMENT], other[HEADER + SEALED_SEGMENT :]),
    ):
        with pytest.raises(NotAuthentic):
            opened(header + rest)


@given(st.permutations(range(3)) | st.lists(st.integers(0, 2), min_size=3, max_size=3))
def test_blocks_that_change_places_give_another_digest(order: list[int]) -> None:
    """Each is authentic: it is the digest in metadata.json that tells."""
    body = content(3 * BLOCK)
    stored = sealed(body)
    blocks = [stored[n * SEALED_BLOCK : (n + 1) * SEALED_BLOCK] for n in range(3)]
    sums = {}
    for name, one in (("own", body), ("theirs", opened(b"".join(blocks[n] for n in order)))):
        running = BlockSums()
        running.update(one)
        sums[name] = running.value()
    assert (sums["own"] == sums["theirs"]) is (list(order) == [0, 1, 2])


@pytest.mark.parametrize(
    "sphere",
    [
        Sphere("films", "b64"),
        Sphere("other", "b63"),
        Sphere("films", "b63", "metadata.json"),
        Sphere("films", "b63", ".s3sync/parts/a.mp4"),
    ],
)
def test_what_was_sealed_for_another_place_does_not_open(sphere: Sphere) -> None:
    for sealed_for, opened_for in ((FILES, sphere), (sphere, FILES)):
        with pytest.raises(NotAuthentic):
            opened(sealed(b"{}", sphere=sealed_for), sphere=opened_for)


def test_another_key_says_which() -> None:
    with pytest.raises(NotAuthentic, match="another key") as error:
        opened(sealed(b"x"), key=OTHER)
    assert KEY.id.hex() in str(error.value.why) and OTHER.id.hex() in str(error.value.why)


@pytest.mark.parametrize("stored", [b"", b"plain text", b"x" * (HEADER + TAG), b"x" * 1000])
def test_what_is_not_encrypted_says_so(stored: bytes) -> None:
    with pytest.raises(NotAuthentic, match="not encrypted"):
        opened(stored)


@given(st.integers(0, 3 * BLOCK + 5), st.integers(0, 3))
def test_sums_of_parts_are_those_of_the_whole(size: int, blocks: int) -> None:
    body, at = content(size), min(size, blocks * BLOCK) // BLOCK * BLOCK
    whole, first, second = BlockSums(), BlockSums(), BlockSums()
    whole.update(body)
    first.update(body[:at])
    second.update(body[at:])
    first.append(second, size - at)
    assert first.value() == whole.value()
    assert BlockSums().value() != BlockSums.value(first) or not size


@given(SIZES, SIZES)
def test_equal_plaintexts_alone_have_equal_ciphertexts(one: int, other: int) -> None:
    """By which parts are kept and copied; in another project they are others."""
    assert (sealed(content(one)) == sealed(content(other))) is (one == other)
    assert sealed(content(one)) != sealed(content(one), sphere=Sphere("films", "b64"))
