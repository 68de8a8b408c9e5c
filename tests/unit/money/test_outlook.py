"""What a month is going to cost, which limits it passes, what colder classes save, and why a bill is another."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from s3sync.core.archive.costs import GB, Money
from s3sync.core.money.bill import Bill, BillLine, compare
from s3sync.core.money.books import ARCHIVES, Lots, Traffic
from s3sync.core.money.budget import DOLLARS, Budget, Limit, difference, too_many
from s3sync.core.money.outlook import Alarm, alarms, outlook, saving, to_tell
from s3sync.core.money.shares import Amounts, total
from tests.unit.money.examples import HALF, NOVEMBER, a_month, at, books


def test_the_rest_of_a_month_by_hand() -> None:
    """Storage of 0.92 + 0.099020568 a month, and twice the traffic of half a month, which was 0.97."""
    found = outlook([a_month()], NOVEMBER, HALF)
    storage = 0.92 + 0.099020568
    assert found.storage.amount == pytest.approx(storage, abs=1e-9)
    assert found.traffic.amount == pytest.approx(1.94)
    assert found.month_end.amount == pytest.approx(storage + 1.94, abs=1e-9)
    assert found.year.amount == pytest.approx(12 * storage + 1.94 * 365 / 30, abs=1e-7)


def test_the_first_hours_of_a_month_are_no_pace_for_it() -> None:
    one = books(Lots(), Traffic("p", "u", "2026-11", received=10 * GB))
    found = outlook([one], NOVEMBER, at("2026-11-01T01:00"))
    assert found.traffic.amount == pytest.approx(0.9 * 30)  # a day's, and not an hour's


def test_rules_that_are_known_decide_about_the_year() -> None:
    found = outlook([a_month()], NOVEMBER, HALF, Money(1.0))
    assert found.year.amount == pytest.approx(1 + 1.94 * 365 / 30)


def test_alarms_by_hand() -> None:
    """1.30 so far and 2.30 at the end: 2 is reached after 0.7 of the 15 days that are left."""
    amounts = Amounts(storage=Money(1.3))
    found = alarms(amounts, NOVEMBER, HALF, [20.0, 1.0, 2.0, 1.0], Money(2.3))
    assert found == [Alarm(1.0, True), Alarm(2.0, False, "2026-11-26"), Alarm(20.0, False)]
    assert to_tell(found, {5.0}) == [Alarm(1.0, True)] and to_tell(found, {1.0}) == []
    assert alarms(amounts, NOVEMBER, HALF, [1.3], None) == [Alarm(1.3, True)]
    assert alarms(amounts, NOVEMBER, HALF, [2.3], Money(2.3)) == [Alarm(2.3, False, "2026-11-30")]


def test_colder_classes_save_and_many_small_files_do_not() -> None:
    found = saving([a_month()], NOVEMBER, HALF)
    assert found.standard.amount == pytest.approx(140 * 0.023 / 2)
    assert found.saved.amount == pytest.approx((100 * 0.023 - 0.099020568) / 2, abs=1e-9)
    lots = Lots()
    lots.add("p", "u", ARCHIVES, "DEEP_ARCHIVE", 1_000_000 * 4096, at("2026-01-01"), objects=1_000_000)
    assert saving([books(lots)], NOVEMBER, HALF).saved.amount < 0


BILL = Bill(
    (
        BillLine("EUC1-TimedStorage-ByteHrs", 3.0),
        BillLine("EUC1-TimedStorage-GDA-ByteHrs", 0.5),
        BillLine("EUC1-Requests-Tier1", 0.25),
        BillLine("DataTransfer-Out-Bytes", 0.0),
        BillLine("EUC1-StorageLens-ObjCount", 0.1),
    ),
    "USD",
    estimated=True,
)


def test_a_bill_beside_what_was_counted() -> None:
    counted = total([a_month()], NOVEMBER, HALF)
    found = compare(BILL, counted, has_versions=True, is_past=True)
    kinds = dict(found.by_kind)
    assert BILL.total == pytest.approx(3.85) and BILL.of("storage") == 3.5
    assert kinds["storage"] == pytest.approx(3.5 - 0.509510284, abs=1e-9)
    assert kinds["requests"] == pytest.approx(0.18) and kinds["egress"] == pytest.approx(-0.9)
    assert kinds["other"] == pytest.approx(0.1) and found.total == pytest.approx(3.85 - counted.total.amount)
    told = " ".join(found.reasons)
    for part in ("of this repository alone", "old versions", "deleted since", "first 100 GB", "status", "an estimate"):
        assert part in told


def test_a_bill_that_is_the_same_needs_no_reason() -> None:
    counted = Amounts(storage=Money(3.5), requests=Money(0.25))
    same = replace(BILL, estimated=False, lines=BILL.lines[:4])
    assert compare(same, counted).reasons == ()


MAILS = ("a@example.com",)


def test_a_budget_gets_what_it_lacks_and_keeps_the_rest() -> None:
    wanted = Budget("s3sync", 10, tuple(Limit(one, mails=MAILS) for one in (50.0, 80.0, 100.0)))
    assert difference(None, wanted).create and difference(wanted, wanted).is_empty
    present = Budget("s3sync", 20, (Limit(50.0, mails=("A@example.com",)), Limit(80.0, mails=("b@example.com",))))
    found = difference(present, wanted)
    assert (found.create, found.amount) == (False, True)
    assert found.limits == (Limit(80.0, mails=MAILS), Limit(100.0, mails=MAILS))
    dollars = tuple(Limit(one, DOLLARS, MAILS) for one in (5.0, 10.0, 20.0))
    assert too_many(wanted, dollars) == 1 and too_many(present, dollars) == 0 and too_many(present, found.limits) == 0
