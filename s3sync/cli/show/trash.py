"""Output of `trash`: what it lists, restored and emptied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from s3sync.cli.output import SCHEMA, ago_text, printable, say, warn
from s3sync.cli.show.words import Json, place_json, project_option, project_word
from s3sync.core.names import short_text
from s3sync.core.quantities import files_text, size_text
from s3sync.core.spelling import obeyed_reason
from s3sync.sync.restore import TrashReport
from s3sync.sync.trash import Trashed

NAMED = 20


_WHERE = {"local": "here", "remote": "on the remote"}


def empty_question(report: TrashReport, side: str) -> Iterator[str]:
    """Lines to show, and as the last one the question. `side`: whose trash it is."""
    yield from _last_copies(report)
    total = size_text(sum(found.size for found in report.emptied))
    yield f"Delete permanently {files_text(len(report.emptied))} ({total}) from the trash {_WHERE[side]}?"


def _last_copies(report: TrashReport) -> Iterator[str]:
    if not report.last_copies:
        return
    yield f"{files_text(len(report.last_copies))} of these exist nowhere else and cannot be restored:"
    yield from (f"  {printable(one.name)} ({size_text(one.size)})" for one in islice(report.last_copies, NAMED))
    if len(report.last_copies) > NAMED:
        yield f"  ... and {len(report.last_copies) - NAMED} more"


def trash_json(action: str, report: TrashReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "trash",
        "action": action,
        **place_json(report.place),
        "dry_run": report.dry_run,
        "files": map(_file, report.files),
        "restored": {**_file(report.restored), "to": report.restored_to} if report.restored else None,
        "emptied": map(_file, report.emptied),
        "last_copies": map(_file, report.last_copies),
        "exit_code": 0,
    }


def _file(found: Trashed) -> Json:
    return {
        "name": found.name,
        "side": found.side,
        "size_bytes": found.size,
        "trashed_at": found.at,
        "trashed_by": found.by,
        "where": found.where,
    }


def print_trash(action: str, report: TrashReport, *, verbose: bool, side: str = "local") -> None:
    """`side`: of `empty`, whose trash it is."""
    would = "would be " if report.dry_run else ""
    if action == "restore" and report.restored is not None:
        say(f"  {_line(report.restored)}: {would}restored to {printable(report.restored_to or '')}")
        if not report.dry_run:
            say(printable(f"It is new here: `s3sync up{project_word(report.place)}` sends it."))
        if reason := obeyed_reason(report.restored_to or ""):
            warn(f"warning: look at {printable(report.restored_to or '')} before you work in that folder: {reason}")
    elif action == "empty":
        for found in report.emptied if verbose or len(report.emptied) <= NAMED else ():
            say(f"  {_line(found)}: {would}deleted permanently")
        total = size_text(sum(found.size for found in report.emptied))
        for line in _last_copies(report) if report.dry_run else ():
            say(line)
        say(f"Summary: {would}deleted {files_text(len(report.emptied))} ({total}) from the trash {_WHERE[side]}")
        if side == "local":
            say(printable(f"That on the remote stays: s3sync trash empty --remote{project_option(report.place)}"))
    else:
        versions = Counter((found.name, found.side) for found in report.files)
        for found in report.files:
            say(f"  {_line(found, exact=verbose or versions[found.name, found.side] > 1)}")
        total = size_text(sum(found.size for found in report.files))
        say(f"The trash holds {files_text(len(report.files))} ({total})" if report.files else "The trash is empty.")
        if report.files:
            when = " --when TIME" if max(versions.values()) > 1 else ""
            say(printable(f"To bring one back: s3sync trash restore NAME{when}{project_option(report.place)}"))


def _line(found: Trashed, *, exact: bool = False) -> str:
    """`exact`: with the time as `--when` takes it."""
    when = f" ({printable(found.at)})" if exact and found.at else ""
    where = _WHERE[found.side]
    by = f" by {printable(short_text(found.by))}" if found.by else ""
    if found.lives_on is not None:
        return f"{printable(found.name)} ({size_text(found.size)}) - on the remote as {printable(found.lives_on)}"
    return f"{printable(found.name)} ({size_text(found.size)}) - in the trash {where}, {ago_text(found.at)}{when}{by}"
