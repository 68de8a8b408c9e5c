"""docs/tour.md shows what the program really says: its commands are typed again, and the output is compared."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kit.servers import SeaweedFS
from tests.scenarios.people import tour


@pytest.mark.seaweedfs
@pytest.mark.timeout(300)
@pytest.mark.skipif(os.name == "nt", reason="the tour is typed in bash")
def test_the_tour_says_what_the_program_says(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    count = 0
    for step, said in tour.replayed(Path(os.path.realpath(tmp_path)), seaweedfs):
        assert tour.normalised(said) == tour.normalised(step.output), (
            f"{step.person} typed {step.command!r}; if what it says now is right: python -m {tour.__name__}"
        )
        count += 1
    assert count > 40, "the tour has lost its commands"
