"""s3sync move"""

from __future__ import annotations

from s3sync.cli.call import Call
from s3sync.cli.declare import MOVES, PLACES, command
from s3sync.cli.pair_options import Picks, PlaceA, PlaceB


@command(PLACES, "s3sync move ./card s3://bucket/footage", 0, 1, 2, 3, 5, 6, 130, takes=MOVES - {"store"})
def move(
    call: Call,
    a: PlaceA,
    b: PlaceB,
    picks: Picks,
) -> int:
    """Copy from A to B, and delete each file of A that B then holds, verified. What is replaced goes to B's trash."""
    from s3sync.cli.pairs import run_pair, two_places

    return run_pair(call, two_places(call, a, b, picks), lambda places: places.move(dry_run=call.dry_run))
