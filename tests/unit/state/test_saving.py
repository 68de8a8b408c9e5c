"""How often a long run publishes what it has done."""

from __future__ import annotations

import pytest

from s3sync.sync.record import SAVE_EVERY_S, SAVING_SHARE, pause_after


@pytest.mark.parametrize(("took_s", "pause_s"), [(0, 30), (1, 30), (3, 30), (10, 90), (60, 540)])
def test_pause_after(took_s: float, pause_s: float) -> None:
    """Every half a minute, and where metadata.json is large, a tenth of the time."""
    assert (SAVE_EVERY_S, SAVING_SHARE) == (30, 0.1)
    assert pause_after(took_s) == pytest.approx(pause_s)
