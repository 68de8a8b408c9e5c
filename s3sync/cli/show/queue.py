"""Output of `queue`, and of `up --queue`."""

from __future__ import annotations

from s3sync.cli.output import SCHEMA, ago_text, printable, say, symbols, warn
from s3sync.cli.show.run import print_run, run_json
from s3sync.cli.show.words import Json, place_json
from s3sync.core.typed import typed
from s3sync.core.wishes import EVERYTHING, Wish
from s3sync.sync.queueing import QueueReport

_ALL = "everything that is new or changed"


def queue_json(command: str, report: QueueReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": command,
        **place_json(report.place),
        "dry_run": report.dry_run,
        "waiting": [_wish_json(wish, report) for wish in report.waiting],
        "cleared": [_wish_json(wish, report) for wish in report.cleared],
        "run": None if report.run is None else run_json(report.run),
        "exit_code": report.exit_code,
    }


def _wish_json(wish: Wish, report: QueueReport) -> Json:
    return {"name": wish.word or None, "queued_at": wish.at, "gone": wish in report.gone}


def print_queued(report: QueueReport, *, quiet: bool) -> None:
    """Lines of `up --queue`."""
    if quiet:
        return
    for wish in report.waiting:
        say(f"  {symbols().up} {_name(wish)} - waits since {ago_text(wish.at)}")
    say("It goes up when the line is back: by `s3sync queue run`, by a running `s3sync watch`, or by git's hooks.")


def print_queue(word: str, report: QueueReport, *, quiet: bool, verbose: bool, begun: bool = False) -> None:
    if report.run is not None and (report.run.uploaded or report.run.conflicts or report.run.failed or not report.gone):
        print_run(report.run, verbose=verbose, quiet=quiet, begun=begun)
    if not quiet:
        for wish in report.cleared:
            say(f"  {symbols().gone} {_name(wish)} - {'would wait' if report.dry_run else 'waits'} no more")
        for wish in report.waiting:
            if wish not in report.gone:
                say(f"  {symbols().up} {_name(wish)} - waits since {ago_text(wish.at)}")
        if not report.waiting:
            say("Nothing waits in the queue.")
    for wish in report.gone if word != "clear" else ():
        clear = printable(f"s3sync queue clear {typed(wish.word)}")
        why = "is ignored now, or nothing is in it" if wish in report.ignored else "is not here any more"
        warn(f"{printable(wish.word)} {why}, so it cannot be sent; `{clear}` takes it off the queue")


def _name(wish: Wish) -> str:
    return _ALL if wish.word == EVERYTHING else printable(wish.word)
