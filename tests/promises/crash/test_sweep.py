"""F01: kill -9 before and after each step, on a folder store; the command run again ends as an undisturbed run does.

Each run of the suite kills once at each kind of step, before and after it.
`S3SYNC_CRASH=all pytest tests/promises/crash` kills at every step of every scenario, which takes about 15 minutes; `-k`
chooses one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.promises.crash.scenarios import MORE_SCENARIOS, SCENARIOS, Scenario
from tests.promises.crash.steps import Step
from tests.promises.crash.sweep import SIDES, Sweep, kills, kind

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="finds the paths of descriptors in /proc"),
]
EVERY = os.environ.get("S3SYNC_CRASH") == "all"


EACH_VERB = {
    ("commit", "state.db"),
    ("unlink", "object"),
    ("unlink", "remote trash"),
    ("unlink", "local trash"),
    ("rename", "store's temporary file -> metadata.json"),
}
"""What is so near to the decisions that it is killed at in each verb."""


class Kinds:
    """Which kinds of steps have been killed at in this run, by any scenario."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, ...]] = set()

    def choose(self, verb: str, steps: list[Step]) -> Iterator[Step]:
        """All, or those of a kind that has not been there."""
        for step in steps:
            found = (*kind(step), verb) if kind(step) in EACH_VERB else kind(step)
            if EVERY or found not in self.seen:
                self.seen.add(found)
                yield step


@pytest.fixture(scope="module")
def kinds() -> Kinds:
    return Kinds()


@pytest.mark.parametrize("scenario", SCENARIOS + (MORE_SCENARIOS if EVERY else []), ids=str)
@pytest.mark.timeout(3600 if EVERY else 300)
def test_f01_killed_at_each_step_and_run_again(scenario: Scenario, kinds: Kinds, tmp_path: Path) -> None:
    sweep = Sweep(scenario, tmp_path, thorough=EVERY)
    chosen = list(kills(kinds.choose(scenario.verb, sweep.steps), sweep.steps))
    found = {f"{side} {step}": wrong for step, side in chosen if (wrong := sweep.kill(step, side))}
    assert not found, "\n".join(f"killed {at}: {'; '.join(wrong)}" for at, wrong in found.items())
    print(f"{scenario}: {len(sweep.steps)} steps, {len(chosen)} kills survived")


NAMED = {
    "temp write": ("write", "partial"),
    "fsync": ("fsync", "partial"),
    "rename": ("rename", "partial -> file"),
    "PUT": ("rename", "store's temporary file -> object"),
    "metadata write": ("rename", "store's temporary file -> metadata.json"),
    "base save": ("commit", "state.db"),
}


TAKES_IN = {
    ("rename", "store's temporary file -> object"),
    ("rename", "store's temporary file -> metadata.json"),
    ("unlink", "inbox"),
}


def test_killed_at_each_write_that_takes_in_what_a_client_sent(tmp_path: Path) -> None:
    """A file is claimed, copied, recorded and deleted: each of them may be the last thing that a run does."""
    (scenario,) = (scenario for scenario in SCENARIOS if scenario.name == "received")
    sweep = Sweep(scenario, tmp_path)
    chosen = [step for step in sweep.steps if kind(step) in TAKES_IN]
    assert {kind(step) for step in chosen} == TAKES_IN and len(chosen) >= 6
    ways = kills(chosen, sweep.steps)
    found = {f"{side} {step}": wrong for step, side in ways if (wrong := sweep.kill(step, side))}
    assert not found, "\n".join(f"killed {at}: {'; '.join(wrong)}" for at, wrong in found.items())


def test_f01_real_processes_killed_at_the_named_steps(tmp_path: Path) -> None:
    """The same with `python -m s3sync` itself, which no fork stands in for."""
    (scenario,) = (scenario for scenario in SCENARIOS if scenario.name == "sync")
    sweep = Sweep(scenario, tmp_path)
    for number, (name, wanted) in enumerate(NAMED.items()):
        step = next((step for step in sweep.steps if kind(step) == wanted), None)
        assert step, f"no step is a {name}: {sorted({kind(step) for step in sweep.steps})}"
        for side in SIDES if EVERY else (SIDES[number % 2],):
            assert sweep.kill(step, side, real=True) == [], f"{side} {name}"
