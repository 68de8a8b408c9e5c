"""s3sync undo"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import BACK, command
from s3sync.cli.options import OneName, ProjectName, Yes

if TYPE_CHECKING:
    from s3sync.sync.undo import UndoReport


@command(BACK, "s3sync undo --dry-run\ns3sync undo", 0, 1, 2, 3, 5, 6, 130)
def undo(
    call: Call,
    name: OneName = None,
    project: ProjectName = None,
    earlier: Annotated[
        bool, typer.Option("--earlier", help="Also where a run since then was stopped before it changed anything.")
    ] = False,
    yes: Yes = False,
) -> int:
    """Take back this computer's last up, down, sync or resolve, but for what somebody changed since, which is named."""
    from s3sync.api import Project
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.undo import print_undo, undo_json

    with watching(call) as progress:
        opened = Project.open(project or name, flags=call.flags, progress=progress, lock_wait_s=call.wait)
        confirm = (lambda found: True) if yes else progress.before(_ask)
        report = opened.undo(earlier=earlier, dry_run=call.dry_run, confirm=confirm)
    if call.json:
        print_json(undo_json(report))
    else:
        print_undo(report, quiet=call.quiet, verbose=call.verbose)
    return report.exit_code


def _ask(report: UndoReport) -> bool:
    from s3sync.cli.output import answered_yes, warn
    from s3sync.cli.show.undo import undo_question

    *lines, question = undo_question(report)
    for line in lines:
        warn(line)
    return answered_yes(question)
