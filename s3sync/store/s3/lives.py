"""Ages that connections reach on this line, so that no body is begun on one that is likely to break under it.

Something between a computer and its store may end each connection some time after it was opened: an address
translation, a gateway, a tunnel. A body of a few megabytes is four seconds of a thin line, and starts over when its
connection ends; on a new connection, which costs a round trip or three, it gets through.
"""

from __future__ import annotations

import time
from collections.abc import Callable

SHORTEST_S = 2.0
"""A connection that broke sooner did not break of age, and says nothing of others."""
REMEMBERED_S = 600.0
"""Time after a break for which it says something of the line."""


class Lives:
    """Connections of this process that broke at work. May be called from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._shortest: float | None = None
        self._broke = 0.0

    def broke(self, opened: float) -> None:
        """A connection that was opened then broke in the middle of a request."""
        now = self._clock()
        lived = now - opened
        if lived < SHORTEST_S:
            return
        known = self._known(now)
        self._shortest, self._broke = lived if known is None else min(known, lived), now

    def is_old(self, opened: float) -> bool:
        """True if a connection that was opened then had better do nothing more: it lived half as long as one did that
        broke."""
        now = self._clock()
        known = self._known(now)
        return known is not None and now - opened > known / 2

    def _known(self, now: float) -> float | None:
        return self._shortest if now - self._broke < REMEMBERED_S else None


LIVES = Lives()
