"""Rate of earlier runs: which entries of the log count."""

from __future__ import annotations

from s3sync.archive.speed import ACTION, LEAST_BYTES, RUNS, Measured, measured, sent_in
from s3sync.core.archive.records import LogEntry


def entry(size: int, seconds: float, day: str = "2026-11-02", **other: str) -> LogEntry:
    given = {"action": ACTION, "detail": sent_in(seconds), **other}
    return LogEntry(f"{day}T10:00:00Z", "ana", given["action"], "s", "", "", size, "done", given["detail"])


def test_bytes_and_seconds_of_the_newest_runs_are_counted_together() -> None:
    runs = [entry(300 << 20, 10), entry(100 << 20, 30, "2026-11-01")]
    assert measured(runs) == Measured(10 << 20, 2, "2026-11-02")


def test_what_says_nothing_of_the_line_does_not_count() -> None:
    others = [
        entry(LEAST_BYTES - 1, 1),
        entry(1 << 30, 0),
        entry(1 << 30, 1, action="archive"),
        entry(1 << 30, 1, detail="by hand"),
        entry(1 << 30, 1, detail="sent in -1.0 s"),
    ]
    assert measured(others) is None
    assert measured([*others, entry(LEAST_BYTES, 2)]) == Measured(LEAST_BYTES // 2, 1, "2026-11-02")


def test_old_runs_do_not_count() -> None:
    found = measured([entry(100 << 20, 1)] * RUNS + [entry(1 << 40, 1)])
    assert found is not None and (found.rate, found.runs) == (100 << 20, RUNS)
