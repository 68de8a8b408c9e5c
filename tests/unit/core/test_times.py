"""Times as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from s3sync.core.times import format_ns, format_time, http_date, parse_ns, parse_time

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (1_762_163_892_123_456_789, "2025-11-03T09:58:12.123456789Z"),
        (1_762_163_892_100_000_000, "2025-11-03T09:58:12.1Z"),
        (1_762_163_890_000_000_000, "2025-11-03T09:58:10Z"),
        (-62_135_596_800 * SECOND, "0001-01-01T00:00:00Z"),
        (253_402_300_799 * SECOND + 999_999_999, "9999-12-31T23:59:59.999999999Z"),
    ],
)
def test_nanoseconds_there_and_back(ns: int, text: str) -> None:
    assert format_ns(ns) == text
    assert parse_ns(text) == ns


@pytest.mark.parametrize("ns", [253_402_300_800 * SECOND, -62_135_596_801 * SECOND, 10**40, -(10**40)])
def test_a_time_no_calendar_holds_is_still_text(ns: int) -> None:
    assert parse_ns(format_ns(ns)) is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-11-03T10:00:00Z", datetime(2025, 11, 3, 10, tzinfo=UTC)),
        ("2025-11-03t10:00:00z", datetime(2025, 11, 3, 10, tzinfo=UTC)),
        ("2025-11-03 10:00:00", datetime(2025, 11, 3, 10, tzinfo=UTC)),
        ("  2025-11-03T10:00:00Z\n", datetime(2025, 11, 3, 10, tzinfo=UTC)),
        ("2025-11-03T17:00:00+07:00", datetime(2025, 11, 3, 10, tzinfo=UTC)),
        ("2025-11-03T17:00:00+0700", datetime(2025, 11, 3, 10, tzinfo=UTC)),
        ("2025-11-03T05:30:00-04:30", datetime(2025, 11, 3, 10, tzinfo=UTC)),
        ("2025-11-03T10:00:00.5Z", datetime(2025, 11, 3, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("2025-11-03T10:00:00.123456789Z", datetime(2025, 11, 3, 10, 0, 0, 123_456, tzinfo=UTC)),
        ("2025-11-03T10:00:00.123456789012Z", datetime(2025, 11, 3, 10, 0, 0, 123_456, tzinfo=UTC)),
        ("1969-12-31T23:59:59.5Z", datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC)),
    ],
)
def test_parse_time(text: str, expected: datetime) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "yesterday at noon",
        "2025-11-03",
        "10:00:00",
        "2025-11-03T10:00Z",
        "2025-02-30T10:00:00Z",
        "2025-13-01T10:00:00Z",
        "2025-11-03T25:00:00Z",
        "2025-11-03T10:60:00Z",
        "2025-11-03T10:00:00.Z",
        "2025-11-03T10:00:00+99:00",
        "0000-01-01T00:00:00Z",
        "-2025-11-03T10:00:00Z",
        "2025-11-03T10:00:00ZZ",
        "1762163892",
        "２０２５-11-03T10:00:00Z",
        "2025-11-03T10:00:00.١Z",
        "2025-11-03T10:00:00Z\0",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
    ],
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize("text", ["", "now", "2025-02-30T10:00:00Z", "2025-11-03T10:00:00+99:00", "1762163892"])
def test_what_is_no_time_has_no_nanoseconds(text: str) -> None:
    assert parse_ns(text) is None


def test_format_time_is_in_utc_and_whole_seconds() -> None:
    bangkok = timezone(timedelta(hours=7))
    assert format_time(datetime(2025, 11, 3, 17, 0, 0, 999_999, tzinfo=bangkok)) == "2025-11-03T10:00:00Z"


@pytest.mark.parametrize(
    "text",
    [
        "", None, "garbage", "1 " * 5_000,
        "Fri, 27 Nov 99999999999999999999 00:00:00 GMT", "Fri, 27 Nov 2026 00:00:00 +99999999999999999",
        "Fri, 99999999999999999999 Nov 2026 00:00:00 GMT", "Fri, 27 Nov 2026 00:00:00 -9999",
        "Fri, 31 Dec 9999 23:59:59 -2359",
    ],
)  # fmt: skip
def test_a_date_that_no_server_has_is_none(text: str | None) -> None:
    assert http_date(text) is None


def test_a_date_of_an_answer_is_in_utc() -> None:
    when = datetime(2026, 11, 27, 9, tzinfo=UTC)
    for zone in ("GMT", "-0000", "+0000"):
        assert http_date(f"Fri, 27 Nov 2026 09:00:00 {zone}") == when
    assert http_date("Fri, 27 Nov 2026 10:00:00 +0100") == when
