"""Inboxes and the links to their pages. Whoever has such a link may send files: it stands on stdout, and in no log."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from s3sync.cli.output import SCHEMA, printable, say, symbols, warn, write
from s3sync.cli.show.share import code_of, local_text
from s3sync.cli.show.words import Json, place_json
from s3sync.core.inboxes import CLIENT, Waiting
from s3sync.core.names import short_text
from s3sync.core.quantities import counted, files_text, size_text
from s3sync.core.times import format_time
from s3sync.sync.report import Received, RunReport
from s3sync.team.receiving import InboxState, ReceiveReport

SHORT_ID = 8
"""Characters of an inbox's id that are shown; `--end` takes any beginning."""


def print_receive(report: ReceiveReport, *, quiet: bool, qr: bool) -> None:
    if report.action == "open":
        _print_opened(report, quiet, qr)
        return
    if not quiet:
        if report.action == "list":
            say(f"{symbols().status} Inboxes: {printable(report.place.project)}")
        for one in report.inboxes:
            for line in inbox_lines(one, report):
                say(line)
        if report.action == "list":
            say(f"Summary: {counted(len(report.inboxes), 'page')}" if report.inboxes else "Summary: no page is open")
    if report.lost:
        what = f"{counted(report.lost, 'object')} ({size_text(report.lost_bytes)})"
        warn(f"warning: {what} in the inboxes of the project belong to no page: they are left out, and billed")
    if report.discarded and not quiet:
        say(f"Deleted for good: {files_text(report.discarded)} ({size_text(report.discarded_bytes)})")
    if report.action == "end" and not report.dry_run and not quiet:
        say("What arrives from now on is left out. Who has the page open already can send until its own end.")


def _print_opened(report: ReceiveReport, quiet: bool, qr: bool) -> None:
    if report.dry_run:
        say("A page would be made (dry run: nothing is written)")
    for one in report.inboxes:
        if not quiet and one.until is not None:
            early = ": your session ends then" if one.ends_early else ""
            say(f"Whoever has this link can send files of up to 5 GB each, until {local_text(one.until)}{early}")
        if one.url is not None:
            write(sys.stdout, one.url)
            if qr:
                write(sys.stdout, code_of(one.url))
        if not quiet:
            say(f"`s3sync down` takes them in; `s3sync receive --end {one.id[:SHORT_ID]}` ends it before")


def inbox_lines(one: InboxState, report: ReceiveReport) -> Iterable[str]:
    """Lines of an inbox: whose it is and until when, and what lies in it."""
    end = "" if one.until is None else f" until {local_text(one.until)}"
    if one.ended is not None:
        state = f"ended {local_text(one.ended)}"
    elif report.asked_at is not None and one.is_open(report.asked_at):
        state = f"open{end}"
    else:
        state = f"over{end.replace('until', 'since')}; what was begun in time may still arrive"
    yield f"  {one.id[:SHORT_ID]}  by {printable(short_text(one.by))}, {state}"
    for line in waiting_lines(one.waiting):
        yield f"  {line}"
    if one.late:
        yield f"    {files_text(one.late)} ({size_text(one.late_bytes)}) arrived after its end, and are left out"


def waiting_lines(waiting: Iterable[Waiting]) -> Iterable[str]:
    """Lines of `status` and the list: what clients sent and nobody has taken in."""
    for one in waiting:
        whom = "more from clients" if one.client is None else f"from client {client_text(one.client)}"
        wait = "waits" if one.files == 1 else "wait"
        yield f"  {files_text(one.files)} ({size_text(one.size_bytes)}) {whom} {wait}: `s3sync down`"


def client_text(client: str) -> str:
    return printable(short_text(client.removeprefix(CLIENT)))


def received_line(one: Received, report: RunReport) -> str:
    """A file that a client sent, and the name that it got."""
    would = "would be " if report.dry_run else ""
    named = "" if one.sent_as == one.name else f" as {printable(one.name)}"
    size = size_text(one.size_bytes)
    return (
        f"  {symbols().down} {printable(one.sent_as)} ({size}) from client {client_text(one.by)} {would}taken in{named}"
    )


def waiting_json(one: Waiting) -> Json:
    return {"by": one.client, "files": one.files, "size_bytes": one.size_bytes}


def receive_json(report: ReceiveReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "receive",
        **place_json(report.place),
        "action": report.action,
        "dry_run": report.dry_run,
        "inboxes": [_inbox_json(one) for one in report.inboxes],
        "discarded": {"files": report.discarded, "bytes": report.discarded_bytes},
        "lost": {"files": report.lost, "bytes": report.lost_bytes},
        "exit_code": report.exit_code,
    }


def _inbox_json(one: InboxState) -> Json:
    at, until, ended = (None if when is None else format_time(when) for when in (one.at, one.until, one.ended))
    return {
        "id": one.id,
        "by": one.by,
        "at": at,
        "until": until,
        "ended": ended,
        "url": one.url,
        "ends_early": one.ends_early,
        "waiting": [waiting_json(waiting) for waiting in one.waiting],
        "late": {"files": one.late, "bytes": one.late_bytes},
    }
