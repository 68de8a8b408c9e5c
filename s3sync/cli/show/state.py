"""The places in stores that a folder was synced with."""

from __future__ import annotations

from collections.abc import Iterator

from s3sync.cli.call import Call
from s3sync.cli.output import SCHEMA, ago_text, print_json, printable, say
from s3sync.cli.show.words import Json, place_json
from s3sync.core.quantities import files_text
from s3sync.state.places import KnownPlace
from s3sync.sync.own_memory import Adoptable
from s3sync.sync.places import PlacesReport


def forget_question(known: KnownPlace) -> Iterator[str]:
    """Lines to show, and as the last one the question."""
    yield place_line(known)
    yield "No file is touched. If this place is used again, everything is compared by content, as the first time."
    if known.unfinished:
        yield "Unfinished uploads stay in that store, which costs: `s3sync transfers --abort-all` there ends them."
    yield "Forget it?"


def adopt_question(found: Adoptable) -> Iterator[str]:
    """Lines to show, and as the last one the question."""
    unfinished = f", and {found.unfinished} unfinished transfers" if found.unfinished else ""
    yield f"{printable(str(found.path))} says of {files_text(found.files)} that they were agreed on{unfinished}."
    yield "Whoever wrote it decides what the next `sync` deletes and replaces, so adopt it only if it is your own."
    yield "Believe it?"


def show_state(report: PlacesReport, call: Call) -> None:
    if call.json:
        print_json(state_json(report))
    elif not call.quiet:
        print_state(report)


def state_json(report: PlacesReport) -> Json:
    return {
        "schema": SCHEMA,
        "command": "state",
        **place_json(report.place),
        "dry_run": report.dry_run,
        "places": [_place(known) for known in report.places],
        "adopted": report.adopted,
        "forgotten": [_place(known) for known in report.forgotten],
    }


def _place(known: KnownPlace) -> Json:
    return {
        "url": known.place.url,
        "endpoint": known.place.endpoint or None,
        "store_id": known.place.store_id or None,
        "files": known.files,
        "unfinished": known.unfinished,
        "last_used": known.used_at,
        "current": known.here,
    }


def print_state(report: PlacesReport) -> None:
    for known in report.forgotten:
        say(f"{'would forget' if report.dry_run else 'forgot'} {printable(known.place.shown)}")
    if report.adopted:
        would = "would adopt" if report.dry_run else "adopted"
        say(f"{would} {printable(report.adopted)}: it counts as yours on this computer")
    if not report.places and not report.forgotten:
        say("This folder was not synced yet.")
    addresses = [known.place.shown for known in report.places]
    for known in report.places:
        say(place_line(known, tells_store=addresses.count(known.place.shown) > 1))


def place_line(known: KnownPlace, *, tells_store: bool = False) -> str:
    sign = "*" if known.here else " "
    used = f"last used {ago_text(known.used_at)}" if known.used_at else "used by an earlier version"
    files = f"{known.files} file{'' if known.files == 1 else 's'} in the base"
    unfinished = f", {known.unfinished} unfinished transfers" if known.unfinished else ""
    store = f" (store {printable(known.place.store_id or 'without an id')})" if tells_store else ""
    return f"{sign} {printable(known.place.shown)}{store} - {files}{unfinished}, {used}"
