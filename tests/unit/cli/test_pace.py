"""The rate and the time left that the bars show."""

from __future__ import annotations

import pytest

from s3sync.cli.bars import name_on_bar
from s3sync.cli.pace import Pace, left_text
from s3sync.cli.widths import fitting
from s3sync.core.quantities import parts_text

MB = 1_000_000


def test_no_rate_is_said_of_the_first_moment() -> None:
    """The buffers of a slow line take the first megabyte at once: that is no speed."""
    pace = Pace()
    pace.begin(100.0)
    for after in (0.0, 0.0001, 0.0002, 0.9):
        pace.advance(MB, 100.0 + after)
        assert pace.rate(100.0 + after) is None
    pace.advance(MB, 102.0)
    assert pace.rate(102.0) == 2.5 * MB


def test_the_rate_follows_the_last_ten_seconds() -> None:
    pace = Pace()
    for second in range(60):
        pace.advance(5 * MB if second < 30 else MB, float(second))
    assert pace.rate(59.0) == pytest.approx(MB, rel=0.11)


def test_a_stall_ends_in_no_speed_and_what_comes_after_it_is_not_spread_over_it() -> None:
    pace = Pace()
    for second in range(10):
        pace.advance(MB, float(second))
    assert pace.rate(9.0) is not None and pace.rate(70.0) == 0
    for second in range(70, 73):
        pace.advance(5 * MB, float(second))
    assert pace.rate(72.0) == 1.5 * MB, "15 MB in the last ten seconds"


def test_what_is_sent_again_makes_no_negative_rate() -> None:
    pace = Pace()
    pace.advance(MB, 0.0)
    pace.advance(-MB, 2.0)
    pace.advance(-MB, 3.0)
    assert pace.rate(3.0) == 0


def test_time_left() -> None:
    assert left_text(80 * MB, 10.0 * MB) == "0:00:08"
    assert left_text(80 * MB, 10_000.0) == "2:13:20"
    assert left_text(MB, None) == left_text(MB, 0.0) == left_text(10**12, 10.0) == "-:--:--"


def test_bytes_done_stand_in_the_unit_of_the_total() -> None:
    assert parts_text(1_600_000, 60_000_000) == "1.6/60.0 MB"
    assert parts_text(0, 999) == "0/999 B"
    assert parts_text(512, 3_100) == "0.5/3.1 KB"
    assert parts_text(40_000_000, 2_500_000_000_000) == "0.0/2.5 TB"


def test_a_name_has_as_many_columns_as_there_are() -> None:
    assert fitting("short.mp4", 20) == "short.mp4"
    assert fitting("Interview with the director.mov", 20) == "Inte... director.mov"
    assert fitting("访谈导演第二机位第四条.mov", 20) == "访谈...位第四条.mov", "19 columns: each sign takes two"
    assert fitting("e\u0301" * 30, 20) == "e\u0301" * 4 + "..." + "e\u0301" * 13, "no accent stands on the dots"
    for columns in (40, 80, 120):
        assert len(name_on_bar("a" * 300, columns)) <= max(10, columns - 48)
