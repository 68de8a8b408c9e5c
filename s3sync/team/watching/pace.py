"""Pace of a watch: how often it asks the store, and how soon it tries again after a failure. It reads no clock."""

from __future__ import annotations

ACTIVE_S = 2.0
"""Between two questions while somebody works."""
ACTIVE_FOR_S = 30.0
IDLE_S = 60.0
"""Between two questions when nobody has done anything for a quarter of an hour."""
IDLE_FOLDER_S = 5.0
"""The same for a store that is a folder, where a question is a look at a file."""
LIST_EVERY = 10
"""Every so many questions the store is listed: other tools write files there, and no metadata.json."""
FIRST_RETRY_S, LAST_RETRY_S = 5.0, 60.0
FETCHING_SHARE, LAST_FETCH_S = 20, 3600.0
"""Fetching the same in vain takes at most one part in so many of the time: what cannot be put into its place, such as a
folder of another user, is fetched whole each time, and may be paid for."""


class Pace:
    """Times of the next question and of the next attempt, by whatever clock `now` is of.

    From the last activity on the questions come further and further apart: an idle hour has about a hundred of them.
    """

    def __init__(self, now: float, slowest_s: float = IDLE_S) -> None:
        self._slowest_s = slowest_s
        self._active_at = now
        self._failures = 0
        self._in_vain: tuple[object, float] = None, now
        self.due = now
        self.retry_at = now
        self.asked = 0

    def active(self, now: float) -> None:
        """Note that somebody did something: ask often again."""
        self._active_at = now
        self.due = min(self.due, now + ACTIVE_S)

    def at_once(self, now: float) -> None:
        """Ask and try at the next opportunity, as after the computer slept."""
        self._active_at = self.due = self.retry_at = now

    def ask(self, now: float) -> bool:
        """Note that the store is asked now; true if it is to be listed this time."""
        self.asked += 1
        self.due = now + min(max(ACTIVE_S, (now - self._active_at) / (ACTIVE_FOR_S / ACTIVE_S)), self._slowest_s)
        return self.asked % LIST_EVERY == 0

    def failed(self, now: float) -> float:
        """Note a failure; returns the seconds until the next attempt."""
        wait_s = min(FIRST_RETRY_S * (1 << self._failures), LAST_RETRY_S)
        self._failures = min(self._failures + 1, 10)
        self.retry_at = now + wait_s
        return wait_s

    def is_to_fetch(self, waits: object, now: float) -> bool:
        """False while just this was fetched in vain, until the next attempt is due."""
        what, due = self._in_vain
        return waits != what or now >= due

    def fetched_in_vain(self, waits: object, now: float, took_s: float) -> None:
        self._in_vain = waits, now + min(took_s * FETCHING_SHARE, LAST_FETCH_S)

    def worked(self) -> None:
        self._failures = 0
