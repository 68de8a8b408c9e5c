"""What a world knows of itself beside what lies on its disks."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct, field

from tests.promises.simulator.actions import Place
from tests.promises.simulator.invariants import Attempt, Referee

START_NS = 1_762_160_400_000_000_000


class Memory(Struct):
    """What a world knows and a child that dies hands back to its parent.

    `referees` are one for each place in a store where anybody has been, `at` each user's place and clone. `writing` are
    the files that programs hold open: the digest of what is written of each, what is not, and that of the whole.
    `broken` are users whose last run died or failed, so that their next one may finish it.
    """

    referees: dict[Place, Referee]
    at: dict[str, Place]
    clones: dict[str, str]
    now_ns: int = START_NS
    writing: dict[tuple[str, str], tuple[str, bytes, str]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    running: list[Attempt] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
