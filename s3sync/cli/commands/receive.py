"""s3sync receive"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import OPENS, TEAM, command
from s3sync.cli.options import OneName, ProjectName, Yes
from s3sync.errors import UsageError

if TYPE_CHECKING:
    from s3sync.team.receiving import ReceiveReport


@command(
    TEAM,
    "s3sync receive --expires 4d\ns3sync receive --list",
    0, 1, 2, 5, 6, 130,
    takes=OPENS | {"dry_run"},
    verbose="Accepted; nothing more is shown.",
)  # fmt: skip
def receive(
    call: Call,
    name: OneName = None,
    project: ProjectName = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="TIME", help="How long it works: 4h, 2d; up to 7d.  [default: 2d]"),
    ] = None,
    listing: Annotated[
        bool, typer.Option("--list", help="List the open pages, and what was sent and nobody has taken in.")
    ] = False,
    end: Annotated[
        str | None, typer.Option("--end", metavar="ID", help="End a page: what is sent from then on is left out.")
    ] = None,
    discard: Annotated[
        bool, typer.Option("--discard", help="With --end: also delete for good what was sent and nobody has taken in.")
    ] = False,
    qr: Annotated[bool, typer.Option("--qr", help="Also show the link as a QR code.")] = False,
    yes: Yes = False,
) -> int:
    """Make a page by which a client sends you files without an account. `down` takes them in and replaces nothing."""
    from s3sync.api import Project
    from s3sync.cli.output import print_json
    from s3sync.cli.show.receive import print_receive, receive_json
    from s3sync.cli.show.share import require_segno

    _check(call, expires, listing, end, qr)
    if discard and end is None:
        raise UsageError("--discard goes with --end", why="it says which page is meant", hint="add --end ID")
    if qr:
        require_segno()
    opened = Project.open(project or name, flags=call.flags)
    if listing:
        report = opened.inboxes()
    elif end is not None:
        report = opened.end_inbox(
            end, discard=discard, confirm=(lambda report: True) if yes else _ask, dry_run=call.dry_run
        )
    else:
        report = opened.receive(lasts=_lasts(expires), dry_run=call.dry_run)
    if call.json:
        print_json(receive_json(report))
    else:
        print_receive(report, quiet=call.quiet, qr=qr)
    return report.exit_code


def _check(call: Call, expires: str | None, listing: bool, end: str | None, qr: bool) -> None:
    """Raises `UsageError` for options that do not go together."""
    given = {"--list": listing, "--end": end is not None, "--expires": expires is not None, "--qr": qr}
    chosen = [option for option, is_given in given.items() if is_given]
    if len(chosen) > 1 and (listing or end is not None):
        raise UsageError(f"{' and '.join(chosen)} exclude each other", hint="use one of them")
    if qr and call.json:
        raise UsageError("--qr does not go with --json", hint="make the code of the `url` in the document")


def _ask(report: ReceiveReport) -> bool:
    """Show what would be deleted, and ask."""
    from s3sync.cli.output import answered_yes, warn
    from s3sync.cli.show.receive import inbox_lines

    for one in report.inboxes:
        for line in inbox_lines(one, report):
            warn(line)
    return answered_yes("Delete for good what lies there? Nobody else has it.")


def _lasts(text: str | None) -> timedelta:
    from s3sync.cli.commands.share import seconds_of

    return timedelta(seconds=seconds_of(text or "2d"))
