"""Arithmetic, spheres and verdicts of the sealed format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.entries import Entry
from s3sync.core.sealed import (
    BLOCK,
    EMPTY,
    SEALED_BLOCK,
    SEGMENT,
    TAG,
    Sphere,
    opened_size,
    sealed_size,
    sealed_start,
    sealed_stop,
    side_key,
    sphere_of,
)
from s3sync.core.vouching import Verdict, agrees, judge

EDGES = [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, BLOCK - 1, BLOCK, BLOCK + 1, 8 * BLOCK, 100 * 1024**3 + 17]


@given(st.integers(0, 1 << 46) | st.sampled_from(EDGES))
def test_a_size_and_its_sealed_size_tell_each_other(size: int) -> None:
    assert opened_size(sealed_size(size)) == size


@given(st.integers(0, 5 * SEALED_BLOCK) | st.integers(0, 1 << 46))
def test_a_size_that_no_sealed_object_has_is_none(sealed: int) -> None:
    size = opened_size(sealed)
    assert size is None or sealed_size(size) == sealed


@pytest.mark.parametrize("sealed", [0, 1, EMPTY - 1, SEALED_BLOCK + EMPTY, EMPTY + SEGMENT + TAG, SEALED_BLOCK + 3])
def test_impossible_sizes(sealed: int) -> None:
    assert opened_size(sealed) is None


@given(st.lists(st.integers(1, 9), max_size=4), st.integers(0, 3 * BLOCK))
def test_parts_put_together_are_as_the_whole(blocks: list[int], last: int) -> None:
    sizes = [count * BLOCK for count in blocks] + ([last] if last or not blocks else [])
    assert sum(map(sealed_size, sizes)) == sealed_size(sum(sizes))


@given(st.integers(0, 4 * BLOCK), st.integers(1, 4 * BLOCK))
def test_a_range_lies_within_what_is_asked_for(start: int, length: int) -> None:
    assert sealed_start(start) % SEALED_BLOCK == 0
    assert sealed_stop(start + length) > sealed_start(start)
    assert sealed_stop(start + length) >= sealed_size(start + length)


@pytest.mark.parametrize(
    ("key", "sphere"),
    [
        ("films/b63/cut/draft.mp4", Sphere("films", "b63")),
        ("films/b63/metadata.json", Sphere("films", "b63", "metadata.json")),
        ("films/b63/cut/metadata.json", Sphere("films", "b63")),
        ("films/b64/metadata.json", Sphere("films", "b64", "metadata.json")),
        ("films/.s3sync/trash/b63/20260101/draft.mp4", Sphere("films", "b63")),
        ("films/.s3sync/trash/b63/", Sphere("films", "b63", ".s3sync/trash/")),
        ("films/.s3sync/parts/b63/draft.mp4", Sphere("films", "b63", ".s3sync/parts/draft.mp4")),
        ("films/.s3sync/events/b63/2026-01.jsonl", Sphere("films", "b63", ".s3sync/events/2026-01.jsonl")),
        ("films/b63/.s3sync/parts/x", Sphere("films", "b63", ".s3sync/parts/x")),
        ("films/b63/.s3sync/probe-1", Sphere("films", "b63", ".s3sync/")),
        ("films/.s3sync/keys/current", None),
        ("films/.s3sync/keys/ab/jan.age", None),
        ("other/b63/draft.mp4", Sphere("films", "")),
    ],
)
def test_whose_key_is_whose(key: str, sphere: Sphere | None) -> None:
    assert sphere_of("films", key) == sphere


def test_no_two_spheres_have_one_name() -> None:
    spheres = [Sphere("a", "b"), Sphere("a", "b", ""), Sphere("a", "b", "c"), Sphere("a", "b/c"), Sphere("a/b", "c")]
    assert len({sphere.name() for sphere in spheres}) == len(spheres)


def test_the_record_beside_a_file_in_the_trash() -> None:
    assert side_key("films", "films/.s3sync/trash/b63/2026/a.mp4") == "films/.s3sync/sealed/b63/2026/a.mp4"
    assert side_key("films", "films/b63/a.mp4") is None


@pytest.mark.parametrize(
    ("is_sealed", "has_record", "was_deleted", "base_has_it", "base_agrees", "is_noted", "is_put_back", "verdict"),
    [
        (False, False, False, True, False, False, False, Verdict.REFUSE),
        (False, False, False, False, False, False, False, Verdict.REFUSE),
        (False, True, False, True, True, True, True, Verdict.REFUSE),
        (True, True, False, True, False, False, False, Verdict.REFUSE),
        (True, True, False, True, True, False, False, Verdict.REFUSE),
        (True, False, True, True, False, False, False, Verdict.REFUSE),
        (True, False, False, True, False, False, False, Verdict.KNOWN),
        (True, True, False, False, False, False, False, Verdict.REFUSE),
        (True, True, False, False, True, False, False, Verdict.COMPARE),
        (True, True, False, False, False, True, False, Verdict.COMPARE),
        (True, True, False, True, False, True, False, Verdict.COMPARE),
        (True, True, False, True, False, True, True, Verdict.KNOWN),
        (True, False, True, False, False, False, False, Verdict.COMPARE),
        (True, False, False, False, False, False, False, Verdict.COMPARE),
    ],
)
def test_what_counts_that_metadata_json_does_not_name(
    is_sealed: bool,
    has_record: bool,
    was_deleted: bool,
    base_has_it: bool,
    base_agrees: bool,
    is_noted: bool,
    is_put_back: bool,
    verdict: Verdict,
) -> None:
    assert verdict is judge(
        is_sealed=is_sealed,
        has_record=has_record,
        was_deleted=was_deleted,
        base_has_it=base_has_it,
        base_agrees=base_agrees,
        is_noted=is_noted,
        is_put_back=is_put_back,
    )


@pytest.mark.parametrize(
    ("base", "etag", "md5", "agreed"),
    [
        (None, "e1", "a" * 32, False),
        (Entry(1, "a" * 32, "e1"), "e1", None, True),
        (Entry(1, "a" * 32, "e1"), "e2", "a" * 32, True),
        (Entry(1, "a" * 32, "e1"), "e2", "b" * 32, False),
        (Entry(1, None, None), None, None, False),
    ],
)
def test_on_what_a_computer_agreed(base: Entry | None, etag: str | None, md5: str | None, agreed: bool) -> None:
    assert agrees(base, etag, md5) is agreed
