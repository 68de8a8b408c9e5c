"""A run under way, as the referee follows it; and what is raised when a promise is broken."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct, field

from tests.promises.simulator.actions import Place, Run
from tests.promises.simulator.look import Look, name_is_taken

if TYPE_CHECKING:
    from tests.promises.simulator.way_back import Agreed


class Violation(AssertionError):
    """A promise was broken."""


class Attempt(Struct):
    """A run under way: what lay where when it began, and what others did meanwhile.

    `locked`: the same user has another run under way, or perhaps (`maybe_locked`) one that takes its lock only in the
    end. `meddled`: another tool was at the store meanwhile. `deleted`
    counts what this run itself took away, here and there. `knew` are the paths that its base may have known when it
    began, `agreed` what its question showed. `recovers`: it may finish what an earlier run of this user left.
    `kept_out_of` are the files that others had locked at any moment, `locks_ended`: somebody let go of locks, or time
    passed. `half_written` are contents of files of this user that a program is writing. `fetched`: it says that it
    downloaded something, be it what was here.
    """

    run: Run
    place: Place
    start: Look
    disturbed: bool = False
    locked: bool = False
    maybe_locked: bool = False
    meddled: bool = False
    remote_trash_emptied: bool = False
    deleted: int = 0
    knew: frozenset[str] = frozenset()
    agreed: Agreed | None = None
    recovers: bool = False
    locks_ended: bool = False
    kept_out_of: set[str] = field(default_factory=set)
    half_written: frozenset[str] = frozenset()
    fetched: bool = False
    remote_had: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def robbed_of(self, content: str, now: Look) -> bool:
        """Whether another tool took a second object with this content after the run saw it.

        No store deletes one object on the condition that another is there. The user's disk still holds the content.
        """
        had = sum(content in held for held in self.remote_had.values())
        return self.meddled and had > 1 and content in now.work[self.run.user].values()

    def had_in_the_way(self, key: str) -> bool:
        """Whether the remote had, at some moment of the run, a file that this one cannot stand beside."""
        return name_is_taken(key, (other for other, held in self.remote_had.items() if held))
