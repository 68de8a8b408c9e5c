"""The table of tests that belong on one worker names tests that there are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.workers import TOGETHER, UNITS, group_of

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("begins", TOGETHER)
def test_every_group_has_tests_and_they_are_in_it(begins: str) -> None:
    def files() -> Iterator[str]:
        for file in (ROOT / "tests").rglob("test_*.py"):
            yield f"{file.relative_to(ROOT).as_posix()}::test_it[1]"

    assert {group_of(test) for test in files() if test.startswith(begins)} == {TOGETHER[begins]}
    others = [test for test in files() if not test.startswith(tuple(TOGETHER))]
    units = {test for test in others if test.startswith(UNITS)}
    assert units and all(group_of(test) == test.removesuffix("[1]") for test in units)
    assert all(group_of(test) == test for test in others if test not in units)
