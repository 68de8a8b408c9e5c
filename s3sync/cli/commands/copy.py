"""s3sync copy"""

from __future__ import annotations

from s3sync.cli.call import Call
from s3sync.cli.declare import MOVES, PLACES, command
from s3sync.cli.pair_options import (
    Exclude,
    FromFile,
    Include,
    MaxSize,
    MinSize,
    Newer,
    Older,
    Picks,
    PlaceA,
    PlaceB,
    ProfileB,
)


@command(PLACES, "s3sync copy s3://bucket/footage ./footage", 0, 1, 2, 3, 5, 6, 130, takes=MOVES - {"store"})
def copy(
    call: Call,
    a: PlaceA,
    b: PlaceB,
    include: Include = None,
    exclude: Exclude = None,
    from_file: FromFile = None,
    min_size: MinSize = None,
    max_size: MaxSize = None,
    newer: Newer = None,
    older: Older = None,
    profile_b: ProfileB = None,
) -> int:
    """Copy from A to B what B lacks or holds otherwise. Nothing is deleted; what is replaced goes to B's trash."""
    from s3sync.cli.pairs import run_pair, two_places

    picks = Picks(include or (), exclude or (), from_file, min_size, max_size, newer, older)
    return run_pair(call, two_places(call, a, b, picks, profile_b), lambda places: places.copy(dry_run=call.dry_run))
