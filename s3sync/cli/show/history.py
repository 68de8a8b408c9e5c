"""The reports of `log` and `inbox`."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Raw

from s3sync.cli.output import SCHEMA, ago_text, printable, say, short_name, symbols, warn
from s3sync.cli.show.words import Json, place_json
from s3sync.core import history
from s3sync.core.history import Event, EventFile
from s3sync.core.names import short_text
from s3sync.core.quantities import files_text, size_text
from s3sync.team.history import HistoryReport, run_of

WORDS = {
    history.SENT: "uploaded",
    history.FETCHED: "downloaded",
    history.BROUGHT_BACK: "brought back",
    history.DELETED: "deleted",
    history.CLEANED: "cleaned up",
    history.DELETED_HERE: "deleted on that computer",
    history.FREED: "cleaned up on that computer",
    history.MOVED: "moved aside on that computer",
    history.KEPT_BOTH: "kept as a conflict copy",
    history.FOUND: "found on the remote, put there by another tool",
    history.RESOLVED: "decided the conflict of",
    history.REOPENED: "opened again the conflict of",
    history.LOCKED: "locked",
    history.UNLOCKED: "unlocked",
    history.RESTORED: "restored on that computer",
    history.ARCHIVED: "archived",
    history.RECEIVED: "sent",
}
SIZED = frozenset(
    {history.SENT, history.FETCHED, history.BROUGHT_BACK, history.KEPT_BOTH, history.FOUND, history.RECEIVED}
)
SHOWN = 3
"""Names in the line of an event; with `-v` each has a line of its own."""


def print_log(report: HistoryReport, *, is_limited: bool, quiet: bool, verbose: bool) -> None:
    if not quiet:
        say(f"{symbols().status} History: {printable(report.place.project)}")
        for event in report.events:
            _print_event(event, None, verbose, is_among=run_of(event) in report.among)
        said = " of this kind; `s3sync log` shows all" if is_limited and not report.events else ""
        more = "; there are older ones: --most 0 shows all" if report.more else ""
        say(f"Summary: {_entries(len(report.events))}{said}{more}")
    _warn(report)


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def print_inbox(report: HistoryReport, user: str | None, *, quiet: bool, verbose: bool) -> None:
    if not quiet:
        say(f"{symbols().status} Inbox: {printable(report.place.project)}")
        for event in report.events:
            _print_event(event, user, verbose)
        since = "in the newest entries" if report.is_first else "since you last looked"
        say(f"Summary: {_entries(len(report.events)) if report.events else 'nothing new'} of others {since}")
    _warn(report)


def _warn(report: HistoryReport) -> None:
    if report.hidden:
        warn(f"note: {_entries(report.hidden)} more of many files may mean it, too: they name only some of their files")
    for warning in dict.fromkeys(report.warnings):
        warn(f"warning: {printable(warning)}")


def _print_event(event: Event, user: str | None, verbose: bool, *, is_among: bool = False) -> None:
    did = "; ".join(_done(event, verbose)) or _neutral(event.verb)
    replaces = _replaces(event.files[0], user, event) if sum(event.counts.values()) == len(event.files) == 1 else ""
    note = f": {printable(short_text(event.note))}" if event.note else ""
    host = f" [{printable(short_text(event.host))}]" if verbose and event.host else ""
    among = f", it is among the {files_text(event.more)} that are not named" if is_among else ""
    say(f"  {printable(short_text(event.by))} {did} {ago_text(event.at)}{replaces}{note}{among}{host}")
    if verbose:
        for file in event.files:
            say(f"      {short_name(file.name)} - {_word(file.did)}{_size(file)}{_replaces(file, user, event)}")
        if event.files and event.more:
            say(f"      and {files_text(event.more)} more")


def _done(event: Event, verbose: bool) -> Iterator[str]:
    """Words for what was done, by kinds: `uploaded color.mp4 (1.2 GB)`, `uploaded 12 files (a.mp4, b.mp4, ...)`."""
    for did, count in sorted(event.counts.items(), key=lambda item: item[0] != history.RESOLVED):
        files = [file for file in event.files if file.did == did]
        if count == 1 and files:
            yield f"{_word(did)} {short_name(files[0].name)}{_size(files[0])}"
            continue
        names = ", ".join(short_name(file.name) for file in files[:SHOWN])
        rest = ", ..." if count > SHOWN else ""
        size = sum(file.size_bytes for file in files)
        total = f" ({size_text(size)})" if did in SIZED and len(files) == count else ""
        yield f"{_word(did)} {files_text(count)}{total}" + (f" ({names}{rest})" if names and not verbose else "")


def _word(did: str) -> str:
    return WORDS.get(did) or _neutral(did)


def _neutral(word: str) -> str:
    """Words for what a newer version did and this one does not know."""
    return f"did {printable(short_text(word))!r} on"


def _size(file: EventFile) -> str:
    return f" ({size_text(file.size_bytes)})" if file.did in SIZED else ""


def _replaces(file: EventFile, user: str | None, event: Event) -> str:
    if file.was_by is None or file.did in (history.LOCKED, history.UNLOCKED):
        return "" if file.was_by is None else f", which {printable(short_text(file.was_by))} had locked"
    if file.was_by == user:
        return ", it replaces yours"
    return (
        ", a new version" if file.was_by == event.by else f", it replaces that of {printable(short_text(file.was_by))}"
    )


def history_json(report: HistoryReport) -> Json:
    """Each event is on a line: of ten years there are hundreds of thousands, and a line is written at once."""
    import json

    return {
        "schema": SCHEMA,
        "command": report.command,
        **place_json(report.place),
        "events": (
            Raw(json.dumps(_event_json(event, run_of(event) in report.among)).encode()) for event in report.events
        ),
        "more": report.more,
        "not_named": report.hidden,
        "warnings": list(dict.fromkeys(report.warnings)),
        "exit_code": report.exit_code,
    }


def _event_json(event: Event, is_among: bool) -> Json:
    return {
        "id": event.id,
        "at": event.at,
        "by": event.by,
        "host": event.host,
        "verb": event.verb,
        "revision": event.revision,
        "counts": event.counts,
        "size_bytes": event.size_bytes,
        "files": [
            {"name": file.name, "did": file.did, "size_bytes": file.size_bytes, "replaces_version_of": file.was_by}
            for file in event.files
        ],
        "more_files": event.more,
        "among_more": is_among,
        "note": event.note,
    }
