"""s3sync copy"""

from __future__ import annotations

from s3sync.cli.call import Call
from s3sync.cli.declare import MOVES, PLACES, command
from s3sync.cli.pair_options import Picks, PlaceA, PlaceB


@command(PLACES, "s3sync copy s3://bucket/footage ./footage", 0, 1, 2, 3, 5, 6, 130, takes=MOVES - {"store"})
def copy(
    call: Call,
    a: PlaceA,
    b: PlaceB,
    picks: Picks,
) -> int:
    """Copy from A to B what B lacks or holds otherwise. Nothing is deleted; what is replaced goes to B's trash."""
    from s3sync.cli.pairs import run_pair, two_places

    return run_pair(call, two_places(call, a, b, picks), lambda places: places.copy(dry_run=call.dry_run))
