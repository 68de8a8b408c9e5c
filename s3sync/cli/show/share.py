"""Links that were made. A link is a key to its file: it stands on stdout, and in no log."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

from s3sync.cli.output import SCHEMA, printable, say, warn, write
from s3sync.cli.show.words import Json, failed_json, failure_lines, place_json
from s3sync.core.quantities import size_text
from s3sync.core.times import format_time
from s3sync.errors import ConfigError
from s3sync.team.sharing import ShareReport

QUIET_ZONE = 4
"""Modules around a code that the terminal has to show, too."""


def print_share(report: ShareReport, *, quiet: bool, qr: bool) -> None:
    for one in report.shared:
        if not quiet:
            early = ": your session, or the thawed copy, ends then" if one.ends_early else ""
            say(f"{printable(one.name)} ({size_text(one.size_bytes)}) until {local_text(one.expires)}{early}")
        write(sys.stdout, one.url)
        if qr:
            write(sys.stdout, code_of(one.url))
    for line in report.warnings:
        warn(f"warning: {printable(line)}")
    for line in failure_lines(report.refused):
        warn(line)


def share_json(report: ShareReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "share",
        **place_json(report.place),
        "shared": [
            {
                "name": one.name,
                "size_bytes": one.size_bytes,
                "url": one.url,
                "expires": format_time(one.expires),
                "ends_early": one.ends_early,
            }
            for one in report.shared
        ],
        "refused": list(map(failed_json, report.refused)),
        "warnings": report.warnings,
        "exit_code": report.exit_code,
    }


def code_of(url: str) -> str:
    """The QR code of a link, as text. Raises `ConfigError` where segno is missing or the link is too long for one."""
    import io

    segno = _segno()
    try:
        code = segno.make(url, error="l", micro=False)
    except ValueError as error:
        raise ConfigError("the link is too long for a QR code", why=str(error), hint="send the link itself") from None
    text = io.StringIO()
    code.terminal(out=text, border=QUIET_ZONE, compact=True)
    return text.getvalue().rstrip("\n")


def require_segno() -> None:
    """Raise `ConfigError` where no QR code can be made, before anything is asked."""
    _segno()


def _segno() -> Any:
    try:
        import segno
    except ImportError:
        hint = "pip install 's3sync-collab[qr]'"
        raise ConfigError("--qr needs segno", why="it is not installed", hint=hint) from None
    return segno


def local_text(when: datetime) -> str:
    """A time as the user's clock shows it."""
    try:
        return f"{when.astimezone():%Y-%m-%d %H:%M %Z}"
    except (OverflowError, ValueError):  # a store may tell the first day of the calendar
        return format_time(when)
