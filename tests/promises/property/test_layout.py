"""Keys of archives, for any layout and any names: what is taken is a sound key, and no two units share one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.archive.layout import FIELDS, LayoutError, first_clash, key_for, parse_layout, range_of
from s3sync.core.archive.values import ArchiveSet, Pack, index_key
from s3sync.core.names import KEY_BYTES, refuse_reason
from tests.promises.property.strategies import odd_text

NAMES = sorted(set(FIELDS) - {"captured"})
PIECES = st.sampled_from([*(f"{{{name}}}" for name in NAMES), "{captured:%Y/%m/%d}", "/", "-", "a", "{", "}", ".."])
LAYOUTS = st.lists(PIECES | odd_text, max_size=6).map("".join)
PACKS = st.sampled_from(Pack)


@given(LAYOUTS, st.dictionaries(st.sampled_from(NAMES), odd_text), PACKS)
def test_a_key_is_sound_or_refused(text: str, fields: dict[str, str], pack: Pack) -> None:
    chosen = ArchiveSet(name="a", store="s3://bb", source="x", pack=pack)
    try:
        key = key_for(chosen, parse_layout(text), {**fields, "captured": "2024-01-15T22:00:00"})
    except LayoutError as error:
        assert str(error)
        return
    assert refuse_reason(key) is None
    assert ".." not in key.split("/") and "" not in key.split("/")
    assert len(index_key(key).encode()) <= KEY_BYTES
    assert pack is Pack.NONE or key.endswith(f".{pack}")


@given(st.integers(0, 10**18 - 1), st.sampled_from(["", "b", "proj"]), st.sampled_from(["", "-old", "_x"]))
def test_a_range_holds_its_number_and_all_numbers_of_it_have_the_same(number: int, letters: str, rest: str) -> None:
    found = range_of(f"{letters}{number:02d}{rest}")
    assert found is not None
    low, high = (int(part.removeprefix(letters)) for part in found.split("-"))
    assert low <= number <= high and high - low == 49 and low % 50 == 0
    if number < 100:
        assert range_of(f"{letters}{low:02d}") == range_of(f"{letters}{high:02d}") == found


KEYS = st.lists(st.lists(st.sampled_from(["a", "b", "a.index.json"]), min_size=1, max_size=3).map("/".join), max_size=6)


@given(KEYS, st.booleans())
def test_a_clash_is_found_if_there_is_one(keys: list[str], nested: bool) -> None:
    units = [(key, f"unit {number}") for number, key in enumerate(keys)]
    taken = [{key, index_key(key)} for key in keys]
    pairs = [(one, other) for at, one in enumerate(taken) for other in taken[:at]]
    shared = any(one & other for one, other in pairs)
    inside = any(
        f"{a}/".startswith(f"{b}/") or f"{b}/".startswith(f"{a}/") for one, other in pairs for a in one for b in other
    )
    assert (first_clash(units, nested=nested) is not None) == (shared or (nested and inside))
