"""Layouts of `organize`: what a file is called by what it says, and what collides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.archive.layout import LayoutError
from s3sync.core.names import refuse_reason
from s3sync.core.organizing import FIELDS, first_clashes, parse_layout

SONG = {
    "artist": "Ella", "albumartist": "Ella & Louis", "album": "Gershwin", "title": "Summertime", "track": "7/12",
    "disc": "1", "genre": "Jazz", "year": "1959-03-01", "ext": "flac", "name": "x.flac", "stem": "x", "folder": "",
    "captured": "2026-11-26T20:15:00", "month": "11", "day": "26",
}  # fmt: skip


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("{artist}/{album}/{track:02} {title}.{ext}", "Ella/Gershwin/07 Summertime.flac"),
        ("{artist}/{album}/{track:2} {title}.{ext}", "Ella/Gershwin/07 Summertime.flac"),
        ("{year}/{albumartist}/{disc}-{track}.{ext}", "1959/Ella & Louis/1-7.flac"),
        ("{captured:%Y/%m/%d %H%M%S} {stem}.{ext}", "2026/11/26 201500 x.flac"),
        ("{folder}/{name}", "x.flac"),
        ("all/{folder}/{name}", "all/x.flac"),
    ],
)
def test_a_name_by_a_layout(layout: str, expected: str) -> None:
    assert parse_layout(layout).render(SONG) == expected


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"title": ""}, "nothing says its title"),
        ({"track": "seven"}, "its track is no number"),
        ({"title": "..", "artist": "x"}, "cannot be a name"),
        ({"artist": "\x00\x01", "title": "x"}, None),
    ],
)
def test_a_file_that_cannot_be_named(said: dict[str, str], why: str | None) -> None:
    layout = parse_layout("{artist}/{title}/{track:02}")
    if why is None:
        assert layout.render(SONG | said) == "__/x/07"
        return
    with pytest.raises(LayoutError, match=why):
        layout.render(SONG | said)


@pytest.mark.parametrize(
    "layout",
    [
        *("", "music", "{artst}", "{artist", "{title:02}", "{track:x}", "{captured}", "{captured:%Q}", "{captured:Y}"),
        *("../{name}", "/{name}", "{name}" * 200, ".s3sync/{name}"),
    ],
)
def test_a_layout_that_is_none_says_what_to_write(layout: str) -> None:
    with pytest.raises(LayoutError) as failed:
        parse_layout(layout)
    assert len(str(failed.value)) > 10


@given(st.fixed_dictionaries({name: st.text(max_size=20) for name in FIELDS if name not in ("captured", "folder")}))
def test_no_tag_leads_out_of_the_target(said: dict[str, str]) -> None:
    """Whoever made a file says what its tags are."""
    try:
        path = parse_layout("{artist}/{album}/{title}.{ext}").render(said)
    except LayoutError:
        return
    assert refuse_reason(path) is None and path.count("/") == 2


def test_which_names_are_of_several_files() -> None:
    named = [("a", "X"), ("b", "Y"), ("c", "X"), ("d", "x")]
    assert first_clashes(named) == {"X": ["a", "c"]}
    assert list(first_clashes(named, ignores_case=True).values()) == [["a", "c", "d"]]
