"""The question and the report of `undo`."""

from __future__ import annotations

from collections.abc import Iterator

from s3sync.cli.output import SCHEMA, ago_text, printable, say, warn
from s3sync.cli.show.words import Json, failure_lines, place_json, warn_of_failures
from s3sync.core.quantities import files_text
from s3sync.sync.undo import Undone, UndoReport

NAMED = 20
WHAT = {
    ("trashed", "local"): "to the trash here",
    ("trashed", "remote"): "from the remote to its trash",
    ("brought_back", "local"): "the version from before, here",
    ("brought_back", "remote"): "the version from before, on the remote",
}


def undo_question(report: UndoReport) -> Iterator[str]:
    """Lines to show, and as the last one the question."""
    for one in report.undone[:NAMED]:
        yield f"  {_line(one)}"
    if len(report.undone) > NAMED:
        yield f"  ... and {len(report.undone) - NAMED} more"
    yield from failure_lines(report.refused)
    yield f"Undo {report.verb} of {ago_text(report.at)} for {files_text(len(report.undone))}?"


def _line(one: Undone) -> str:
    return f"{printable(one.name)} - {WHAT[one.what, one.side]}"


def print_undo(report: UndoReport, *, quiet: bool, verbose: bool) -> None:
    if not quiet:
        would = "would undo" if report.dry_run else "undid"
        for one in report.undone if verbose or len(report.undone) <= 10 * NAMED else ():
            say(f"  {_line(one)}")
        if report.verb is None:
            say("Nothing to undo: the last run here did nothing, or was undone already.")
        else:
            said = f"Summary: {would} {report.verb} of {ago_text(report.at)} for {files_text(len(report.undone))}"
            say(said + (f", left {len(report.refused)} alone" if report.refused else ""))
    for warning in report.warnings:
        warn(f"warning: {warning}")
    warn_of_failures(report.refused)


def undo_json(report: UndoReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "undo",
        **place_json(report.place),
        "dry_run": report.dry_run,
        "verb": report.verb,
        "at": report.at,
        "undone": [{"name": one.name, "side": one.side, "what": one.what} for one in report.undone],
        "refused": [{"name": one.path, "error": one.error, "hint": one.hint} for one in report.refused],
        "exit_code": report.exit_code,
    }
