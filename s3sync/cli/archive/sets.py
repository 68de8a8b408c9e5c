"""Words about archive sets: `analyze`."""

from __future__ import annotations

from typing import Annotated

import typer

from s3sync.cli.archive.group import OlderThan, SetName, Units, archive, opened, seconds_of
from s3sync.cli.call import Call
from s3sync.cli.declare import OPENS


@archive.word(
    "analyze",
    "s3sync archive analyze\ns3sync archive analyze --set sessions --rate 10M",
    0, 1, 2, 3, 130,
    takes=OPENS - {"store", "user"},
    verbose="Name every unit with its size and its key.",
)  # fmt: skip
def analyze(
    call: Call,
    units: Units = None,
    set: SetName = None,
    older_than: OlderThan = None,
    rate: Annotated[
        str | None, typer.Option("--rate", metavar="SPEED", help="Bytes a second of your line, for the time: 10M.")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", metavar="NAME", help="Take the prices of this AWS region.")
    ] = None,
) -> int:
    """Say what the sets would archive: units, files and sizes by year, time to send, price. Nothing is sent."""
    from s3sync.cli.output import print_json
    from s3sync.cli.show.archive_sets import analysis_json, print_analysis
    from s3sync.config.values import BadValue, amount, bytes_of
    from s3sync.errors import UsageError

    try:
        speed = bytes_of(amount(rate)) if rate is not None else None
    except BadValue:
        speed = 0
    if speed == 0:
        raise UsageError(f"{rate!r} is no speed for --rate", hint="write bytes a second, as 500K, 10M or 1G")
    report = opened(call).analyze(*(units or ()), set=set, older_than=seconds_of(older_than), rate=speed, region=region)
    if call.json:
        print_json(analysis_json(report))
    else:
        print_analysis(report, verbose=call.verbose, quiet=call.quiet)
    return report.exit_code
