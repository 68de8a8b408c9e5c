"""Turns: a share of a set, how many runs it takes to get round, and whether that is soon enough."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.archive.turns import DAY_S, Turn, parse_share, taken


@pytest.mark.parametrize(
    ("text", "share"),
    [("2%", Fraction(1, 50)), ("0.5 %", Fraction(1, 200)), ("100%", Fraction(1)), (" 2% ", Fraction(1, 50))],
)
def test_a_share_is_said_in_percent(text: str, share: Fraction) -> None:
    assert parse_share(text) == share


@pytest.mark.parametrize("text", ["", "2", "0%", "0.0%", "101%", "-2%", "1e2%", "%", "2%%", "٢%", "0.00001%", "1/50%"])
def test_what_is_no_share_is_none(text: str) -> None:
    assert parse_share(text) is None


@given(st.integers(0, 10_000), st.integers(1, 1000))
def test_so_many_runs_get_round(total: int, tenths: int) -> None:
    chosen = taken(total, Fraction(tenths, 1000))
    turn = Turn(set="s", total=total, due=total, chosen=chosen)
    assert chosen <= total and (chosen > 0) == (total > 0)
    assert turn.runs * chosen >= total
    assert not total or (turn.runs - 1) * chosen < total


@given(st.integers(1, 10_000), st.integers(1, 1000), st.integers(1, 400 * DAY_S), st.integers(1, 400 * DAY_S))
def test_the_share_that_is_told_is_enough(total: int, tenths: int, within_s: int, since_s: int) -> None:
    chosen = taken(total, Fraction(tenths, 1000))
    turn = Turn(set="s", total=total, due=total, chosen=chosen, within_s=within_s, since_s=since_s)
    if turn.runs * since_s <= within_s:
        assert not turn.too_small
    if turn.runs * (since_s - 1) > within_s * 1.05 + turn.runs:
        assert turn.too_small
    enough = turn.enough_percent
    if since_s <= within_s:
        assert enough is not None
    elif since_s > within_s * 1.05 + 1:
        assert enough is None, "then even all at once comes too late"
    if enough is not None:
        assert enough <= 100 and parse_share(f"{float(enough):g}%") == enough / 100
        better = Turn(
            set="s", total=total, due=total, chosen=taken(total, enough / 100), within_s=within_s, since_s=since_s
        )
        assert not better.too_small


def test_what_is_overdue_is_told_whatever_the_pace() -> None:
    assert Turn(set="s", total=9, due=9, chosen=9, within_s=90 * DAY_S, overdue=1).too_small
    assert not Turn(set="s", total=9, due=9, chosen=1, overdue=0).too_small, "no period is named"


@pytest.mark.parametrize(("every", "share"), [(6, "20%"), (3, "10%"), (1, "3.4%"), (30, "100%")])
def test_a_timer_that_is_a_little_late_keeps_its_pace(every: int, share: str) -> None:
    """A share that does for runs six days apart does for one that began seconds or an hour later than the last."""
    found = parse_share(share)
    for late_s in (0, 1, 60, 3600):
        since_s = every * DAY_S + late_s
        turn = Turn(set="s", total=10, due=10, chosen=taken(10, found), within_s=30 * DAY_S, since_s=since_s)
        assert not turn.too_small, late_s
        assert turn.enough_percent is not None and turn.enough_percent / 100 <= taken(10, found) / 10, late_s
    skipped = Turn(set="s", total=100, due=100, chosen=5, within_s=30 * DAY_S, since_s=2 * DAY_S)
    assert skipped.too_small, "every second run did not begin"
