"""The promises in a few thousand random steps, and that the simulator would notice."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kit.azurite import lacking
from tests.kit.google import _program as require_gcs

ROOT = Path(__file__).parents[3]
THOROUGH = bool(os.environ.get("S3SYNC_THOROUGH"))
STEPS = 500 if THOROUGH else 250
"""Of the stories of one test; `scripts/simulate` tells as many as there is time for."""
pytestmark = pytest.mark.timeout(1800)
FRESH = 86_500_000 if os.environ.get("CI") else random.SystemRandom().randrange(2**32)
"""Seed of stories that no earlier run told. In CI it is fixed: a rare story is no reason to refuse a change."""


def simulate(*words: str, expect: int = 0) -> Any:
    """Run it in a process of its own: it changes the program's sizes, clock and threads, and forks."""
    command = [sys.executable, "-m", "tests.promises.simulator", "--json", *words]
    environ = {**os.environ, "PYTHONHASHSEED": "random"}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == expect, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


@pytest.mark.parametrize("seed", [1, 200_000, 400_000])
def test_fixed_seeds(seed: int) -> None:
    counts = simulate("--seed", str(seed), "--steps", str(STEPS))
    assert counts["steps"] >= STEPS
    for happened in ("crashes", "interleavings", "conflicts"):
        assert counts[happened], counts
    assert counts.get("lost answers", 0) + counts.get("failed answers", 0), counts


@pytest.mark.parametrize("number", [1, 2] if THOROUGH else [1])
def test_fresh_seeds(number: int) -> None:
    """A failure names the seed that tells the story again."""
    counts = simulate("--seed", str(FRESH + number * 100_000), "--steps", str(STEPS))
    assert counts["steps"] >= STEPS


@pytest.mark.parametrize(
    "store", [pytest.param("azure", marks=pytest.mark.azurite), pytest.param("gcs", marks=pytest.mark.gcs)]
)
def test_a_story_on_a_cloud(store: str) -> None:
    """By the vendor's adapter on its emulator: the same promises, with deaths between its calls."""
    if store == "gcs":
        require_gcs()
    elif (lacks := lacking()) is not None and not os.environ.get("CI"):
        pytest.skip(lacks)
    counts = simulate("--store", store, "--seed", "3", "--plain", "--users", "2")
    assert counts["stories"] == 1 and counts["crashes"] and counts["interleavings"], counts


def test_a_seed_is_one_story() -> None:
    """Told twice, in two processes with different hash seeds, it ends the same, byte for byte."""
    one, other = (simulate("--seed", "7", "--steps", "200") for _ in range(2))
    assert one["digest"] == other["digest"]
