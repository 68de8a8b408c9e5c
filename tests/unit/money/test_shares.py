"""Costs of a month: worked by hand, divided in three ways with one sum, and nothing without a price counts as free."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from s3sync.core.archive.costs import GB
from s3sync.core.archive.prices import RegionPrices
from s3sync.core.history import FETCHED, SENT, Event, EventFile
from s3sync.core.money.books import FILES, NOBODY, Books, Lots, Movements, Traffic, traffic_of
from s3sync.core.money.by import By
from s3sync.core.money.keys import Owned, owned
from s3sync.core.money.month import month_at, month_before, parse_month
from s3sync.core.money.shares import rate, shares, total
from s3sync.errors import UsageError
from tests.unit.money.examples import EAST, HALF, NOVEMBER, a_month, at, books

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def test_a_month_by_hand() -> None:
    """Half of November: 30 GB and 10 GB at 0.023 are 0.46. A hundred cold objects have 32 KB each in their class and 8
    KB in STANDARD: (100 + 3200 / 1048576) * 0.00099 + 800 / 1048576 * 0.023 = 0.099020568 a month."""
    found = total([a_month()], NOVEMBER, HALF)
    assert found.storage.amount == pytest.approx(0.46 + 0.099020568 / 2, abs=1e-9)
    assert found.requests.amount == pytest.approx(10 * 0.005 + 50 * 0.0004)
    assert found.egress.amount == pytest.approx(10 * 0.09)
    assert found.total.amount == pytest.approx(0.46 + 0.049510284 + 0.07 + 0.9, abs=1e-9)
    assert (found.size, found.objects, found.writes, found.reads) == (140 * GB, 102, 10_000, 50_000)
    assert (found.sent, found.received) == (30 * GB, 10 * GB)


def test_what_is_sent_in_the_middle_costs_for_the_rest_of_the_month() -> None:
    lots = Lots()
    lots.add("p", "u", FILES, "STANDARD", 30 * GB, HALF)
    ten_days = total([books(lots)], NOVEMBER, at("2026-11-26"))
    assert ten_days.storage.amount == pytest.approx(30 * 0.023 * 10 / 30)
    assert total([books(lots)], NOVEMBER, at("2026-12-24")).storage.amount == pytest.approx(30 * 0.023 * 15 / 30)
    assert total([books(lots)], month_before(NOVEMBER), at("2026-11-26")).storage.amount == 0


def test_a_class_counts_from_the_day_of_the_move() -> None:
    """Ten days in STANDARD and twenty in DEEP_ARCHIVE."""
    lots = Lots()
    lots.add("b40", "u", "archives", "STANDARD", GB, at("2026-09-01"), until=at("2026-11-11"))
    lots.add("b40", "u", "archives", "DEEP_ARCHIVE", GB, at("2026-11-11"))
    cold = (1 + 32 / 1048576) * 0.00099 + 8 / 1048576 * 0.023
    found = total([books(lots)], NOVEMBER, NOVEMBER.end)
    assert found.storage.amount == pytest.approx(0.023 * 10 / 30 + cold * 20 / 30)
    assert found.size == GB  # and not twice


def test_each_way_to_divide() -> None:
    by_user = {one.name: one.amounts.total.amount for one in shares([a_month()], NOVEMBER, HALF, By.USER)}
    assert by_user["david"] == pytest.approx(30 * 0.023 / 2 + 0.05)
    assert by_user["jan"] == pytest.approx(10 * 0.023 / 2 + 0.049510284 + 0.02 + 0.9, abs=1e-9)
    assert [one.name for one in shares([a_month()], NOVEMBER, HALF, By.PROJECT)] == ["film", "b40"]
    assert [one.name for one in shares([a_month()], NOVEMBER, HALF, By.CLASS)] == ["STANDARD", "DEEP_ARCHIVE"]


WORDS = st.sampled_from(["a", "b", "=c", NOBODY])
CLASSES = st.sampled_from(["STANDARD", "STANDARD_IA", "GLACIER", "DEEP_ARCHIVE", "ODD"])


@st.composite
def any_books(draw: st.DrawFn) -> Books:
    lots = Lots()
    for _ in range(draw(st.integers(0, 8))):
        since = draw(st.floats(NOVEMBER.start - 1e6, NOVEMBER.end))
        size, number = draw(st.integers(0, 10**12)), draw(st.integers(1, 9))
        lots.add(draw(WORDS), draw(WORDS), FILES, draw(CLASSES), size, since, objects=number)
    amounts = st.integers(0, 10**9)
    traffic = [
        Traffic(draw(WORDS), draw(WORDS), "2026-11", draw(CLASSES), draw(amounts), draw(amounts), 0, draw(amounts), 1)
        for _ in range(draw(st.integers(0, 4)))
    ]
    return books(lots, *traffic)


@given(any_books(), st.floats(NOVEMBER.start, NOVEMBER.end))
def test_every_division_has_the_same_sum(one: Books, now: float) -> None:
    sums = []
    for by in By:
        found = [share.amounts for share in shares([one], NOVEMBER, now, by)]
        sums.append((sum(each.total.amount for each in found), sum(each.size for each in found)))
        assert {name for each in found for name in each.total.unknown} <= {"ODD", "requests of ODD", "reading ODD"}
    assert sums[0] == pytest.approx(sums[1]) and sums[0] == pytest.approx(sums[2])
    assert sums[0][0] == pytest.approx(total([one], NOVEMBER, now).total.amount)


def test_what_has_no_price_is_named_and_a_folder_costs_nothing() -> None:
    some = replace(a_month(), prices=RegionPrices(storage={"STANDARD": 0.023}))
    found = total([some], NOVEMBER, HALF)
    assert found.storage.unknown == {"DEEP_ARCHIVE"} and found.egress.unknown == {"egress"}
    assert found.requests.unknown == {"requests of STANDARD", "reading STANDARD"}
    none = total([replace(a_month(), prices=None)], NOVEMBER, HALF)
    assert none.total.amount == 0 and "STANDARD" in none.total.unknown
    free = total([replace(a_month(), is_free=True, prices=None)], NOVEMBER, HALF).total
    assert (free.amount, free.unknown) == (0, frozenset())


def test_a_rate_is_of_what_is_there_now() -> None:
    assert rate([a_month()], HALF, 30, lambda lot: lot.kind == "trash").amount == pytest.approx(10 * 0.023)
    assert EAST.storage["STANDARD"] == 0.023


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("film/cut/a.mp4", Owned("film", "files", "cut/a.mp4")),
        ("film/metadata.json", Owned("film", "records", "metadata.json")),
        ("film/.s3sync/parts/a.mp4", Owned("film", "records")),
        ("film/.s3sync/trash/20261103-100000-00000abc-jan/a.mp4", Owned("film", "trash", by="jan")),
        (".s3sync/trash/film/20261103-100000-00000abc-jan/a.mp4", Owned("film", "trash", by="jan")),
        (".s3sync/trash/film/odd/a.mp4", Owned("film", "trash")),
        (".s3sync/events/film/2026-11.jsonl", Owned("film", "records", events="2026-11")),
        (".s3sync/events/film/2026-11-2.jsonl", Owned("film", "records", events="2026-11")),
        (".s3sync/events/film/2026-11.jsonl.bak", Owned("film", "records")),
        (".s3sync/locks/film/x", Owned("film", "records")),
        (".s3sync/shares/film/20261103T100000Z-00000abc.html", Owned("film", "records")),
        (".s3sync/shares/.other/20261103T100000Z-00000abc.html", Owned("(repository)", "records")),
        (".s3sync/x", Owned("(repository)", "records")),
        ("metadata.json", Owned("(repository)", "records")),
        ("e\u0301/a", Owned("\u00e9", "files", "a")),
    ],
)
def test_every_object_belongs_to_somebody(key: str, found: Owned) -> None:
    assert owned(key) == found


def event(**more: object) -> Event:
    return Event(1, str(more.pop("id", "1")), "2026-11-03T10:00:00Z", "jan", "sync", **more)  # type: ignore[arg-type]


def test_an_event_that_counted_is_taken_at_its_word() -> None:
    found = traffic_of("p", event(sent_bytes=5, received_bytes=7, writes=2, reads=3, size_bytes=99))
    assert (found.sent, found.received, found.writes, found.reads, found.uncounted) == (5, 7, 2, 3, 0)


def test_of_an_older_event_the_files_that_it_names_count() -> None:
    files = (EventFile("a", FETCHED, 10), EventFile("b", SENT, 20))
    mixed = traffic_of("p", event(files=files, counts={FETCHED: 5, SENT: 1}, size_bytes=1000))
    assert (mixed.received, mixed.sent, mixed.writes, mixed.uncounted) == (10, 20, 0, 1)
    alone = traffic_of("p", event(files=files[:1], counts={FETCHED: 5}, size_bytes=1000))
    assert (alone.received, alone.sent) == (1000, 0)


def test_an_event_counts_once_and_those_of_archives_by_the_catalogue() -> None:
    moved = Movements()
    for project in ("p", "p", "q"):
        moved.event(project, event(sent_bytes=5, writes=1))
    moved.event("p", replace(event(id="2", sent_bytes=5, writes=1), verb="restore"))
    assert sorted((one.project, one.sent) for one in moved) == [("p", 5), ("q", 5)]


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "26-11", "2026-11-01", "", "now", "1969-12", "２０２６-11", "2026-12"]
)
def test_a_month_of_nonsense_or_to_come(text: str) -> None:
    with pytest.raises(UsageError):
        parse_month(text, NOW)


def test_months_follow_each_other() -> None:
    assert parse_month(None, NOW) == parse_month("2026-11", NOW) == NOVEMBER
    assert (NOVEMBER.name, NOVEMBER.days) == ("2026-11", 30)
    assert parse_month("last", NOW) == parse_month("2026-10", NOW) == month_before(NOVEMBER)
    assert month_before(NOVEMBER, 11).name == "2025-12" and month_before(NOVEMBER, 9).days == 28
    assert month_at(datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)).days == 29
    assert month_before(NOVEMBER).end == NOVEMBER.start
