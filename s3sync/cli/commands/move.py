"""s3sync move"""

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


@command(PLACES, "s3sync move ./card s3://bucket/footage", 0, 1, 2, 3, 5, 6, 130, takes=MOVES - {"store"})
def move(
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
    """Copy from A to B, and delete each file of A that B then holds, verified. What is replaced goes to B's trash."""
    from s3sync.cli.pairs import run_pair, two_places

    picks = Picks(include or (), exclude or (), from_file, min_size, max_size, newer, older)
    return run_pair(call, two_places(call, a, b, picks, profile_b), lambda places: places.move(dry_run=call.dry_run))
