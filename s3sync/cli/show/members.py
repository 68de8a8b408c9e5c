"""The reports of `who` and `members`."""

from __future__ import annotations

from s3sync.cli.output import GREEN, SCHEMA, YELLOW, ago_text, colour, printable, say, short_name, symbols
from s3sync.cli.show.words import Json, by_text, place_json
from s3sync.core.names import short_text
from s3sync.core.quantities import files_text, size_text
from s3sync.team.members import Holds, MemberState, WhoReport


def print_who(report: WhoReport, *, quiet: bool, verbose: bool) -> None:
    if quiet:
        return
    if report.removed is not None:
        would = "would be " if report.dry_run else ""
        say(f"  {colour(symbols().done, GREEN)} {printable(short_text(report.removed))} - {would}removed")
        return
    if report.file is not None:
        by = by_text(report.file.uploaded_by, report.file.uploaded_at)
        say(f"{symbols().status} {short_name(report.file.name)} ({size_text(report.file.size_bytes)}){by}")
    else:
        say(f"{symbols().status} Members: {printable(report.place.project)}")
    for member in report.members:
        shade = YELLOW if member.has is Holds.NO else ""
        text = _holds(member, one=report.file is not None)
        host = f" [{printable(short_text(member.last.host))}]" if verbose else ""
        seen = f"  (last seen {ago_text(member.last.at)}{host})"
        say(f"  {printable(short_text(member.name))}  {colour(text, shade) if shade else text}{seen}")
        if report.file is None and (verbose or member.has is Holds.NO):
            shown = member.lacks if verbose else member.lacks[:3]
            for name in shown:
                say(f"      {symbols().newer_there} {short_name(name)}")
            if (rest := len(member.lacks) + member.more - len(shown)) > 0:
                say(f"      and {rest} more")
    if not report.members:
        say("  nobody has synced this project yet")


def _holds(member: MemberState, *, one: bool) -> str:
    if member.has is Holds.SENT:
        return "sent it"
    if member.has is Holds.YES:
        return "has it" if one else "has everything"
    if member.has is Holds.UNKNOWN:
        return "nothing tells what is there"
    about = "about " if member.more else ""
    return "has not fetched it" if one else f"has not fetched {about}{files_text(len(member.lacks) + member.more)}"


def who_json(report: WhoReport) -> Json:
    file = report.file
    return {
        "schema": SCHEMA,
        "command": report.command,
        **place_json(report.place),
        "dry_run": report.dry_run,
        "file": None
        if file is None
        else {
            "name": file.name,
            "size_bytes": file.size_bytes,
            "md5": file.md5,
            "uploaded_by": file.uploaded_by,
            "uploaded_at": file.uploaded_at,
        },
        "members": [
            {
                "name": one.name,
                "has": one.has.value,
                "lacks": one.lacks,
                "more": one.more,
                "last_seen": one.last.at,
                "host": one.last.host,
                "revision": one.last.revision,
            }
            for one in report.members
        ],
        "removed": report.removed,
        "exit_code": report.exit_code,
    }
