"""state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from s3sync.cli.call import CHECK, WRITES, Call, command
from s3sync.cli.options import OneName, ProjectName

if TYPE_CHECKING:
    from s3sync.state.places import KnownPlace
    from s3sync.sync.places import PlacesReport


def register(app: typer.Typer) -> None:
    command(
        app,
        state,
        "s3sync state\ns3sync state --forget s3://old-bucket",
        0,
        1,
        2,
        5,
        6,
        130,
        takes=WRITES,
        group=CHECK,
        verbose="Accepted; everything is shown anyway.",
    )


def state(
    call: Call,
    name: OneName = None,
    project: ProjectName = None,
    forget: Annotated[
        str | None, typer.Option("--forget", metavar="PLACE", help="Forget this place: its address, or a part of it.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Answer the question with yes.")] = False,
) -> int:
    """List the places in stores that this folder was synced with; forget one. Touches no file."""
    from s3sync.api import Project
    from s3sync.cli.output import print_json

    opened = Project.open(project or name, flags=call.flags, lock_wait_s=call.wait)
    if forget is None:
        report = opened.places()
    else:
        confirm = (lambda place: True) if yes else _ask
        report = opened.forget_place(forget, confirm=confirm, dry_run=call.dry_run)
    if call.json:
        print_json(_as_json(report))
    elif not call.quiet:
        _print(report)
    return 0


def _as_json(report: PlacesReport) -> dict[str, Any]:
    return {
        "schema": 1,
        "command": "state",
        "project": report.place.project,
        "repo": report.place.repo,
        "store": report.place.store,
        "dry_run": report.dry_run,
        "places": [_place(known) for known in report.places],
        "forgotten": [_place(known) for known in report.forgotten],
    }


def _place(known: KnownPlace) -> dict[str, Any]:
    return {
        "url": known.place.url,
        "endpoint": known.place.endpoint or None,
        "store_id": known.place.store_id or None,
        "files": known.files,
        "unfinished": known.unfinished,
        "last_used": known.used_at,
        "current": known.here,
    }


def _print(report: PlacesReport) -> None:
    from s3sync.cli.output import printable, say

    for known in report.forgotten:
        say(f"{'would forget' if report.dry_run else 'forgot'} {printable(known.place.shown)}")
    if not report.places and not report.forgotten:
        say("This folder was not synced yet.")
    addresses = [known.place.shown for known in report.places]
    for known in report.places:
        say(_line(known, tells_store=addresses.count(known.place.shown) > 1))


def _line(known: KnownPlace, *, tells_store: bool = False) -> str:
    from s3sync.cli.output import ago_text, printable

    sign = "*" if known.here else " "
    used = f"last used {ago_text(known.used_at)}" if known.used_at else "used by an earlier version"
    files = f"{known.files} file{'' if known.files == 1 else 's'} in the base"
    unfinished = f", {known.unfinished} unfinished transfers" if known.unfinished else ""
    store = f" (store {printable(known.place.store_id or 'without an id')})" if tells_store else ""
    return f"{sign} {printable(known.place.shown)}{store} - {files}{unfinished}, {used}"


def _ask(known: KnownPlace) -> bool:
    """The question before a place is forgotten, on stderr. Where nobody can answer, the answer is no."""
    from s3sync.cli.output import answered_yes, warn

    warn(_line(known))
    warn("No file is touched. If this place is used again, everything is compared by content, as the first time.")
    if known.unfinished:
        warn("Unfinished uploads stay in that store, which costs: `s3sync transfers --abort-all` there ends them.")
    return answered_yes("Forget it?")
