"""s3sync trust"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from s3sync.cli.call import Call
from s3sync.cli.declare import ASKS, SET_UP, command
from s3sync.cli.options import Yes
from s3sync.disk.current import current_folder

if TYPE_CHECKING:
    from s3sync.config import Settings
    from s3sync.trust import Place


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
    """Agree to the stores, servers, AWS profiles and databases that this repository names, on this computer."""
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

    gone = forget(str(repo_root(current_folder())), os.environ)
    print_places("forgotten", [place_json(found) for found in gone], call)


def _agree(call: Call, yes: bool) -> None:
    """Agree to the repository's store, and to those that its archive sets send to."""
    from s3sync.cli.agree import confirmed
    from s3sync.cli.show.trust import place_json, print_places
    from s3sync.config import load_settings
    from s3sync.errors import declined
    from s3sync.project import repo_root
    from s3sync.trust import is_named_by_repository, place_of, read_book, remember

    repo_root(current_folder())
    settings = load_settings(current_folder(), flags={}, environ=os.environ)
    places = _places_of(settings)
    places += [place for place in _places_of_sets(settings) if place not in places]
    places += _databases_of_sets(settings)
    known = [found.place for found in read_book(settings.env)]
    own = None if is_named_by_repository(settings) else place_of(settings)
    changed = False
    for place in places:
        if place in known:
            continue
        if not yes and not confirmed(place, call.quiet, own=place == own):
            raise declined("nothing was agreed to" if not changed else "the rest was not agreed to")
        changed = remember(place, settings.env) or changed
    if not places:
        print_places("needless", [], call)
    else:
        print_places("trusted" if changed else "known", [place_json(place) for place in places], call)


def _places_of(settings: Settings) -> list[Place]:
    """What the repository's own files go to: the place, or its name alone where the user names the store."""
    from s3sync.trust import given_name, is_named_by_repository, name_taken_by, place_of

    place, name = place_of(settings), given_name(settings)
    if settings.store_is_default:
        if name_taken_by(settings):
            return [place]
        return [] if name is None else [name]
    if name is None or is_named_by_repository(settings):
        return [place]
    return [name, place] if place.unencrypted else [name]


def _places_of_sets(settings: Settings) -> list[Place]:
    """Places of the stores that the repository's archive sets send to, and of their replicas, each once."""
    if not settings.archives:
        return []
    from s3sync.archive.sets import load_sets, stores_of
    from s3sync.trust import is_named_by_repository, place_of

    sets = [chosen for chosen in load_sets(settings).values() if chosen.confined]
    opened = [one for chosen in sets for one in stores_of(chosen, settings, os.environ)]
    places = [place_of(one) for one in opened if is_named_by_repository(one)]
    return [place for number, place in enumerate(places) if place not in places[:number]]


def _databases_of_sets(settings: Settings) -> list[Place]:
    """Databases that archive sets ask because a file of the repository says so."""
    from s3sync.archive.sets import load_sets
    from s3sync.config.databases import database_of
    from s3sync.errors import ConfigError
    from s3sync.trust import database_place

    found = []
    for chosen in load_sets(settings).values() if settings.archives else ():
        if chosen.rows is None:
            continue
        try:
            database = database_of(chosen, settings, os.environ)
        except ConfigError:
            continue  # who runs the set hears what is missing
        if chosen.confined or database.of_repository:
            found.append(database_place(settings, chosen, database))
    return found
