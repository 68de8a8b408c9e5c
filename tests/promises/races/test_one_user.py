"""Two processes of one person in one folder that start at once: one works, the other comes after it or names it.

What happens while one of them holds the lock for long is in `tests/promises/faults`, and the lock by itself in
`tests/unit/state`.
"""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from tests.kit.people import PROJECT, REPO, Person
from tests.promises.races.racer import Racer

ROUNDS = 60


def test_of_two_that_start_at_once_each_is_done_or_names_the_other(tmp_path: Path) -> None:
    """Many times, so that the second also comes while the first is just taking the lock, or just leaving it."""
    jan = Person("jan", tmp_path / "jan")
    jan.ok("init", PROJECT, "--store", f"file://{tmp_path / 'store'}", "--repo", REPO)
    codes: set[tuple[int, ...]] = set()
    with ExitStack() as stack:
        racers = [stack.enter_context(Racer(jan)) for _ in range(2)]
        for number in range(ROUNDS):
            jan.write("draft.mp4", f"cut number {number}")
            for racer in racers:
                racer.prepare("up")
            with ThreadPoolExecutor(2) as threads:
                for racer in racers:
                    racer.go()
                results = list(threads.map(Racer.finish, racers))
            codes.add(tuple(sorted(result.code for result in results)))
            for result, other in zip(results, reversed(racers), strict=True):
                who = f"  why: process {other.pid} on {socket.gethostname()}, since "
                assert result.code == 0 or (result.code == 6 and who in result.err), result
    assert codes <= {(0, 0), (0, 6)} and (0, 6) in codes
    assert jan.states() == {"draft.mp4": "in_sync"}
