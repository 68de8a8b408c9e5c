"""Thaws as the dashboard tells them: until when at the latest, and what is left of a copy."""

from __future__ import annotations

import pytest

from s3sync.core.archive.records import Archived, Status, ThawNote
from s3sync.core.archive.values import Pack
from s3sync.dashboard.archived import thaw_of


def archived(note: ThawNote | None, storage_class: str = "GLACIER") -> Archived:
    return Archived(
        key="k", unit="b40", set="films", pack=Pack.TAR, status=Status.STORED, size=7, original_size=9, files=2,
        uploaded_at="2026-01-01T00:00:00Z", created_by="david", storage_class=storage_class, thaw=note,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("storage_class", "tier", "ready_by"),
    [
        ("GLACIER", "Expedited", "2026-11-26T10:05:00Z"),
        ("GLACIER", "Standard", "2026-11-26T15:00:00Z"),
        ("GLACIER", "Bulk", "2026-11-26T22:00:00Z"),
        ("GLACIER", "bulk", "2026-11-26T22:00:00Z"),
        ("DEEP_ARCHIVE", "Standard", "2026-11-26T22:00:00Z"),
        ("DEEP_ARCHIVE", "Bulk", "2026-11-28T10:00:00Z"),
        ("DEEP_ARCHIVE", "Expedited", None),
        ("SOMETHING_NEW", "Bulk", None),
    ],
)
def test_the_latest_time_is_what_class_and_tier_promise(storage_class: str, tier: str, ready_by: str | None) -> None:
    found = thaw_of(archived(ThawNote(tier, 7, "2026-11-26T10:00:00Z", "thawing"), storage_class))
    assert found is not None and found.ready_by == ready_by


def test_a_store_that_told_when_is_believed() -> None:
    note = ThawNote("Bulk", 7, "2026-11-26T10:00:00Z", "thawed", "2026-12-03T00:00:00Z", "2026-11-26T12:00:00Z")
    found = thaw_of(archived(note))
    assert found is not None and (found.ready_by, found.until) == ("2026-11-26T12:00:00Z", "2026-12-03T00:00:00Z")


@pytest.mark.parametrize("note", [None, ThawNote("Bulk", 7, "2026-11-26T10:00:00Z", "cold")])
def test_what_nobody_asked_for_is_none(note: ThawNote | None) -> None:
    assert thaw_of(archived(note)) is None


@pytest.mark.parametrize("asked", ["9999-12-31T23:59:59Z", "no time", ""])
def test_a_time_that_no_calendar_holds_is_not_known(asked: str) -> None:
    found = thaw_of(archived(ThawNote("Bulk", 7, asked, "thawing")))
    assert found is not None and found.ready_by is None
