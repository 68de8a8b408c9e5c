"""s3sync transfers"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import CHECK, command
from s3sync.cli.options import OneName, ProjectName, Yes

if TYPE_CHECKING:
    from s3sync.sync.report import TransferStatus


@command(
    CHECK,
    "s3sync transfers\ns3sync transfers --abort draft.mp4",
    0, 1, 2, 5, 6, 130,
    verbose="Also show each upload's id in the store.",
)  # fmt: skip
def transfers(
    call: Call,
    name: OneName = None,
    project: ProjectName = None,
    abort: Annotated[
        list[str] | None, typer.Option("--abort", metavar="FILE", help="End the unfinished transfer of this file.")
    ] = None,
    abort_all: Annotated[bool, typer.Option("--abort-all", help="End every one, other computers' too.")] = False,
    yes: Yes = False,
) -> int:
    """List unfinished transfers, and uploads in the store that nobody here knows of; end some of them."""
    from s3sync.api import Project
    from s3sync.cli.output import print_json
    from s3sync.cli.show.transfers import print_transfers, transfers_json

    opened = Project.open(project or name, flags=call.flags, lock_wait_s=call.wait)
    if abort or abort_all:
        confirm = (lambda found: True) if yes else _ask
        report = opened.abort_transfers(*(abort or []), everything=abort_all, confirm=confirm, dry_run=call.dry_run)
    else:
        report = opened.transfers()
    if call.json:
        print_json(transfers_json(report))
    elif not call.quiet:
        print_transfers(report, verbose=call.verbose)
    return 0


def _ask(found: list[TransferStatus]) -> bool:
    """The question before transfers are ended, on stderr. Where nobody can answer, the answer is no."""
    from s3sync.cli.output import answered_yes, warn
    from s3sync.cli.show.transfers import transfer_line

    for transfer in found:
        warn(transfer_line(transfer))
    return answered_yes("End these, so that their bytes have to be sent again?")
