"""s3sync queue"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import EXCHANGE, MOVES, OPENS, WRITES, Group
from s3sync.cli.options import ProjectName
from s3sync.disk.current import current_folder

if TYPE_CHECKING:
    from s3sync.sync.queueing import QueueReport

queue = Group(EXCHANGE, "Files that go up when the line is back: `s3sync up --queue` puts them there.")


@queue.word("list", "s3sync queue list", 0, 1, 2, 5, 130, takes=OPENS)
def list_waiting(call: Call, project: ProjectName = None) -> int:
    """Say what waits to go up. Asks nothing of the network."""
    from s3sync.api import Project

    return _show(call, "list", Project.open(project, flags=call.flags).queued())


@queue.word("run", "s3sync queue run\ns3sync queue run --all", 0, 1, 2, 3, 4, 5, 6, 8, 130, takes=MOVES)
def run(
    call: Call,
    project: ProjectName = None,
    all_projects: Annotated[bool, typer.Option("--all", help="Every project of the repository with a queue.")] = False,
) -> int:
    """Send what waits, as `s3sync up` would now. What could not be sent waits on."""
    from s3sync.api import Project
    from s3sync.cli.progress import watching

    if all_projects:
        return _run_all(call)
    with watching(call) as progress:
        opened = Project.open(project, flags=call.flags, progress=progress, lock_wait_s=call.wait)
        report = opened.run_queue(dry_run=call.dry_run)
    return _show(call, "run", report, begun=progress.begun)


@queue.word("clear", "s3sync queue clear draft.mp4", 0, 1, 2, 5, 6, 130, takes=WRITES)
def clear(
    call: Call,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="As `queue list` has it.", show_default=False)
    ] = None,
    project: ProjectName = None,
) -> int:
    """Have these files, or all, wait no more. No file is touched."""
    from s3sync.api import Project

    opened = Project.open(project, flags=call.flags, lock_wait_s=call.wait)
    return _show(call, "clear", opened.clear_queue(*(names or ()), dry_run=call.dry_run))


def _run_all(call: Call) -> int:
    """One project after the other. An error of one is told, and keeps no other from being sent."""
    from s3sync.cli.output import print_json, warn
    from s3sync.cli.queueing import projects_with_queues
    from s3sync.cli.show.queue import print_queue, queue_json
    from s3sync.config import load_settings
    from s3sync.errors import S3syncError

    settings = load_settings(current_folder(), flags=call.flags, environ=os.environ)
    code, told = 0, []
    for opened in projects_with_queues(settings, call):
        try:
            report = opened.run_queue(dry_run=call.dry_run)
        except S3syncError as error:
            warn(f"{opened.name}: {error}; it waits on")
            code = code or error.exit_code
            continue
        told.append(queue_json("queue run", report))
        code = code or report.exit_code
        if not call.json:
            print_queue("run", report, quiet=call.quiet, verbose=call.verbose)
    if call.json:
        print_json({"schema": 1, "command": "queue run --all", "projects": told, "exit_code": code})
    return code


def _show(call: Call, word: str, report: QueueReport, *, begun: bool = False) -> int:
    from s3sync.cli.output import print_json
    from s3sync.cli.show.queue import print_queue, queue_json

    if call.json:
        print_json(queue_json(f"queue {word}", report))
    else:
        print_queue(word, report, quiet=call.quiet, verbose=call.verbose, begun=begun)
    return report.exit_code
