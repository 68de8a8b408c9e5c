"""s3sync check"""

from __future__ import annotations

from s3sync.cli.call import Call
from s3sync.cli.declare import OPENS, PLACES, command
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


@command(
    PLACES,
    "s3sync check ./footage s3://bucket/footage\ns3sync check ./footage s3://bucket/footage --json",
    *(0, 1, 2, 5, 130),
    takes=OPENS - {"store"},
)
def check(
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
    """Compare what two places hold, by content. Changes nothing; exit code 1 where they differ."""
    from msgspec.structs import replace

    from s3sync.cli.output import print_json
    from s3sync.cli.pairs import two_places
    from s3sync.cli.progress import watching
    from s3sync.cli.show.pairs import check_json, print_check

    picks = Picks(include or (), exclude or (), from_file, min_size, max_size, newer, older)
    places = two_places(call, a, b, picks, profile_b)
    with watching(call) as progress:
        report = replace(places, progress=progress).check()
    if call.json:
        print_json(check_json(report))
    else:
        print_check(report, verbose=call.verbose, quiet=call.quiet)
    return report.exit_code
