"""s3sync organize"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import MOVES, PLACES, command
from s3sync.cli.options import Yes
from s3sync.cli.pair_options import Picks

if TYPE_CHECKING:
    from s3sync.organize.api import Organizer
    from s3sync.organize.report import OrganizeReport, TakenBack

EXAMPLE = (
    "s3sync organize s3://bucket/inbox s3://bucket/music --layout '{artist}/{album}/{track:02} {title}.{ext}' --dry-run"
    "\ns3sync organize --undo"
)


@command(PLACES, EXAMPLE, 0, 1, 2, 3, 5, 6, 130, takes=MOVES - {"store"})
def organize(
    call: Call,
    picks: Picks,
    source: Annotated[
        str | None, typer.Argument(metavar="[SOURCE]", help="A store's address, or a folder.", show_default=False)
    ] = None,
    target: Annotated[
        str | None, typer.Argument(metavar="[TARGET]", help="Where the names are made.", show_default=False)
    ] = None,
    layout: Annotated[
        str | None, typer.Option("--layout", metavar="LAYOUT", help="The name of each file, with {fields}.")
    ] = None,
    move: Annotated[bool, typer.Option("--move", help="Each file leaves SOURCE once TARGET holds it.")] = False,
    cloud_only: Annotated[
        bool, typer.Option("--cloud-only", help="Refuse a folder of this computer as either place.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take back the last run, or the one named by --run.")] = False,
    run: Annotated[str | None, typer.Option("--run", metavar="RUN", help="The run to take back.")] = None,
    yes: Yes = False,
) -> int:
    """Name files by what they say about themselves (tags of music, time of capture, FITS), without downloading them."""
    from s3sync.errors import UsageError

    if undo:
        if source or target or layout or move:
            raise UsageError("--undo takes no places and no layout", hint="`s3sync organize --undo [--run RUN]`")
        return _undo(call, run, yes)
    if source is None or target is None or layout is None:
        raise UsageError(
            "organize needs two places and a layout",
            hint="s3sync organize s3://bucket/inbox s3://bucket/music --layout '{artist}/{album}/{title}.{ext}'",
        )
    organizer = _organizer(call, picks.profile_b)
    return _organize(call, organizer, (source, target, layout), picks, moves=move, cloud_only=cloud_only, yes=yes)


def _organizer(call: Call, profile_b: str | None = None) -> Organizer:
    from s3sync.organize.api import Organizer

    return Organizer(flags=call.flags, lock_wait_s=call.wait, profile_b=profile_b)


def _organize(
    call: Call,
    organizer: Organizer,
    named: tuple[str, str, str],
    picks: Picks,
    *,
    moves: bool,
    cloud_only: bool,
    yes: bool,
) -> int:
    from msgspec.structs import replace

    from s3sync.cli.output import print_json
    from s3sync.cli.pairs import filters_of
    from s3sync.cli.progress import watching
    from s3sync.cli.show.organize import organize_json, print_organized

    with watching(call) as progress:
        confirm = progress.before(_ask) if moves and not yes else lambda report: True
        report = replace(organizer, progress=progress).organize(
            *named, moves=moves, cloud_only=cloud_only, filters=filters_of(picks), dry_run=call.dry_run, confirm=confirm
        )
    if call.json:
        print_json(organize_json(report))
    else:
        print_organized(report, quiet=call.quiet, verbose=call.verbose)
    return report.exit_code


def _undo(call: Call, run: str | None, yes: bool) -> int:
    from msgspec.structs import replace

    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.organize import print_undone, undone_json

    with watching(call) as progress:
        confirm = (lambda taken: True) if yes else progress.before(_ask_back)
        report = replace(_organizer(call), progress=progress).undo(run, dry_run=call.dry_run, confirm=confirm)
    if call.json:
        print_json(undone_json(report))
    else:
        print_undone(report, quiet=call.quiet, verbose=call.verbose)
    return report.exit_code


def _ask(report: OrganizeReport) -> bool:
    from s3sync.cli.output import answered_yes, warn
    from s3sync.cli.show.organize import plan_lines

    for line in plan_lines(report):
        warn(line)
    return answered_yes("Move them so? `s3sync organize --undo` takes it back.")


def _ask_back(taken: TakenBack) -> bool:
    from s3sync.cli.output import answered_yes, printable
    from s3sync.core.quantities import files_text

    return answered_yes(
        f"Take {files_text(taken.files)} back from {printable(taken.target)} to {printable(taken.source)}?"
    )
