"""Ability of a store to say how many requests it was asked. `aspect(store, CountsRequests)` finds it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class CountsRequests(Protocol):
    """A store that bills requests, and knows how many this process made."""

    def take_requests(self) -> tuple[int, int]:
        """Requests that were answered since this was last asked: PUT, COPY, POST and LIST, and others but DELETE."""
