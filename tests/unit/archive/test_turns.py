"""Whose turn it is to be verified, as the catalogue knows it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from s3sync.archive.catalogue import Catalogue
from s3sync.archive.catalogue.turns import COLD, LOOK, READ, RIGHT, WRONG, count_of, next_of, note_turn, still_wrong
from s3sync.core.archive.records import Status
from s3sync.core.archive.values import Index, Pack

NOW = "2025-06-01T00:00:00Z"


def sent(catalogue: Catalogue, *units: str, at: datetime = datetime(2025, 1, 1, tzinfo=UTC), etag: str = "e") -> None:
    for unit in units:
        catalogue.record(Index(1, unit, "s", f"{unit}.tar", Pack.TAR, (), 9, 9, at, "Ana", etag=etag))


def looked(catalogue: Catalogue, unit: str, day: int, kind: str = LOOK, outcome: str = RIGHT) -> None:
    at = f"2025-05-{day:02}T00:00:00Z"
    if outcome == RIGHT:
        catalogue.note_verified(f"{unit}.tar", at, "read" if kind == READ else "checksum")
    note_turn(catalogue, f"{unit}.tar", kind, at, outcome)


def turns(catalogue: Catalogue, kind: str = LOOK, limit: int = 99, before: str | None = None) -> list[str]:
    return [one.key.removesuffix(".tar") for one in next_of(catalogue, "s", kind, NOW, limit, before)]


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "catalogue.db")


def test_the_longest_ago_comes_first_and_then_the_key(catalogue: Catalogue) -> None:
    sent(catalogue, "c", "a", "b", "d")
    looked(catalogue, "a", 3)
    looked(catalogue, "b", 2)
    assert turns(catalogue) == ["c", "d", "b", "a"]
    assert turns(catalogue, limit=2) == ["c", "d"]
    assert turns(catalogue, before="2025-05-03T00:00:00Z") == ["c", "d", "b"]
    assert count_of(catalogue, "s", LOOK, NOW, "2025-05-03T00:00:00Z") == 3
    assert (count_of(catalogue, "s", LOOK, NOW), count_of(catalogue, "other", LOOK, NOW)) == (4, 0)


def test_one_that_is_wrong_does_not_hold_up_the_others_and_is_not_forgotten(catalogue: Catalogue) -> None:
    sent(catalogue, "a", "b", "c")
    looked(catalogue, "a", 1, outcome=WRONG)
    assert turns(catalogue) == ["b", "c", "a"]
    assert still_wrong(catalogue, "s", ()) == ["a"] and still_wrong(catalogue, "s", ["a.tar"]) == []
    looked(catalogue, "a", 2)
    assert still_wrong(catalogue, "s", ()) == []
    looked(catalogue, "b", 3, READ, WRONG)
    looked(catalogue, "b", 4)
    assert still_wrong(catalogue, "s", ()) == ["b"], "that its size is right makes no wrong byte right"
    looked(catalogue, "b", 5, READ)
    assert still_wrong(catalogue, "s", ()) == []


def test_what_is_cold_is_not_wrong(catalogue: Catalogue) -> None:
    sent(catalogue, "a", "b")
    looked(catalogue, "a", 1, READ, COLD)
    assert turns(catalogue, READ) == ["b", "a"] and still_wrong(catalogue, "s", ()) == []


def test_a_listing_in_between_does_not_begin_the_turns_of_reading_anew(catalogue: Catalogue) -> None:
    sent(catalogue, "a", "b", "c")
    looked(catalogue, "a", 1, READ)
    for unit in ("a", "b", "c"):
        looked(catalogue, unit, 2)
    assert turns(catalogue, READ) == ["b", "c", "a"]


def test_a_time_that_is_yet_to_come_saves_nobody_from_his_turn(catalogue: Catalogue) -> None:
    """An index may name any time, and so may a clock that was wrong."""
    sent(catalogue, "a")
    sent(catalogue, "late", at=datetime(9000, 1, 1, tzinfo=UTC))
    sent(catalogue, "noted")
    catalogue.note_verified("noted.tar", "9000-01-01T00:00:00Z", "read")
    assert turns(catalogue) == ["late", "a", "noted"]
    assert set(turns(catalogue, before="2025-05-01T00:00:00Z")) == {"late", "a", "noted"}


def test_what_was_just_sent_waits_for_those_before_it(catalogue: Catalogue) -> None:
    sent(catalogue, "old")
    sent(catalogue, "new", at=datetime(2025, 5, 20, tzinfo=UTC))
    looked(catalogue, "old", 10)
    assert turns(catalogue) == ["old", "new"]


def test_another_archive_under_the_key_begins_anew_and_one_that_is_gone_has_no_turn(catalogue: Catalogue) -> None:
    sent(catalogue, "a", "b")
    looked(catalogue, "a", 3, READ, WRONG)
    sent(catalogue, "a", etag="other")
    assert still_wrong(catalogue, "s", ()) == [] and turns(catalogue, READ) == ["a", "b"]
    catalogue.note_status("a.tar", Status.REMOVED)
    assert turns(catalogue) == ["b"]
    looked(catalogue, "b", 4, outcome=WRONG)
    catalogue.forget("b.tar")
    sent(catalogue, "b")
    assert still_wrong(catalogue, "s", ()) == []
