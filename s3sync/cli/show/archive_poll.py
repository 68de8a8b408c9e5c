"""Output of `archive poll`: what became ready, what is cold again, what is waited for."""

from __future__ import annotations

from collections.abc import Iterator

from s3sync.archives.polling import GONE, READY, THAWING, Polled, PollReport
from s3sync.cli.call import Call
from s3sync.cli.output import SCHEMA, printable, say, symbols, warn
from s3sync.cli.show.restore import print_rest, restore_json
from s3sync.cli.show.words import Json
from s3sync.core.quantities import counted
from s3sync.core.typed import typed


def poll_json(report: PollReport, exit_code: int, *, dry_run: bool) -> Json:
    restored = None if report.restored is None else restore_json(report.restored, dry_run=dry_run)
    return {
        "schema": SCHEMA,
        "command": "archive",
        "action": "poll",
        "dry_run": dry_run,
        "thaws": [
            {
                "store": one.store,
                "set": one.set,
                "unit": one.unit,
                "key": one.key,
                "state": one.state,
                "until": one.until,
                "tier": one.tier or None,
                "requested_at": one.requested_at or None,
                "notify": one.notify,
                "new": one.is_new,
            }
            for one in report.thaws
        ],
        "restored": restored,
        "left": report.left,
        "failed": [{"name": one.path, "error": one.error, "hint": one.hint} for one in report.failed],
        "exit_code": exit_code,
    }


def print_poll(report: PollReport, call: Call) -> None:
    """Print what is new in a line each, and what is under way in one line for all."""
    back = {one.unit for one in report.restored.units} if report.restored is not None else set[str]()
    if not call.quiet:
        for one in report.thaws:
            if one.unit not in back and (call.verbose or one.is_new):
                for line in lines_of(one):
                    say(line)
        thawing = sum(one.state == THAWING for one in report.thaws)
        if thawing:
            say(f"{counted(thawing, 'restore')} {'waits' if thawing == 1 else 'wait'} for a thaw that is under way")
        ready = sum(one.state == READY and not one.is_new and one.unit not in back for one in report.thaws)
        if ready and not call.verbose:
            say(f"{counted(ready, 'restore')} can go on: `s3sync restore --resume`")
        if not report.thaws and not report.failed:
            say("No restore waits for a thaw.")
        if report.left:
            say(f"{counted(report.left, 'restore')} more were not asked about: the next run does")
    if report.restored is not None and (report.restored.failed or report.restored.pending):
        print_rest(report.restored, quiet=call.quiet, resume=True)
    for problem in report.failed:
        warn(f"{symbols().failed} {printable(problem.path)}: {printable(problem.error)}")
        if problem.hint:
            warn(f"hint: {printable(problem.hint)}")


def lines_of(one: Polled) -> Iterator[str]:
    """State of one thaw, and what to type."""
    unit = printable(one.unit)
    until = f" until {one.until}" if one.until else ""
    if one.state == READY:
        yield f"  {symbols().done} {unit} can be read{until}: `s3sync restore --resume`"
    elif one.state == THAWING:
        yield f"  - {unit} is being thawed"
    elif one.state == GONE:
        yield f"  {symbols().failed} {unit} is not in the store any more: `s3sync archive catalogue check`"
    else:
        again = f"`s3sync restore {printable(typed(one.unit))}` asks once more"
        yield f"  {symbols().failed} {unit} is cold again, its thaw is over: {again}"
