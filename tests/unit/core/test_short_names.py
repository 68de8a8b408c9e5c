"""Short names of repositories: what will do as one, and which a new repository gets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.short_names import parted, short_name_reason, unused_name


@pytest.mark.parametrize("name", ["voz", "v-appydave", "b_1.2", "größe", "日本", "2026"])
def test_names_that_will_do(name: str) -> None:
    assert short_name_reason(name) is None


@pytest.mark.parametrize(
    "name",
    ["", "-x", "--all", "a/b", "..", ".git", ".hidden", "a b", "v*", "v?z", "[a]", "a\nb", "a\x1b[31m", "vo\u200bz",
     "\u3164", "a" * 65, "~", "$HOME", "a;b", "`id`", "a\\b", "C:x", "con", "nul.txt"],
)  # fmt: skip
def test_names_that_a_shell_a_disk_or_a_reader_takes_for_something_else(name: str) -> None:
    assert short_name_reason(name) is not None


def test_the_first_to_have_a_name_keeps_it_and_the_next_gets_a_number() -> None:
    assert unused_name(["voz"], {}) == "voz"
    assert unused_name(["voz"], {"voz": 1}) == "voz-2"
    assert unused_name(["VOZ"], {"voz": 1, "voz-2": 1}) == "VOZ-3"
    assert unused_name(["a b", "folder"], {}) == "folder"
    assert unused_name(["a b", "-x"], {"repository": 1}) == "repository-2"


@given(st.lists(st.text(max_size=70), max_size=2), st.sets(st.text(max_size=10), max_size=5))
def test_whatever_a_repository_calls_itself_its_name_can_be_typed_and_is_its_own(
    wanted: list[str], taken: set[str]
) -> None:
    folded = {one.casefold() for one in taken}
    name = unused_name(wanted, folded)
    assert short_name_reason(name) is None and name.casefold() not in folded


def test_a_word_is_a_name_with_or_without_a_project() -> None:
    assert parted("voz") == ("voz", None)
    assert parted("voz/") == ("voz", None)
    assert parted("voz/b40") == ("voz", "b40")
    assert parted("voz/b40/") == ("voz", "b40")
    assert parted("/etc") == ("", "etc")
