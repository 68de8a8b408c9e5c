"""Limits of costs: the strictest of those who may say one holds."""

from __future__ import annotations

import pytest

from tests.unit.config.conftest import Load


@pytest.mark.parametrize(
    ("team", "own", "budget", "alarms"),
    [
        ("{budget: 100000, alarms: []}", "{budget: 10, alarms: [5]}", 10.0, (5.0,)),
        ("{budget: 3, alarms: [2]}", "{budget: 10, alarms: [5]}", 3.0, (2.0, 5.0)),
        ("{alarms: []}", "{budget: 10, alarms: [5]}", 10.0, (5.0,)),
        ("{budget: 3}", "{alarms: [50]}", 3.0, (5.0, 10.0, 20.0, 50.0)),
    ],
)
def test_no_file_lifts_a_limit_of_the_other(
    load: Load, team: str, own: str, budget: float, alarms: tuple[float, ...]
) -> None:
    """Whoever commits would otherwise have `archive auto` spend each night what its user forbade."""
    found = load(yaml=f"costs: {team}\n", user_yaml=f"costs: {own}\n").costs
    assert (found.budget, found.alarms) == (budget, alarms)


def test_a_file_alone_says_its_own(load: Load) -> None:
    assert load(user_yaml="costs: {budget: 10, alarms: [5]}\n").costs.budget == 10.0
    assert load(yaml="costs: {budget: 7, alarms: []}\n", user_yaml="user: ana\n").costs.alarms == ()
