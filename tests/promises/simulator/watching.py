"""A watch in simulated time: it looks, asks, sends and fetches as the real one, and others act while it waits."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field

from s3sync.errors import Halt, LockHeld, S3syncError
from s3sync.sync.session import Session
from s3sync.team.watching.told import Gone, Ran, Told, Trouble, Works
from s3sync.team.watching.watcher import Watcher

CALM_S = 16.0
"""Time after the last thing that somebody did, in which a watch sees all of it: two looks and two questions."""
MOST_WAITS = 60


class Enough(Exception):
    """The watch has gone on for long enough."""


class Watched(Struct):
    """What a watch told: the last trouble that is not over, how many runs did something, and what is in conflict."""

    trouble: S3syncError | None = None
    is_gone: bool = False
    runs: int = 0
    conflicts: set[str] = field(default_factory=set)
    exit_code: int = 0

    def tell(self, told: Told) -> None:
        if isinstance(told, Trouble):
            self.trouble = told.error
        elif isinstance(told, Works):
            self.trouble = None
        elif isinstance(told, Ran):
            self.runs += 1
            self.conflicts.update(conflict.name for conflict in told.conflicts)
        self.is_gone = isinstance(told, Gone) or (self.is_gone and not isinstance(told, Works))

    @property
    def is_explained(self) -> bool:
        """Whether its trouble is one that people make: another command at work, or a folder that was emptied."""
        return isinstance(self.trouble, Halt | LockHeld | None)


class Moments:
    """A clock in whose waits others act. Ends the watch when a calm time has passed since somebody last did anything.

    `acted` is how often somebody did, also while the watch was at work.
    """

    def __init__(
        self,
        now_ns: Callable[[], int],
        pass_time: Callable[[int], None],
        act: Callable[[int], object],
        acted: Callable[[], int],
    ) -> None:
        self._now_ns, self._pass, self._act, self._acted = now_ns, pass_time, act, acted
        self._waits, self._seen = 0, acted()
        self._acted_ns = now_ns()

    def now(self) -> float:
        return self._now_ns() / 1e9

    def wall(self) -> float:
        return self.now()

    def wait(self, seconds: float) -> bool:
        self._pass(int(seconds * 1e9))
        self._waits += 1
        self._act(self._waits)
        if self._acted() != self._seen:
            self._seen, self._acted_ns = self._acted(), self._now_ns()
        if self._now_ns() - self._acted_ns >= CALM_S * 1e9 or self._waits == MOST_WAITS:
            raise Enough
        return False

    def wake(self) -> None:
        raise AssertionError("nobody else runs")


class Silence:
    """A folder from which no events come."""

    come, missing = False, True

    def __init__(self, staging: Path, wake: Callable[[], None]) -> None: ...
    def start(self) -> None: ...
    def probe(self) -> None: ...
    def stop(self) -> None: ...


def watch(open_session: Callable[[], Session], clock: Moments, *, down: bool) -> Watched:
    """Watch until the clock ends it."""
    watched = Watched()
    watcher = Watcher(open_session, watched.tell, down=down, clock=clock, events=Silence)  # type: ignore[arg-type]
    with suppress(Enough):
        watcher.run()
    return watched
