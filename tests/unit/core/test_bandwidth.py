"""Bandwidth limits as people write them."""

from __future__ import annotations

import pytest

from s3sync.core.bandwidth import Rates, Timetable, parse_bandwidth
from s3sync.errors import ConfigError

KIB, MIB, GIB = 1024, 1024**2, 1024**3


@pytest.mark.parametrize(
    ("value", "up", "down"),
    [
        ("10M", 10 * MIB, 10 * MIB),
        ("512k", 512 * KIB, 512 * KIB),
        ("1.5MiB", 3 * MIB // 2, 3 * MIB // 2),
        ("1GB/s", GIB, GIB),
        ("1M:10M", MIB, 10 * MIB),
        ("off:10M", None, 10 * MIB),
        ("1M:off", MIB, None),
        ("off", None, None),
        ("OFF", None, None),
        (None, None, None),
        ({"upload": "1M"}, MIB, None),
        ({"download": "2M", "upload": "off"}, None, 2 * MIB),
        ({}, None, None),
    ],
)
def test_one_limit(value: object, up: int | None, down: int | None) -> None:
    found = parse_bandwidth(value)
    assert {found.at(minute) for minute in (0, 720, 1439)} == {Rates(up, down)}
    assert found.unlimited == (up is None and down is None)


TIMETABLES = [
    "08:00,512K 19:00,10M:20M 23:00,off",
    "23:00,off 8:00,512K 19:00,10M:20M",
    ["08:00 512K", "19:00 10M:20M", "23:00 off"],
    ["08:00,512K", "19:00,10M:20M", "23:00,off"],
]


@pytest.mark.parametrize("value", TIMETABLES, ids=range(len(TIMETABLES)))
@pytest.mark.parametrize(
    ("time", "rates"),
    [
        ((0, 0), Rates()),
        ((7, 59), Rates()),
        ((8, 0), Rates(512 * KIB, 512 * KIB)),
        ((18, 59), Rates(512 * KIB, 512 * KIB)),
        ((19, 0), Rates(10 * MIB, 20 * MIB)),
        ((23, 0), Rates()),
        ((23, 59), Rates()),
    ],
)
def test_a_timetable_whose_last_entry_holds_over_midnight(value: object, time: tuple[int, int], rates: Rates) -> None:
    hours, minutes = time
    assert parse_bandwidth(value).at(60 * hours + minutes) == rates


def test_a_timetable_of_one_entry_holds_all_day() -> None:
    assert parse_bandwidth("12:00,1M") == Timetable(((720, Rates(MIB, MIB)),))
    assert parse_bandwidth("12:00,1M").at(0) == Rates(MIB, MIB)
    assert not parse_bandwidth("00:00,off 12:00,1M").unlimited


@pytest.mark.parametrize(
    "value",
    [
        "10", "-1M", "abc", "0K", "0.5K", "1M:2M:3M", "1M:", ":1M", "", " ", "1 M", "1T", "nan", "infM", "1e9M", "M",
        "25:00,1M", "8:60,1M", "08:00", "08:00,", "08:00,abc", "1M 2M", "08:00,1M 08:00,2M", "8:00,1M 08:00,2M",
        "08:00,1M,2M", "08:00 1M", 10, 0, 1.5, True, [], [[]], ["1M"], [None], ["08:00 1M", "08:00 2M"], {"up": "1M"},
        {"upload": "10"}, {"upload": 10}, {"upload": "1M:2M"}, {"upload": "1M", "both": "1M"}, {"download": []},
        "١M", "1" * 5000 + "M", "1" * 400 + ".5G",
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_a_hint(value: object) -> None:
    with pytest.raises(ConfigError, match="makes no sense") as caught:
        parse_bandwidth(value)
    assert caught.value.why and caught.value.hint and "10M" in caught.value.hint
    assert len(str(caught.value)) < 500
