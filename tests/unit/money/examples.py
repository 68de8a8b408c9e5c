"""Books whose costs were counted by hand, with the prices of us-east-1."""

from __future__ import annotations

from datetime import UTC, datetime

from s3sync.archive.price_list import price_book
from s3sync.core.archive.costs import GB
from s3sync.core.money.books import ARCHIVES, FILES, TRASH, Books, Lots, Traffic
from s3sync.core.money.month import Month, month_at

EAST = price_book().of("us-east-1")
"""STANDARD 0.023, DEEP_ARCHIVE 0.00099, writing 0.005, reading 0.0004, data out 0.09."""


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


NOVEMBER: Month = month_at(datetime(2026, 11, 5, tzinfo=UTC))
"""A month of 30 days."""
HALF = at("2026-11-16")


def books(lots: Lots, *traffic: Traffic) -> Books:
    return Books("s3://b", "us-east-1", EAST, "2026-10", tuple(lots), traffic)


def a_month() -> Books:
    """30 GB of david's and 10 GB of trash since October, 100 cold archives of 1 GB, and some traffic."""
    lots = Lots()
    lots.add("film", "david", FILES, "STANDARD", 30 * GB, at("2026-10-01"))
    lots.add("film", "jan", TRASH, "STANDARD", 10 * GB, at("2026-11-01"))
    lots.add("b40", "jan", ARCHIVES, "DEEP_ARCHIVE", 100 * GB, at("2026-01-01"), objects=100)
    david = Traffic("film", "david", "2026-11", writes=10_000, reads=0, sent=30 * GB, events=3)
    jan = Traffic("film", "jan", "2026-11", reads=50_000, received=10 * GB, events=2)
    return books(lots, david, jan, Traffic("film", "jan", "2026-10", received=500 * GB))
