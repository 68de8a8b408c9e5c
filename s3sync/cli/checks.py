"""verify, transfers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.call import CHECK, OPENS, WRITES, Call, command
from s3sync.cli.options import OneName, ProjectName

if TYPE_CHECKING:
    from s3sync.sync.report import TransferStatus


def register(app: typer.Typer) -> None:
    command(app, verify, "s3sync verify\ns3sync verify --deep --json", 0, 1, 2, 3, 5, 130, takes=OPENS, group=CHECK)
    command(
        app,
        transfers,
        "s3sync transfers\ns3sync transfers --abort draft.mp4",
        0,
        1,
        2,
        5,
        6,
        130,
        takes=WRITES,
        group=CHECK,
        verbose="Also show each upload's id in the store.",
    )


def verify(
    call: Call,
    name: OneName = None,
    project: ProjectName = None,
    deep: Annotated[bool, typer.Option("--deep", help="Read every object and every local file.")] = False,
) -> int:
    """Compare every object with metadata.json and the local files. Changes nothing."""
    from s3sync.api import Project
    from s3sync.cli.as_json import verify_json
    from s3sync.cli.as_status import print_verify
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.sync.report import EXIT_SOME_FAILED

    with watching(call) as progress:
        report = Project.open(project or name, flags=call.flags, progress=progress).verify(deep=deep)
    if call.json:
        print_json(verify_json(report))
    else:
        print_verify(report, verbose=call.verbose, quiet=call.quiet)
    return EXIT_SOME_FAILED if report.failed else 0


def transfers(
    call: Call,
    name: OneName = None,
    project: ProjectName = None,
    abort: Annotated[
        list[str] | None, typer.Option("--abort", metavar="FILE", help="End the unfinished transfer of this file.")
    ] = None,
    abort_all: Annotated[bool, typer.Option("--abort-all", help="End every one, other computers' too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Answer the question with yes.")] = False,
) -> int:
    """List unfinished transfers, and uploads in the store that nobody here knows of; end some of them."""
    from s3sync.api import Project
    from s3sync.cli.as_json import transfers_json
    from s3sync.cli.as_text import print_transfers
    from s3sync.cli.output import print_json

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
    from s3sync.cli.as_text import transfer_line
    from s3sync.cli.output import answered_yes, warn

    for transfer in found:
        warn(transfer_line(transfer))
    return answered_yes("End these, so that their bytes have to be sent again?")
