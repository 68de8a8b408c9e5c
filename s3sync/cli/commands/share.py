"""s3sync share"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.commands.lock import Files
from s3sync.cli.declare import OPENS, TEAM, command
from s3sync.cli.options import ProjectName
from s3sync.errors import UsageError


@command(TEAM, "s3sync share draft.mp4\ns3sync share draft.mp4 --expires 2d --qr", 0, 1, 2, 3, 5, 130, takes=OPENS)
def share(
    call: Call,
    names: Files,
    project: ProjectName = None,
    expires: Annotated[
        str, typer.Option("--expires", metavar="TIME", help="How long it works: 30m, 4h, 2d; up to 7d.")
    ] = "7d",
    download: Annotated[bool, typer.Option("--download", help="Have browsers save the file instead of showing it.")] = (
        False
    ),
    qr: Annotated[bool, typer.Option("--qr", help="Also show each link as a QR code.")] = False,
) -> int:
    """Make links by which anybody can fetch files, until they end. Nothing in the store is changed."""
    from s3sync.api import Project
    from s3sync.cli.output import print_json
    from s3sync.cli.show.share import print_share, require_segno, share_json

    lasts = timedelta(seconds=seconds_of(expires))
    if qr and call.json:
        raise UsageError("--qr does not go with --json", hint="make the code of the `url` in the document")
    if qr:
        require_segno()
    report = Project.open(project, flags=call.flags).share(*names, lasts=lasts, download=download)
    if call.json:
        print_json(share_json(report))
    else:
        print_share(report, quiet=call.quiet, qr=qr)
    return report.exit_code


def seconds_of(text: str) -> int:
    """Seconds that `--expires` says. Raises `UsageError`."""
    from s3sync.core.durations import USAGE, parse_duration

    seconds = parse_duration(text)
    if seconds is None:
        raise UsageError(f"--expires cannot be {text!r}", why="it is no time", hint=USAGE)
    return seconds
