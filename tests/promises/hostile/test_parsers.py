"""The fuzz targets under Hypothesis: bytes, mutated valid documents, and everything that broke something once."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.promises.hostile import targets
from tests.promises.hostile.seeds import FULL_MANIFEST, FULL_PART_FILE, FULL_RECORD, FULL_SETTINGS, FULL_UPLOAD, SEEDS
from tests.promises.property.strategies import odd_paths, odd_text

ROWS = [(name, seed) for name, seeds in SEEDS.items() for seed in seeds]
quick = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def test_every_target_has_seeds() -> None:
    assert SEEDS.keys() == targets.TARGETS.keys()


@pytest.mark.parametrize(("name", "seed"), ROWS, ids=[f"{name}-{number}" for number, (name, _) in enumerate(ROWS)])
def test_what_broke_something_once(name: str, seed: bytes) -> None:
    targets.TARGETS[name](seed)


@pytest.mark.parametrize("target", targets.TARGETS.values(), ids=targets.TARGETS)
@quick
@given(data=st.binary(max_size=300))
def test_any_bytes(target: Callable[[bytes], None], data: bytes) -> None:
    target(data)


@st.composite
def mutated(draw: st.DrawFn, whole: bytes) -> bytes:
    """A valid document with bytes of it changed, dropped, doubled or swapped for special ones."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        length = draw(st.integers(0, 12))
        piece = draw(
            st.sampled_from(
                [b"", b"null", b"-1", b"1e99", b"[]", b"{}", b'""', b"\xff", b"\\ud800", b"9" * 30, b"\x1b"]
            )
        )
        data[at : at + length] = draw(st.sampled_from([piece, bytes(data[at : at + length]) * 2]))
    return bytes(data)


DOCUMENTS = [
    (targets.manifest, FULL_MANIFEST),
    (targets.part_file, FULL_PART_FILE),
    (targets.records, FULL_RECORD),
    (targets.records, FULL_UPLOAD),
    (targets.settings, FULL_SETTINGS),
]


@pytest.mark.parametrize(("target", "whole"), DOCUMENTS, ids=lambda value: getattr(value, "__name__", ""))
@quick
@given(st.data())
def test_a_spoiled_document(target: Callable[[bytes], None], whole: bytes, data: st.DataObject) -> None:
    target(data.draw(mutated(whole)))


@quick
@given(st.dictionaries(st.sampled_from(["name", "size_bytes", "uploaded_by", "etag", "x"]), st.integers() | odd_text))
def test_records_of_odd_values(record: dict[str, object]) -> None:
    targets.manifest(json.dumps({"files": [{"name": "a", "uploaded_by": "", "uploaded_at": "", **record}]}).encode())


@quick
@given(odd_paths)
@example(".s3sync./x")
def test_odd_keys(path: str) -> None:
    targets.keys(path.encode())


@quick
@given(st.lists(st.text("aAbBéÉ/", min_size=1, max_size=6)), st.lists(st.text("aAbBéÉ/", min_size=1, max_size=6)))
def test_spellings_of_two_sides(mine: list[str], theirs: list[str]) -> None:
    targets.spellings(("\n".join(mine) + "\n\n" + "\n".join(theirs)).encode())


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 12 + "*b", "a" * 255),
        ("*?" * 9 + "*b", "a" * 255),
        ("*[a]" * 9 + "*b", "a" * 255),
        ("a**" * 9 + "b", "a" * 255),
        ("*a/" * 5 + "*b", "/".join(["a" * 100] * 9)),
        ("**/a/**/b", "a/" * 500 + "c"),
    ],
    ids=lambda text: text[:12],
)
@pytest.mark.timeout(20)
def test_no_ignore_pattern_takes_for_ever(pattern: str, path: str) -> None:
    from s3sync.local.patterns import compile_patterns

    assert not compile_patterns([pattern]).match_file(path)


def test_a_pattern_that_would_take_for_ever_is_refused() -> None:
    from s3sync.local.patterns import compile_patterns

    with pytest.raises(ValueError, match=r"more than 2 times"):
        compile_patterns(["a/**/b/**/c/**/d"])
