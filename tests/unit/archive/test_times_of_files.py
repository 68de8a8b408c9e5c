"""Times of files on disks that others may write: any number of nanoseconds gives fields."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from s3sync.archive.fields import local_time
from s3sync.archive.readers.said import time_fields

ENDS = [0, 1_700_000_000 * 10**9, -(2**63), 2**63 * 10**9, -(2**63) * 10**9, 253402300799 * 10**9, -62135596800 * 10**9]


@pytest.mark.parametrize("hours", [-12, 0, 14])
@pytest.mark.parametrize("mtime_ns", ENDS)
def test_a_time_that_no_calendar_holds_gives_fields(mtime_ns: int, hours: int) -> None:
    """Some disks hold every 64 bits of seconds, and each run over such a file ended in a panic."""
    found = local_time(mtime_ns, timezone(timedelta(hours=hours)))
    assert time_fields(found, "mtime")
    assert local_time(1_700_000_000 * 10**9, timezone(timedelta(hours=hours))).timestamp() == 1_700_000_000
