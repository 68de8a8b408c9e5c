"""The word about thaws that restores wait for: `poll`, for cron."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.archive.group import SetName, archive, opened
from s3sync.cli.call import Call
from s3sync.cli.declare import OPENS
from s3sync.cli.notices import telling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from s3sync.archives.polling import PollReport
    from s3sync.config import Settings
    from s3sync.core.notices import Notice

PENDING = 8


@archive.word(
    "poll",
    "s3sync archive poll\ns3sync archive poll --finish --log-file ~/s3sync.log",
    0, 1, 2, 3, 5, 8, 130,
    takes=(OPENS | {"transfers", "bwlimit", "dry_run"}) - {"store"},
    verbose="Also say what was told before.",
)  # fmt: skip
def poll(
    call: Call,
    set: SetName = None,
    finish: Annotated[
        bool, typer.Option("--finish", help="Restore what is ready, as it was asked for. Thaws nothing once more.")
    ] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 8 while a thaw is under way.")] = False,
) -> int:
    """Ask how the thaws stand that restores wait for, and tell once what is ready, and what is cold again: for cron.

    Whoever said `restore --notify` gets a notice. Where no restore waits, no store is asked. One that cannot be asked
    hides no other.
    """
    from s3sync.cli.output import print_json
    from s3sync.cli.progress import watching
    from s3sync.cli.show.archive_poll import poll_json, print_poll
    from s3sync.cli.show.restore import print_restored

    with watching(call) as lines:
        archives = opened(call, lines)
        told = print_restored(lines, quiet=call.quiet or call.json, verbose=call.verbose, dry_run=call.dry_run)
        report = archives.poll(set=set, finish=finish, dry_run=call.dry_run, told=told)
    code = report.exit_code
    if exit_code and not code and any(one.state == "thawing" for one in report.thaws):
        code = PENDING
    with telling(call, archives.settings, lambda: _notices(report, archives.settings)):
        if not call.dry_run:  # the notices are kept by now, also if this is killed
            archives.note_told(report)
        if call.json:
            print_json(poll_json(report, code, dry_run=call.dry_run))
        else:
            print_poll(report, call)
    return code


def _notices(report: PollReport, settings: Settings) -> Iterator[Notice]:
    from s3sync.cli.show.notices import of_poll, of_restore

    yield from of_poll(report, settings)
    if report.restored is not None:
        yield from of_restore(report.restored, settings, resume=True)
