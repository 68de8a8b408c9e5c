"""s3sync trust"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import ASKS, SET_UP, command
from s3sync.cli.options import Yes


@command(
    SET_UP,
    "s3sync trust\ns3sync trust --list",
    0, 1, 2, 5, 130,
    takes=ASKS,
    verbose="Accepted; everything is shown anyway.",
)  # fmt: skip
def trust(
    call: Call,
    show: Annotated[bool, typer.Option("--list", help="List the places that you agreed to.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Take back what you agreed to for this repository.")] = False,
    yes: Yes = False,
) -> int:
    """Agree to the store, server and AWS profile that this repository names, on this computer."""
    from s3sync.cli.show.trust import place_json, print_places
    from s3sync.errors import UsageError
    from s3sync.trust import read_book

    if show and forget:
        raise UsageError("--list and --forget do not go together", hint="choose one of them")
    if show:
        print_places("listed", [place_json(found) for found in read_book(os.environ)], call)
    elif forget:
        _forget(call)
    else:
        _agree(call, yes)
    return 0


def _forget(call: Call) -> None:
    from s3sync.cli.show.trust import place_json, print_places
    from s3sync.project import repo_root
    from s3sync.trust import forget

    gone = forget(str(repo_root(Path.cwd())), os.environ)
    print_places("forgotten", [place_json(found) for found in gone], call)


def _agree(call: Call, yes: bool) -> None:
    from s3sync.cli.agree import confirmed
    from s3sync.cli.show.trust import place_json, print_places
    from s3sync.config import load_settings
    from s3sync.errors import declined
    from s3sync.project import repo_root
    from s3sync.trust import name_taken_by, place_of, read_book, remember

    repo_root(Path.cwd())
    settings = load_settings(Path.cwd(), flags={}, environ=os.environ)
    place = place_of(settings)
    needless = settings.store_is_default and not name_taken_by(settings)
    known = needless or any(found.place == place for found in read_book(settings.env))
    if not known and not yes and not confirmed(place, call.quiet):
        raise declined("nothing was agreed to")
    changed = not known and remember(place, settings.env)
    if needless:
        print_places("needless", [], call)
    else:
        print_places("trusted" if changed else "known", [place_json(place)], call)
