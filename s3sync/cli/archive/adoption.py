"""Word that takes in what other tools left: `adopt`."""

from __future__ import annotations

from typing import Annotated

import typer

from s3sync.cli.archive.group import SetName, archive, opened
from s3sync.cli.call import Call
from s3sync.cli.declare import MOVES


@archive.word(
    "adopt",
    "s3sync archive adopt --set projects --dry-run\ns3sync archive adopt --set projects",
    0, 1, 2, 3, 5, 6, 130,
    takes=MOVES - {"store"},
    verbose="Also name keys that do not fit the layout, and members that no restore brings back.",
)  # fmt: skip
def adopt(
    call: Call,
    set: SetName = None,
    read_up_to: Annotated[
        int,
        typer.Option(
            "--read-up-to",
            metavar="MB",
            min=0,
            help="Read compressed archives through up to this size: that is what tells their members.",
        ),
    ] = 1024,
) -> int:
    """Take archives that other tools made into the catalogue of this computer. Sends nothing, changes nothing there.

    Archives are the keys of the store that fit the set's layout. Of a tar only the headers are read. What is cold, too
    large or damaged is kept as "not indexed".
    """
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.archive_adopt import adopt_json, print_adopt_summary, print_adopted

    with watching(call) as lines:
        told = print_adopted(lines, quiet=call.quiet or call.json, verbose=call.verbose)
        most = read_up_to * 1024**2
        report = opened(call, lines).adopt(set=set, most_streamed=most, dry_run=call.dry_run, told=told)
    if call.json:
        print_json(adopt_json(report))
    else:
        print_adopt_summary(report, quiet=call.quiet, verbose=call.verbose)
    return report.exit_code
