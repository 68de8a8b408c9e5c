"""The question and the report of `undo`."""

from __future__ import annotations

from collections.abc import Iterator

from s3sync.cli.output import SCHEMA, ago_text, printable, say, warn
from s3sync.cli.show.words import Json, failure_lines, place_json, project_word, warn_of_failures
from s3sync.core.names import short_text
from s3sync.core.quantities import files_text
from s3sync.core.typed import typed
from s3sync.state.journal import Stopped
from s3sync.sync.undo import Undone, UndoReport

NAMED = 20
WHAT = {
    ("trashed", "local"): "to the trash here",
    ("trashed", "remote"): "from the remote to its trash",
    ("brought_back", "local"): "the version from before, here",
    ("brought_back", "remote"): "the version from before, on the remote",
    ("reopened", "remote"): "the conflict is open again, for everybody",
}


def undo_question(report: UndoReport) -> Iterator[str]:
    """Lines to show, and as the last one the question."""
    for one in report.undone[:NAMED]:
        yield f"  {_line(one)}"
    if len(report.undone) > NAMED:
        yield f"  ... and {len(report.undone) - NAMED} more"
    yield from failure_lines(report.refused)
    yield f"Undo {_run(report)}?"


def _run(report: UndoReport) -> str:
    """Name of the run, its age, and how many files of it are undone."""
    files = files_text(len({one.name for one in report.undone}))
    return f"{printable(short_text(report.verb or ''))} of {ago_text(report.at)} for {files}"


def _line(one: Undone) -> str:
    if one.now is not None:
        return f"{printable(one.name)} - from the remote, where its content is {printable(one.now)} again"
    return f"{printable(one.name)} - {WHAT[one.what, one.side]}"


def _told(run: Stopped | None) -> Json | None:
    return None if run is None else {"verb": run.verb, "at": run.at}


def print_undo(report: UndoReport, *, quiet: bool, verbose: bool) -> None:
    if not quiet:
        would = "would undo" if report.dry_run else "undid"
        for one in report.undone if verbose or len(report.undone) <= 10 * NAMED else ():
            say(f"  {_line(one)}")
        if report.stopped is not None:
            for line in _stopped_lines(report, report.stopped):
                say(line)
        elif report.verb is None:
            say("Nothing to undo: the last run here did nothing, or was undone already.")
        else:
            said = f"Summary: {would} {_run(report)}"
            say(said + (f", left {len(report.refused)} alone" if report.refused else ""))
        for hint in _still_to_come(report):
            say(printable(f"hint: {hint}"))
    for warning in report.warnings:
        warn(f"warning: {printable(warning)}")
    warn_of_failures(report.refused)


def _stopped_lines(report: UndoReport, stopped: Stopped) -> Iterator[str]:
    """That the last run changed nothing, and what takes back the one before it."""
    verb = printable(short_text(stopped.verb))
    yield f"Nothing to undo: {verb} of {ago_text(stopped.at)} was stopped before it changed anything."
    if (before := report.earlier) is not None:
        run, project = f"{printable(short_text(before.verb))} of {ago_text(before.at)}", project_word(report.place)
        yield f"hint: `s3sync undo --earlier{printable(project)}` takes back the run before it, {run}"


def _still_to_come(report: UndoReport) -> Iterator[str]:
    """What the next run would do again: the cause of it was another's change, or one from before the run."""
    here, there = (
        [one for one in report.undone if one.was_deleted and one.side == side] for side in ("local", "remote")
    )
    project = project_word(report.place)
    if here:
        are, it = ("is", "it") if len(here) == 1 else ("are", "them")
        yield (
            f"{files_text(len(here))} that {are} here again {are} still deleted on the remote, and the next "
            f"`s3sync sync` deletes {it} here again; to keep and send one: "
            f"`s3sync up --again{project} {typed(here[0].name)}`"
        )
    if there:
        are, it = ("is", "it") if len(there) == 1 else ("are", "them")
        yield (
            f"{files_text(len(there))} that {are} on the remote again {are} not here, and the next `s3sync sync` "
            f"deletes {it} there again; to fetch {it}: `s3sync down{project}`"
        )


def undo_json(report: UndoReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "undo",
        **place_json(report.place),
        "dry_run": report.dry_run,
        "verb": report.verb,
        "at": report.at,
        "stopped": _told(report.stopped),
        "earlier": _told(report.earlier),
        "undone": [{"name": one.name, "side": one.side, "what": one.what} for one in report.undone],
        "refused": [{"name": one.path, "error": one.error, "hint": one.hint} for one in report.refused],
        "exit_code": report.exit_code,
    }
