"""Output of `queue`, and of `up --queue`."""

from __future__ import annotations

from s3sync.cli.output import SCHEMA, ago_text, printable, say, symbols, warn
from s3sync.cli.show.run import print_run, run_json
from s3sync.cli.show.words import Json, place_json
from s3sync.core.typed import typed
from s3sync.core.wishes import EVERYTHING, Wish
from s3sync.sync.queueing import QueueReport

MOST_SHOWN, MOST_CHARACTERS = 5, 1000
_ALL = "everything that is new or changed"


def queue_json(command: str, report: QueueReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": command,
        **place_json(report.place),
        "dry_run": report.dry_run,
        "waiting": [_wish_json(wish, report) for wish in report.waiting],
        "cleared": [_wish_json(wish, report) for wish in report.cleared],
        "foreign": report.foreign,
        "run": None if report.run is None else run_json(report.run),
        "exit_code": report.exit_code,
    }


def _wish_json(wish: Wish, report: QueueReport) -> Json:
    return {
        "name": wish.word or None,
        "queued_at": wish.at,
        "gone": wish in report.gone,
        "unusable": wish in report.unusable,
    }


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
            if wish not in report.gone and wish not in report.unusable:
                say(f"  {symbols().up} {_name(wish)} - waits since {ago_text(wish.at)}")
        if not report.waiting:
            say("Nothing waits in the queue.")
    _tell_foreign(word, report, quiet=quiet)
    if word == "clear":
        return
    for wish in report.unusable:
        _cannot_be_sent(wish, "cannot be used as a pattern")
    for wish in report.gone:
        why = "is ignored now, or nothing is in it" if wish in report.ignored else "is not here any more"
        _cannot_be_sent(wish, why)


def _cannot_be_sent(wish: Wish, why: str) -> None:
    if len(wish.word) > MOST_CHARACTERS:
        name, clear, what = printable(f"{wish.word[:MOST_CHARACTERS]}..."), "s3sync queue clear", "all"
    else:
        name, clear, what = printable(wish.word), printable(f"s3sync queue clear {typed(wish.word)}"), "it"
    warn(f"{name} {why}, so it cannot be sent; `{clear}` takes {what} off the queue")


def _tell_foreign(word: str, report: QueueReport, *, quiet: bool) -> None:
    """Of rows that no s3sync wrote, once and masked."""
    count = len(report.foreign)
    if not count or (word == "clear" and quiet):
        return
    names = ", ".join(printable(name[:MOST_CHARACTERS]) for name in report.foreign[:MOST_SHOWN])
    names += ", ..." if count > MOST_SHOWN else ""
    what = "1 entry" if count == 1 else f"{count} entries"
    if word == "clear":
        say(f"  {symbols().gone} {what} that no s3sync wrote {'would go' if report.dry_run else 'went'}: {names}")
    else:
        warn(
            f"the queue has {what} that no s3sync wrote, and nothing is sent for them: {names}; "
            "`s3sync queue clear NAME` takes one off, `s3sync queue clear` all that is there"
        )


def _name(wish: Wish) -> str:
    return _ALL if wish.word == EVERYTHING else printable(wish.word)
