"""Connections are files too: as many as the system allows, and no more."""

from __future__ import annotations

import pytest

from s3sync.transfer.descriptors import most_connections

resource = pytest.importorskip("resource")
INFINITE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("soft", "hard", "may", "most", "left"),
    [
        (256, INFINITE, True, 256, 1024),
        (256, 4096, True, 256, 1024),
        (256, 300, True, 157, 300),
        (256, INFINITE, False, 128, 256),
        (1024, 1024, True, 256, 1024),
        (20_000, 20_000, True, 256, 20_000),
        (INFINITE, INFINITE, True, 256, INFINITE),
        (32, 32, True, 1, 32),
    ],
)
def test_the_limit_is_raised_as_far_as_it_goes(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, may: bool, most: int, left: int
) -> None:
    limits = (soft, hard)

    def raise_to(kind: int, wanted: tuple[int, int]) -> None:
        nonlocal limits
        if not may:
            raise ValueError
        limits = wanted

    monkeypatch.setattr(resource, "getrlimit", lambda kind: limits)
    monkeypatch.setattr(resource, "setrlimit", raise_to)
    assert most_connections(256) == most
    assert limits == (left, hard)
