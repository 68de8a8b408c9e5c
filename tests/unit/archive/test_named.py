"""Words for units: what each means, and what a hint asks where it means none."""

from __future__ import annotations

import pytest

from s3sync.core.archive.named import meant_by, units_of

IDS = ("2023/m42", "2024/m42", "2024/m31_ha", "b12-trip", "b12-trip-2", "b40-old", "take[1]", "take1", "*")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("2024/m42", {"2024/m42"}),
        ("m42", {"2023/m42", "2024/m42"}),
        ("2024/*", {"2024/m42", "2024/m31_ha"}),
        ("b40-old/", {"b40-old"}),
        ("b4", {"b40-old"}),
        ("m31", {"2024/m31_ha"}),
        ("b12-trip", {"b12-trip"}),  # a whole name, although another one begins with it
        ("b1", set()),  # two begin with it
        ("take[1]", {"take[1]"}),  # a name, although it fits another one as a pattern
        ("take[12]", {"take1"}),
        ("*", {"*"}),
        ("?*", set(IDS)),
        ("", set()),
        ("/", set()),
        ("old", set()),
    ],
)
def test_a_word_means_a_name_then_a_pattern_then_the_only_beginning(word: str, meant: set[str]) -> None:
    assert units_of(word, IDS) == meant


@pytest.mark.parametrize(("word", "meant"), [("b4", set()), ("m31", set()), ("m42", {"2023/m42", "2024/m42"})])
def test_a_beginning_is_no_whole_name(word: str, meant: set[str]) -> None:
    assert units_of(word, IDS, whole=True) == meant


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("b10", {"b10-film"}),
        ("b1", set()),  # b1 is no number of a unit here, and three begin so
        ("b100", {"old/b100-film"}),
        ("b11", set()),  # two have that number
        ("b10-", {"b10-film"}),
        ("film", set()),
        ("7", {"7"}),
        ("b19", {"b199"}),
    ],
)
def test_a_number_that_ends_where_the_word_does_is_that_number(word: str, meant: set[str]) -> None:
    """With b100 to b109 beside it nobody could say b10."""
    assert (
        units_of(word, ("b10-film", "old/b100-film", "b101-x", "b11-a", "b11-b", "b110-c", "b199", "7", "70")) == meant
    )


def test_a_hint_names_what_begins_so_or_is_near() -> None:
    assert meant_by("b1", IDS) == "did you mean 'b12-trip' or 'b12-trip-2'? "
    assert meant_by("b40-odl", IDS) == "did you mean 'b40-old'? "
    assert meant_by("x", IDS) == "" and meant_by("", IDS) == ""
    assert meant_by("a", [f"a{number}" for number in range(9)]).endswith("'a2' (and others)? ")
