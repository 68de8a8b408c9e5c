"""Where records lie in the store, and what the names of trash folders say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.records import Stamp, bounded, is_hashed, part_file_key, read_stamp, stamp_of, trash_key

PREFIX = "v-appydave/b63/"


def test_records_lie_beside_the_projects() -> None:
    assert part_file_key(PREFIX, "cut/a.mp4") == "v-appydave/.s3sync/parts/b63/cut/a.mp4"
    assert trash_key(PREFIX, "when", "a.mp4") == "v-appydave/.s3sync/trash/b63/when/a.mp4"


def test_b5_the_key_of_a_record_is_bounded() -> None:
    longest = "/".join(["d" * 250] * 4)
    assert len(trash_key(PREFIX, stamp_of(datetime.now(UTC), "0" * 32, "j" * 64), longest)) < 300
    assert is_hashed(bounded(longest)) and not is_hashed(bounded("a.mp4"))
    assert bounded(longest) != bounded(longest[:-1] + "e")


@given(st.datetimes().filter(lambda when: when.year >= 1000), st.text(st.characters(exclude_categories=["Cs"])))
def test_a_stamp_says_when_and_who(when: datetime, user: str) -> None:
    stamp = stamp_of(when, "0123456789abcdef", user)
    assert "/" not in stamp and len(stamp) < 100
    read = read_stamp(stamp)
    assert read.at == when.replace(microsecond=0, tzinfo=UTC)
    if len(user) <= 4:
        assert read.by == (user or None)


@pytest.mark.parametrize("folder", ["", "..", "x" * 5000, "20251303-000000-01234567", "\udcff", "20251103", "a/b"])
def test_a_hostile_folder_name_says_nothing(folder: str) -> None:
    assert read_stamp(folder) == Stamp(None, None)


def test_an_older_stamp_and_the_sibling_of_one_are_read() -> None:
    at = datetime(2025, 11, 3, 14, 30, tzinfo=UTC)
    assert read_stamp("20251103-143000-0a1b2c3d") == Stamp(at, None)
    assert read_stamp("20251103-143000-0a1b2c3d-jan.2") == Stamp(at, "jan")
