"""Pages that were made, listed or ended. The link to one is a key, as that to a file."""

from __future__ import annotations

import sys

from s3sync.cli.output import SCHEMA, printable, say, warn, write
from s3sync.cli.show.share import code_of, local_text
from s3sync.cli.show.words import Json, failed_json, failure_lines, place_json
from s3sync.core.quantities import files_text, size_text
from s3sync.core.times import format_time
from s3sync.shared.pages import KeptPage
from s3sync.team.page_sharing import PageReport, PagesReport


def print_page(report: PageReport, *, quiet: bool, qr: bool) -> None:
    page = report.page
    if page is not None and not quiet:
        early = ": your session, or a thawed copy, ends then" if page.ends_early else ""
        made = "would be made" if report.dry_run else f"until {local_text(page.expires)}{early}"
        files = f"{files_text(len(report.files))}, {size_text(report.size_bytes)}"
        say(f"page {printable(page.title)} ({files}) {made}")
    if page is not None and page.url is not None:
        write(sys.stdout, page.url)
        if qr:
            write(sys.stdout, code_of(page.url))
        if not quiet:
            say(f"To end it earlier: s3sync share --end {page.id}")
    for warning in report.warnings:
        warn(f"warning: {printable(warning)}")
    for line in failure_lines(report.refused):
        warn(line)


def page_json(report: PageReport) -> Json:
    page = report.page
    return {
        "schema": SCHEMA,
        "command": "share",
        **place_json(report.place),
        "dry_run": report.dry_run,
        "page": None
        if page is None
        else {
            "id": page.id,
            "title": page.title,
            "by": page.by,
            "url": page.url,
            "expires": format_time(page.expires),
            "ends_early": page.ends_early,
        },
        "files": report.files,
        "size_bytes": report.size_bytes,
        "refused": list(map(failed_json, report.refused)),
        "warnings": report.warnings,
        "exit_code": report.exit_code,
    }


def print_pages(report: PagesReport, *, quiet: bool) -> None:
    if quiet:
        return
    if not report.pages:
        say(f"No page of {printable(report.place.project)} is shared")
    for page in report.pages:
        if report.ended:
            say(f"page {_named(page)} {'would be ended' if report.dry_run else 'has ended'}")
            until = local_text(page.until)
            say(f"Whoever took the links to its files from it can fetch them until {until}")
        else:
            by = f" by {printable(page.by)}" if page.by else ""
            files = f" ({files_text(page.files)})" if page.files is not None else ""
            say(f"{page.id}  until {local_text(page.until)}  {printable(page.title or 'without a title')}{files}{by}")


def _named(page: KeptPage) -> str:
    return f"{page.id} {printable(page.title)}" if page.title else page.id


def pages_json(report: PagesReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "share",
        **place_json(report.place),
        "dry_run": report.dry_run,
        "ended": report.ended,
        "pages": [
            {
                "id": page.id,
                "title": page.title,
                "by": page.by,
                "files": page.files,
                "expires": format_time(page.until),
                "size_bytes": page.size_bytes,
            }
            for page in report.pages
        ],
        "exit_code": 0,
    }
