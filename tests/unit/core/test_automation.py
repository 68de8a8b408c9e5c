"""Automation: what goes, what stays and why, windows, and clocks that cannot be right."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.archive.automation import (
    DAY_S,
    Budget,
    Candidate,
    Tier,
    Touch,
    clock_problem,
    decide,
    parse_hour,
    window_end,
)
from s3sync.core.archive.costs import Money

NOW = datetime(2026, 11, 26, 3, tzinfo=UTC)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def unit(name: str = "b40", tier: Tier = Tier.S3, *, month: float = 0, once: float = 0, **more: object) -> Candidate:
    touches = (Touch(ago(200), "its newest file was changed"),)
    fields = {"month": Money(month), "once": Money(once), "touches": touches, **more}
    return Candidate(name, "vault", tier, 1000, 1, 180 * DAY_S, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (unit(), None),
        (unit(touches=(Touch(ago(180), "x"),)), None),
        (
            unit(touches=(Touch(ago(179.9), "ana locked cut.mp4"),)),
            "ana locked cut.mp4 on 2026-05-30 05:24:00 UTC,",
        ),
        (unit(touches=(Touch(ago(400), "x"), Touch(ago(3), "ana worked on it (up)"))), "ana worked on it (up) on 2026"),
        (unit(touches=(Touch(ago(-30), "its newest file was changed"),)), "its newest file was changed on 2026-12-26"),
        (unit(obstacles=("ana has locked a.mp4", "1 conflict is open")), "ana has locked a.mp4; 1 conflict is open"),
    ],
)
def test_only_what_nobody_worked_on_for_long_enough_goes(found: Candidate, reason: str | None) -> None:
    plan = decide([found], Budget(), NOW)
    if reason is None:
        assert [one.candidate for one in plan.steps] == [found] and not plan.left
    else:
        assert not plan.steps and (plan.left[0].reason or "").startswith(reason)


def test_the_later_tier_makes_room_before_something_comes_into_it() -> None:
    tiers = [Tier.SSD, Tier.S3, Tier.GLACIER]
    plan = decide([unit(f"{tier}-{n}", tier) for n in "ab" for tier in tiers], Budget(), NOW)
    assert [one.candidate.unit for one in plan.steps] == ["glacier-a", "glacier-b", "s3-a", "s3-b", "ssd-a", "ssd-b"]


def test_of_steps_that_pass_the_budget_together_only_the_first_ones_go() -> None:
    some = [unit(name, month=2.0, once=0.5) for name in ("a", "b", "c")]
    plan = decide(some, Budget(10.0, storage=4.0, spent=0.9), NOW)
    assert [one.candidate.unit for one in plan.steps] == ["a", "b"]
    assert plan.left[0].reason == "the month would cost $12.40, and the budget is $10.00"
    assert plan.month == pytest.approx(9.9)


def test_what_makes_the_month_cheaper_is_done_and_what_is_free_too() -> None:
    cheaper, ssd = unit("a", Tier.GLACIER, month=-2.0, once=0.1), unit("b", Tier.SSD, month=0.0)
    plan = decide([cheaper, ssd, unit("c", month=0.1)], Budget(5.0, storage=9.0), NOW)
    assert [one.candidate.unit for one in plan.steps] == ["a", "b"]


UNPRICED = Money(0.0, frozenset(("STANDARD",)))


@pytest.mark.parametrize(
    ("budget", "found"),
    [
        (Budget(5.0, unknown="it is no bucket on AWS"), unit()),
        (Budget(5.0), unit(no_price="its region is not set")),
        (Budget(5.0), Candidate("b40", "vault", Tier.S3, 1, 1, 0, unit().touches, month=UNPRICED)),
        (Budget(5.0), Candidate("b40", "vault", Tier.S3, 1, 1, 0, unit().touches, once=None)),
    ],
)
def test_under_a_budget_nothing_goes_whose_price_is_not_known(budget: Budget, found: Candidate) -> None:
    plan = decide([found], budget, NOW)
    assert not plan.steps and "the price is not known" in (plan.left[0].reason or "")
    assert decide([found], Budget(None, unknown="it is no bucket on AWS"), NOW).steps


amounts = st.floats(-20, 20, allow_nan=False)


@given(st.lists(st.tuples(amounts, st.floats(0, 5))), st.floats(0, 50), st.floats(0, 50), st.floats(0, 10))
def test_no_plan_passes_its_budget(prices: list[tuple[float, float]], limit: float, now: float, spent: float) -> None:
    some = [unit(f"b{n}", month=month, once=once) for n, (month, once) in enumerate(prices)]
    plan = decide(some, Budget(limit, now, spent), NOW)
    assert plan.month <= max(limit, now + spent) + 1e-9
    assert len(plan.steps) + len(plan.left) == len(some)


@pytest.mark.parametrize(
    ("last", "known", "wrong"),
    [
        (None, [], False),
        (ago(1), [ago(3)], False),
        (ago(-0.5), [], False),
        (ago(-1.5), [ago(3)], True),
        (None, [ago(364)], False),
        (None, [ago(366)], True),
        (ago(366), [ago(500)], True),
        (ago(366), [ago(2)], False),
        (None, [ago(-1000), ago(400)], True),
        (None, [ago(-1000), ago(40)], False),
    ],
)
def test_a_clock_that_cannot_be_right_is_noticed(last: datetime | None, known: list[datetime], wrong: bool) -> None:
    assert (clock_problem(NOW, last, known) is not None) is wrong


@pytest.mark.parametrize(
    ("until", "hour", "ends"),
    [
        ("06:00", 3, 6), ("06:00", 23, 30), ("06:00", 18, 30), ("06:00", 17, None), ("06:00", 6, None),
        ("06:00", 9, None), ("14:00", 3, 14), ("00:00", 23, 24),
    ],
)  # fmt: skip
def test_a_window_is_over_in_the_morning(until: str, hour: int, ends: int | None) -> None:
    day = datetime(2026, 11, 26, tzinfo=UTC)
    at = parse_hour(until)
    assert at is not None
    found = window_end(at, day + timedelta(hours=hour))
    assert found == (None if ends is None else day + timedelta(hours=ends))


@pytest.mark.parametrize("text", ["", "6", "24:00", "06:60", "06:5", "6:-1", "٠٦:٠٠", "06:00:00", "a:bb"])
def test_what_is_no_time_of_the_day(text: str) -> None:
    assert parse_hour(text) is None
    assert parse_hour(" 6:05 ") == time(6, 5)
