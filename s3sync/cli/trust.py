"""trust, and the question that any command asks before it opens a store that a repository names for the first time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from s3sync.cli.call import ASKS, SET_UP, Call, command

if TYPE_CHECKING:
    from s3sync.errors import NotTrusted
    from s3sync.trust import Place


def register(app: typer.Typer) -> None:
    command(
        app,
        trust,
        "s3sync trust\ns3sync trust --list",
        0,
        1,
        2,
        5,
        130,
        takes=ASKS,
        group=SET_UP,
        verbose="Accepted; everything is shown anyway.",
    )


def trust(
    call: Call,
    show: Annotated[bool, typer.Option("--list", help="List the places that you agreed to.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Take back what you agreed to for this repository.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Answer the question with yes.")] = False,
) -> int:
    """Agree to the store, server and AWS profile that this repository names, on this computer."""
    from s3sync.errors import UsageError
    from s3sync.trust import read_book

    if show and forget:
        raise UsageError("--list and --forget do not go together", hint="choose one of them")
    if show:
        _print("listed", [_entry(found) for found in read_book(os.environ)], call)
    elif forget:
        _forget(call)
    else:
        _agree(call, yes)
    return 0


def _forget(call: Call) -> None:
    from s3sync.project import repo_root
    from s3sync.trust import forget

    gone = forget(str(repo_root(Path.cwd())), os.environ)
    _print("forgotten", [_entry(found) for found in gone], call)


def _agree(call: Call, yes: bool) -> None:
    from s3sync.config import load_settings
    from s3sync.errors import Halt
    from s3sync.project import repo_root
    from s3sync.trust import place_of, previous, read_book, remember

    repo_root(Path.cwd())
    settings = load_settings(Path.cwd(), flags={}, environ=os.environ)
    place = place_of(settings)
    known = settings.store_is_default or any(found.place == place for found in read_book(settings.env))
    if not known and not yes and not confirmed(place, previous(settings), call.quiet):
        raise Halt("nothing was agreed to", why="the question was not answered with yes", hint="add --yes to answer it")
    changed = not known and remember(place, settings.env)
    _print("trusted" if changed else "known", [_entry(place)], call)


def ask(error: NotTrusted, call: Call) -> bool:
    """Ask whether a command may open a new store; whether it may. Asks nobody but a person at a terminal."""
    place: Place = error.place
    if call.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    from s3sync.trust import read_book, remember

    before = [found.place for found in read_book(os.environ) if found.repository == place.repository]
    if not confirmed(place, before[-1] if before else None, quiet=False):
        return False
    remember(place, os.environ)
    return True


def confirmed(place: Place, before: Place | None, quiet: bool) -> bool:
    """Show the place and ask. Where nobody can answer, the answer is no."""
    from s3sync.cli.output import answered_yes, printable, warn

    if not quiet:
        for line in question(place, before):
            warn(printable(line))
    return answered_yes("Do you trust this place?")


def question(place: Place, before: Place | None) -> Iterator[str]:
    """The place in words, and what changed about it."""
    if before is None:
        yield "A file of this repository names a store that you have not used with it before:"
    else:
        yield "This repository now names another place than the one you agreed to:"
    yield f"  repository: {place.repository}"
    yield f"  store:      {place.store}"
    if place.store.startswith("s3://"):
        yield f"  server:     {place.endpoint or 'AWS'}"
        yield f"  signed by:  {f'your AWS profile {place.profile}' if place.profile else 'your own AWS credentials'}"
    if place.kms_key:
        yield f"  encrypted:  with the KMS key {place.kms_key}, whose owner can make the files unreadable"
    for change in place.changes_since(before) if before else ():
        yield f"  changed:    {change}"
    if place.unencrypted:
        yield "  warning:    the server is not encrypted: whoever is in between can read and change your files"
    yield "s3sync sends files of the staging folders there, and puts files from there into them."


def _entry(place: Place) -> dict[str, Any]:
    from msgspec.structs import asdict

    return asdict(place)


_SAID = {
    "trusted": "trusted from now on:",
    "known": "trusted already:",
    "forgotten": "forgotten, and asked about again:",
    "listed": "",
}
_NOTHING = {
    "forgotten": "nothing was agreed to for this repository",
    "listed": "nothing was agreed to on this computer",
}


def _print(what: str, places: list[dict[str, Any]], call: Call) -> None:
    from s3sync.cli.output import print_json, printable, say

    if call.json:
        print_json({"schema": 1, "command": "trust", "did": what, "places": places})
        return
    if call.quiet and what != "listed":
        return
    if _SAID[what] and places:
        say(_SAID[what])
    for place in places:
        server = f" at {place['endpoint']}" if place["endpoint"] else ""
        signer = f", AWS profile {place['profile']}" if place["profile"] else ""
        key = f", KMS key {place['kms_key']}" if place["kms_key"] else ""
        when = f" ({place['at']})" if "at" in place else ""
        say(printable(f"  {place['repository']}: {place['store']}{server}{signer}{key}{when}"))
    if not places:
        say(_NOTHING[what])
