"""Output of `dashboard`: its data as JSON, where its page is, and what was published."""

from __future__ import annotations

import sys
from pathlib import Path

from msgspec import to_builtins

from s3sync.cli.output import SCHEMA, printable, say, warn, write
from s3sync.cli.show.share import local_text
from s3sync.cli.show.words import Json
from s3sync.core.quantities import counted, size_text
from s3sync.core.times import format_time
from s3sync.core.typed import typed
from s3sync.dashboard.publish import PublishReport, parts_told
from s3sync.dashboard.values import Dashboard
from s3sync.shared.pages import KeptPage

NAMED = 5


def dashboard_json(board: Dashboard) -> Json:
    """All that the page shows."""
    found: Json = to_builtins(board)
    return {"schema": SCHEMA, "command": "dashboard", **found, "exit_code": board.exit_code}


def print_written(board: Dashboard, path: Path | None, size: int, *, dry_run: bool, quiet: bool) -> None:
    """Say where the page is. The path alone stands on its line, for scripts."""
    if not quiet:
        projects = counted(sum(len(one.projects) for one in board.repositories), "project")
        say(f"dashboard of {projects} ({size_text(size)}) {'would be written' if dry_run else 'written to'}")
    if not dry_run and path is not None:
        write(sys.stdout, printable(str(path)))


def print_served(url: str, *, quiet: bool) -> None:
    """Say the address. It is a key, for this computer alone."""
    if not quiet:
        say("The dashboard is live, for this computer alone, at")
    write(sys.stdout, url)
    if not quiet:
        say("Whoever has the address can look at it. Ctrl-C ends it.")
    sys.stdout.flush()


def warn_of(board: Dashboard) -> None:
    """Say what could not be looked at, which the page says, too."""
    for one in board.repositories:
        if one.problem is not None:
            warn(f"warning: {printable(one.name)}: {printable(one.problem)}")
        for note in one.notes:
            warn(f"warning: {printable(note)}")
        broken = [project for project in one.projects if project.problem is not None]
        for project in broken[:NAMED]:
            warn(f"warning: {printable(project.name)}: {printable(project.problem or '')}")
        if len(broken) > NAMED:
            warn(f"warning: and {len(broken) - NAMED} more that could not be looked at")
        if broken:
            there = "" if len(board.repositories) == 1 else f", typed in a folder of {printable(one.name)},"
            warn(f"hint: `s3sync status {typed(printable(broken[0].name))}`{there} says why, and what to do about it")


def print_published(report: PublishReport, *, quiet: bool) -> None:
    if report.made is not None and not quiet:
        names = parts_told(report.made)
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        listed = ", ".join(printable(name) for name in names[:NAMED]) + more
        until = "" if report.expires is None else f" until {local_text(report.expires)}"
        early = ": your session ends then" if report.ends_early else ""
        say(f"{counted(len(names), 'project')} {'would be published' if report.dry_run else 'published'}{until}{early}")
        if names:
            say(f"  {listed}")
        say("  without paths, keys, commands, computers and what is on this disk alone")
    if report.dry_run:
        return
    write(sys.stdout, report.url or f"{printable(report.store)}/{printable(report.key or '')}")
    if report.id is not None and not quiet:
        say(f"To end it earlier: s3sync dashboard --end {report.id}")


def published_json(report: PublishReport, code: int) -> Json:
    return {
        "schema": SCHEMA,
        "command": "dashboard",
        "repo": report.repo,
        "store": report.store,
        "dry_run": report.dry_run,
        "published": None
        if report.made is None
        else {
            "id": report.id,
            "url": report.url,
            "key": report.key,
            "expires": format_time(report.expires) if report.expires is not None else None,
            "ends_early": report.ends_early,
            "size_bytes": report.size_bytes,
            "projects": parts_told(report.made),
        },
        "pages": [_page_json(page) for page in report.pages],
        "ended": report.ended,
        "exit_code": code,
    }


def _page_json(page: KeptPage) -> Json:
    return {
        "id": page.id,
        "title": page.title,
        "by": page.by,
        "expires": format_time(page.until),
        "size_bytes": page.size_bytes,
    }


def print_kept(report: PublishReport, *, quiet: bool) -> None:
    if quiet:
        return
    if not report.pages:
        say(f"No dashboard of {printable(report.repo)} is published")
    for page in report.pages:
        title = printable(page.title or "without a title")
        if report.ended:
            say(f"dashboard {page.id} {title} {'would be ended' if report.dry_run else 'has ended'}")
        else:
            by = f" by {printable(page.by)}" if page.by else ""
            say(f"{page.id}  until {local_text(page.until)}  {title}{by}")
