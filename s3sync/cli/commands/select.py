"""s3sync select"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import EXCHANGE, WRITES, command
from s3sync.cli.options import ProjectName
from s3sync.errors import UsageError

if TYPE_CHECKING:
    from s3sync.sync.selecting import SelectReport

Patterns = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATTERN]...", help="Folders or files by name, or patterns as in .gitignore.", show_default=False
    ),
]


@command(EXCHANGE, "s3sync select\ns3sync select audio/ '*.prproj'", 0, 1, 2, 5, 6, 130, takes=WRITES)
def select(
    call: Call,
    patterns: Patterns = None,
    project: ProjectName = None,
    add: Annotated[bool, typer.Option("--add", help="Also these, beside what is selected already.")] = False,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Everything again.")] = False,
) -> int:
    """Show what is on the remote, and remember what of it is wanted here. Touches no file.

    `down` and `sync` then leave the rest alone, and nothing of it counts as deleted.
    """
    from s3sync.api import Project
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.select import print_select, select_json

    if everything and (patterns or add):
        raise UsageError("--all means everything", why="and patterns were named, too", hint="leave out one of them")
    with watching(call) as progress:
        opened = Project.open(project, flags=call.flags, progress=progress, lock_wait_s=call.wait)

        def choose(report: SelectReport) -> Sequence[str] | None:
            if everything:
                return []
            if patterns:
                if add and report.foreign:
                    return None  # added to what? the error says it
                return [*(report.patterns if add else ()), *patterns]
            if report.foreign:
                return None
            progress.rest()
            return _ask(report, call)

        report = opened.select(choose, dry_run=call.dry_run)
    if call.json:
        print_json(select_json(report))
    else:
        print_select(report, quiet=call.quiet)
    return 0


def _ask(report: SelectReport, call: Call) -> Sequence[str] | None:
    """Show the list, and ask a person what of it is wanted; None where nobody is asked, or nothing was typed."""
    if call.json or call.quiet or call.dry_run or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    import shlex

    from s3sync.cli.show.select import print_groups

    print_groups(report)
    typed = typer.prompt("Wanted here (names or patterns, blanks between; * for all, empty: as it is)", "", err=True)
    try:
        words = shlex.split(typed)
    except ValueError as error:
        raise UsageError("this cannot be read", why=str(error), hint="close the quotation marks") from error
    if not words:
        return None
    return [] if words == ["*"] else words
