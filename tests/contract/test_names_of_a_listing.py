"""The names that a listing has given are a set, in whatever order they come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from s3sync.store.lanes import rounds
from s3sync.store.lanes.rounds import Names

NAMES = st.lists(st.text("ab/é😀", min_size=1, max_size=3), max_size=60)


@given(st.lists(NAMES.map(sorted) | NAMES, max_size=6))
def test_like_a_set(listings: list[list[str]]) -> None:
    names, model = Names(), set[str]()
    before, rounds.PACK_AT_ONCE = rounds.PACK_AT_ONCE, 4
    try:
        for name in (name for listing in listings for name in listing):
            assert names.add(name) == (name not in model)
            model.add(name)
            assert len(names) == len(model)
        assert not any(names.add(name) for name in model)
    finally:
        rounds.PACK_AT_ONCE = before
