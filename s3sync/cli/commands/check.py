"""s3sync check"""

from __future__ import annotations

from s3sync.cli.call import Call
from s3sync.cli.declare import OPENS, PLACES, command
from s3sync.cli.pair_options import Picks, PlaceA, PlaceB


@command(
    PLACES,
    "s3sync check ./footage s3://bucket/footage\ns3sync check ./footage s3://bucket/footage --json",
    *(0, 1, 2, 5, 130),
    takes=(OPENS | {"transfers", "bwlimit"}) - {"store"},
)
def check(
    call: Call,
    a: PlaceA,
    b: PlaceB,
    picks: Picks,
) -> int:
    """Compare what two places hold, by content. Changes nothing; exit code 1 where they differ."""
    from msgspec.structs import replace

    from s3sync.cli.output import print_json
    from s3sync.cli.pairs import two_places
    from s3sync.cli.progress import watching
    from s3sync.cli.show.pairs import check_json, print_check

    places = two_places(call, a, b, picks)
    with watching(call) as progress:
        report = replace(places, progress=progress).check()
    if call.json:
        print_json(check_json(report))
    else:
        print_check(report, verbose=call.verbose, quiet=call.quiet)
    return report.exit_code
