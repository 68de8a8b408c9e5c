"""Word that takes in what other tools left: `adopt`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from s3sync.cli.archive.group import SetName, archive, opened
from s3sync.cli.call import Call
from s3sync.cli.declare import MOVES
from s3sync.cli.options import Yes

if TYPE_CHECKING:
    from s3sync.archives.adopting import Unmarked

ReadUpTo: TypeAlias = Annotated[
    int,
    typer.Option(
        "--read-up-to",
        metavar="MB",
        min=0,
        help="Read compressed archives through up to this size: that is what tells their members.",
    ),
]
ReadAgain: TypeAlias = Annotated[
    bool, typer.Option("--read-again", help="Read also what another computer read, and wrote an index for.")
]
WriteIndex: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--write-index", help="Write what was found beside each archive, so that others need not read it again."
    ),
]


@archive.word(
    "adopt",
    "s3sync archive adopt --set projects --dry-run\ns3sync archive adopt --set sessions --from catalog.db",
    0, 1, 2, 3, 5, 6, 130,
    takes=MOVES - {"store"},
    verbose="Also name keys that do not fit the layout, and members that no restore brings back.",
)  # fmt: skip
def adopt(
    call: Call,
    set: SetName = None,
    record: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Take in what an older tool's database (SQLite) records, as far as the store has it.",
            show_default=False,
        ),
    ] = None,
    read_up_to: ReadUpTo = 1024,
    read_again: ReadAgain = False,
    write_index: WriteIndex = False,
    yes: Yes = False,
) -> int:
    """Take archives that other tools made into the catalogue of this computer. Moves none, and sends none.

    Archives are the keys of the store that fit the set's layout. Of a tar only the headers are read. What is cold, too
    large or damaged is kept as "not indexed". A plain tree, as on an SSD, is taken in as it lies: its folder gets the
    marker of a folder store, after a question.
    """
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.archive_adopt import adopt_json, print_adopt_summary, print_adopted

    with watching(call) as lines:
        told = print_adopted(lines, quiet=call.quiet or call.json, verbose=call.verbose)
        report = opened(call, lines).adopt(
            set=set,
            record=record,
            most_streamed=read_up_to * 1024**2,
            read_again=read_again,
            write_index=write_index,
            dry_run=call.dry_run,
            told=told,
            confirm=(lambda folder: True) if yes else _ask,
        )
    if call.json:
        print_json(adopt_json(report))
    else:
        print_adopt_summary(report, quiet=call.quiet, verbose=call.verbose)
    return report.exit_code


def _ask(found: Unmarked) -> bool:
    from s3sync.cli.output import answered_yes, printable, warn
    from s3sync.core.quantities import counted

    some = ", ".join(printable(name) for name in found.names[:5])
    more = ", ..." if len(found.names) > 5 else ""
    held = f"It holds {counted(len(found.names), 'item')}: {some}{more}"
    warn(f"{printable(str(found.folder))} is no folder store yet. {held}")
    warn("It would get the folder .s3sync-store, by which this disk is known again. Nothing else in it is changed.")
    return answered_yes("Make it one?")
